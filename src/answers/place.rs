//! What is known about the place of a question, and what to answer where that is not enough.

use crate::{
    domain::{
        event::Venue,
        ids::ProjectId,
        message::{Block, Button, Message, Span},
        patch::{Patch, PatchCode},
        project::{Project, ProjectKey},
        task::{TaskCode, TaskNumber},
    },
    intent::place::{self, OpenPatch, Surroundings, Unplaced},
    review::words::list,
    store::{self, Tx},
};

use super::{Ask, teach};

/// Patches named as the newest ones.
const NEWEST: usize = 3;

/// What is known about the place where somebody spoke; nothing but the projects where they spoke nowhere.
pub async fn surroundings(tx: &mut Tx, venue: Option<&Venue>) -> store::Result<Surroundings> {
    let projects = tx.projects().await?;
    let Some(venue) = venue else { return Ok(Surroundings { projects, ..Surroundings::default() }) };
    // A patch that takes another one back is decided as it is: words about the plan mean the plan.
    let open = tx.open_patch_at(venue).await?.filter(|patch| patch.undoes.is_none());
    let open_patch = open.and_then(|patch| {
        let known = projects.iter().find(|project| project.id == patch.project).map(|project| project.key.clone());
        let key = known.or_else(|| patch.founding.as_ref().map(|founding| founding.key.clone()))?;
        Some(OpenPatch { code: patch.code, project: patch.project, key })
    });
    let thread_project = match thread_patch(tx, venue).await? {
        Some(patch) => Some(patch.project),
        None => thread_pull(tx, venue).await?,
    };
    Ok(Surroundings { thread_project, channel_project: tx.channel_project(venue).await?, projects, open_patch })
}

/// The patch whose card the thread hangs on, or whose card is the newest in it.
async fn thread_patch(tx: &mut Tx, venue: &Venue) -> store::Result<Option<Patch>> {
    let Venue { surface, team, channel, thread: Some(thread) } = venue else { return Ok(None) };
    let card = match tx.card_by_message(*surface, team, channel, thread).await? {
        Some(card) => Some(card),
        None => tx.card_in_thread(*surface, team, channel, thread).await?,
    };
    match card {
        Some(card) => tx.patch(card.patch).await,
        None => Ok(None),
    }
}

/// The project in whose channel the message of a pull request starts the thread.
async fn thread_pull(tx: &mut Tx, venue: &Venue) -> store::Result<Option<ProjectId>> {
    let Venue { surface, team, channel, thread: Some(thread) } = venue else { return Ok(None) };
    Ok(tx.pull_card_by_message(*surface, team, channel, thread).await?.map(|card| card.project))
}

/// The project that is named, or else the place's; the inner error is what to answer instead.
/// `line` is what the sender typed without `/docket`, for the picker to repeat.
pub async fn project(
    tx: &mut Tx,
    ask: &Ask<'_>,
    named: Option<&ProjectKey>,
    line: &str,
) -> store::Result<Result<Project, Message>> {
    let around = surroundings(tx, ask.venue).await?;
    Ok(choose(named, &around).map_err(|unplaced| instead(&unplaced, &around, line)))
}

/// The project that is meant, wholly.
pub(super) fn choose(named: Option<&ProjectKey>, around: &Surroundings) -> Result<Project, Unplaced> {
    let id = place::project(named, around)?;
    let found = around.projects.iter().find(|project| project.id == id);
    found.cloned().ok_or(Unplaced::NoProject)
}

/// What to answer where no project is meant; `line` is the command without the key.
pub(super) fn instead(unplaced: &Unplaced, around: &Surroundings, line: &str) -> Message {
    match unplaced {
        Unplaced::NoProject if let Some(open) = &around.open_patch => {
            let words =
                format!("No projects yet: {} waits for approval, the first plan of {}. Say", open.code, open.key);
            teach(&words, &format!("/docket approve {}", open.code))
        }
        Unplaced::NoProject => nothing(),
        Unplaced::Unknown { key, close: Some(close) } => {
            suggest(&format!("There is no project {key}."), close, &format!("{line} {close}"))
        }
        Unplaced::Unknown { key, close: None } => {
            teach(&format!("There is no project {key}. The ones there are:"), "/docket list")
        }
        Unplaced::Ask { .. } => unplaced.message(line),
    }
}

/// What to say where there is no project at all.
pub(super) fn nothing() -> Message {
    teach("No projects yet. Try", "/docket plan Build a user authentication flow")
}

/// No project of the key in this task's code.
pub(super) fn no_project_of(code: &TaskCode, unplaced: &Unplaced, around: &Surroundings) -> Message {
    match unplaced {
        Unplaced::Unknown { key, close: Some(close) } => {
            let meant = format!("{close}-{}", code.number);
            suggest(&format!("There is no project {key}."), &meant, &format!("show {meant}"))
        }
        _ => instead(unplaced, around, "show"),
    }
}

/// No task of this number in the project.
pub(super) fn no_task(code: &TaskCode, known: impl Iterator<Item = TaskNumber>) -> Message {
    Message::text(place::unknown_task(&code.project, code.number, known).0)
}

/// No patch of this code, and which ones there are.
pub(super) async fn no_patch(tx: &mut Tx, code: PatchCode) -> store::Result<Message> {
    let newest = tx.recent_patches(NEWEST).await?;
    Ok(unknown_patch(code, &newest.iter().map(|patch| patch.code.to_string()).collect::<Vec<_>>()))
}

fn unknown_patch(code: PatchCode, newest: &[String]) -> Message {
    match newest {
        [] => {
            let words = format!("There is no patch {code} here, nor any other. Try");
            teach(&words, "/docket plan Build a user authentication flow")
        }
        [only] => suggest(&format!("There is no patch {code} here."), only, &format!("show {only}")),
        some => Message::text(format!("There is no patch {code} here. The newest are {}.", list(some, "and"))),
    }
}

/// `There is no project AUHT. Did you mean AUTH?`, with a button that says so.
fn suggest(problem: &str, meant: &str, command: &str) -> Message {
    let words = format!("{problem} Did you mean {meant}?");
    Message {
        summary: words.clone(),
        blocks: vec![Block::Text(vec![Span::Plain(words)]), Block::Buttons(vec![Button::say(meant, command)])],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::line::sample::project;

    #[test]
    fn a_place_without_a_project_says_what_to_do() {
        let around = |keys: &[&str]| Surroundings {
            projects: keys.iter().map(|key| project(key, "A project")).collect(),
            ..Surroundings::default()
        };
        let say = |named: Option<&str>, keys: &[&str]| {
            let named = named.map(|key| key.parse().unwrap());
            let around = around(keys);
            instead(&choose(named.as_ref(), &around).unwrap_err(), &around, "next").to_plain()
        };
        insta::assert_snapshot!(say(None, &[]), @"No projects yet. Try /docket plan Build a user authentication flow");
        insta::assert_snapshot!(say(Some("AUHT"), &["AUTH", "BILL"]), @r"
        There is no project AUHT. Did you mean AUTH?
        [AUTH]
        ");
        insta::assert_snapshot!(say(Some("SHOP"), &["AUTH", "BILL"]), @"There is no project SHOP. The ones there are: /docket list");
        assert!(say(None, &["AUTH", "BILL"]).starts_with("Which project do you mean?\n"));
        assert_eq!(choose(None, &around(&["AUTH"])), Ok(project("AUTH", "A project")));
    }

    #[test]
    fn a_first_plan_that_waits_is_named_where_there_is_no_project() {
        let open_patch =
            OpenPatch { code: PatchCode(6), project: project("AUTH", "").id, key: "AUTH".parse().unwrap() };
        let around = Surroundings { open_patch: Some(open_patch), ..Surroundings::default() };
        let said = instead(&choose(None, &around).unwrap_err(), &around, "next").to_plain();
        insta::assert_snapshot!(said, @"No projects yet: P-6 waits for approval, the first plan of AUTH. Say /docket approve P-6");
    }

    #[test]
    fn an_unknown_patch_is_answered_with_the_newest() {
        let say = |newest: &[&str]| {
            unknown_patch(PatchCode(99), &newest.iter().map(ToString::to_string).collect::<Vec<_>>()).to_plain()
        };
        insta::assert_snapshot!(say(&["P-41", "P-40", "P-39"]), @"There is no patch P-99 here. The newest are P-41, P-40 and P-39.");
        insta::assert_snapshot!(say(&["P-41"]), @r"
        There is no patch P-99 here. Did you mean P-41?
        [P-41]
        ");
        insta::assert_snapshot!(say(&[]), @"There is no patch P-99 here, nor any other. Try /docket plan Build a user authentication flow");
    }

    #[test]
    fn an_unknown_task_is_answered_with_the_nearest() {
        let known = [1, 2, 12].map(TaskNumber);
        let message = no_task(&"AUTH-21".parse().unwrap(), known.into_iter());
        assert_eq!(message.summary, "There is no task AUTH-21. Did you mean AUTH-12?");
    }
}
