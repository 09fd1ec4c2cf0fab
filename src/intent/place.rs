//! Which project is meant: the named one, the thread's, the channel's, the only one; else somebody has to say.

use crate::{
    domain::{
        ids::ProjectId,
        intent::{Named, TaskName},
        message::{Block, Button, Message, Span},
        patch::PatchCode,
        plan::Plan,
        project::{Lifecycle, Project, ProjectKey},
        task::{TaskCode, TaskNumber},
    },
    error::UserError,
};

use super::text;

/// The proposal that waits in a channel, and the project it changes or will create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPatch {
    /// What people call it.
    pub code: PatchCode,
    /// Its project; not yet among the projects where the patch is a first plan.
    pub project: ProjectId,
    /// The key of that project.
    pub key: ProjectKey,
}

/// What is known about the place where somebody spoke.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The project of the card whose thread it is.
    pub thread_project: Option<ProjectId>,
    /// The project that the channel is bound to.
    pub channel_project: Option<ProjectId>,
    /// Every project of the tenant.
    pub projects: Vec<Project>,
    /// The open proposal of the thread or channel.
    pub open_patch: Option<OpenPatch>,
}

/// What `edit` changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An open proposal, which a new one supersedes.
    Proposal(PatchCode),
    /// A project's plan.
    Project(ProjectId),
}

/// Why nobody can tell which project is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplaced {
    /// There is no project yet.
    NoProject,
    /// There is no project of this key.
    Unknown {
        /// The key that was named.
        key: ProjectKey,
        /// The nearest one there is.
        close: Option<String>,
    },
    /// Several could be meant.
    Ask {
        /// Which.
        candidates: Vec<Project>,
    },
}

/// Which project is meant.
pub fn project(named: Option<&ProjectKey>, around: &Surroundings) -> Result<ProjectId, Unplaced> {
    if let Some(key) = named {
        return around.projects.iter().find(|project| project.key == *key).map(|project| project.id).ok_or_else(|| {
            Unplaced::Unknown {
                key: key.clone(),
                close: did_you_mean(key.as_str(), around.projects.iter().map(|project| project.key.as_str())),
            }
        });
    }
    let known = |id: &ProjectId| around.projects.iter().any(|project| project.id == *id);
    if let Some(id) = around.thread_project.filter(known).or(around.channel_project.filter(known)) {
        return Ok(id);
    }
    let candidates: Vec<Project> =
        around.projects.iter().filter(|project| project.lifecycle != Lifecycle::Archived).cloned().collect();
    match candidates.as_slice() {
        [] => Err(Unplaced::NoProject),
        [only] => Ok(only.id),
        _ => Err(Unplaced::Ask { candidates }),
    }
}

/// What `edit` changes: the open proposal of the place unless another project is named.
pub fn edit_target(named: Option<&ProjectKey>, around: &Surroundings) -> Result<Target, Unplaced> {
    match &around.open_patch {
        Some(open) if named.is_none_or(|key| *key == open.key) => Ok(Target::Proposal(open.code)),
        _ => project(named, around).map(Target::Project),
    }
}

/// Projects that a picker offers; more are named in words.
const PICKER_BUTTONS: usize = 10;

impl Unplaced {
    /// What to answer to `line`, the words that could not be placed. Each button says the line again with the project in front.
    pub fn message(&self, line: &str) -> Message {
        match self {
            Self::NoProject => {
                Message::text("There is no project yet. Start one: /docket plan Build a user authentication flow")
            }
            Self::Unknown { key, close } => {
                let hint = close.as_ref().map_or(String::new(), |close| format!(" Did you mean {close}?"));
                Message::text(format!("There is no project {key}.{hint} /docket list shows all projects."))
            }
            Self::Ask { candidates } => picker(line, candidates),
        }
    }
}

fn picker(line: &str, candidates: &[Project]) -> Message {
    let plain = text::tidy(line);
    let line = ["/docket", "@docket", "docket"].iter().find_map(|name| text::after(&plain, name)).unwrap_or(&plain);
    let button = |project: &Project| {
        let label = format!("{} · {}", project.key, super::command::shorten(&project.title));
        Button::say(label, format!("in {}: {line}", project.key))
    };
    let question = "Which project do you mean?";
    let mut blocks = vec![
        Block::Text(vec![Span::plain(question)]),
        Block::Buttons(candidates.iter().take(PICKER_BUTTONS).map(button).collect()),
    ];
    let others: Vec<_> = candidates.iter().skip(PICKER_BUTTONS).take(40).map(|project| project.key.as_str()).collect();
    let example = candidates.first().map_or("AUTH", |project| project.key.as_str());
    let hint = format!("Or put the key in front: /docket in {example}: {}", super::command::shorten(line));
    let others = if others.is_empty() { String::new() } else { format!("Also: {}. ", others.join(", ")) };
    blocks.push(Block::Context(vec![Span::plain(format!("{others}{hint}"))]));
    Message { summary: question.to_owned(), blocks }
}

/// Takes `in AUTH:` (in any case) or `AUTH:` (in capitals) off the front of a line.
pub fn scope(line: &str) -> (Option<ProjectKey>, &str) {
    let line = line.trim_start();
    let scoped = text::after(line, "in").map_or_else(
        || line.split_once(':').filter(|(key, _)| key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())),
        |rest| rest.split_once(':'),
    );
    match scoped.and_then(|(key, rest)| Some((key.trim().parse().ok()?, rest.trim_start()))) {
        Some((key, rest)) => (Some(key), rest),
        None => (None, line),
    }
}

/// Reads `P-41`, `AUTH-3`, `3` or `AUTH`.
pub fn named(word: &str) -> Option<Named> {
    if let Ok(patch) = word.parse() {
        return Some(Named::Patch(patch));
    }
    TaskName::parse(word).map(Named::Task).or_else(|| word.parse().ok().map(Named::Project))
}

/// The candidate nearest to `word`, where one is near enough to be meant.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word: String = word.chars().take(40).collect();
    // Half of a short word is another word: `nope` is no `open`.
    let reach = if word.chars().count() <= 4 { 1 } else { 2 };
    let near = candidates.into_iter().map(|candidate| {
        let distance = strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
        (distance, candidate)
    });
    near.filter(|(distance, candidate)| *distance <= reach && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// The task that is meant in this plan.
pub fn task(name: &TaskName, plan: &Plan) -> Result<TaskNumber, UserError> {
    let number = number_in(name, &plan.project.key)?;
    if plan.task(number).is_some() {
        Ok(number)
    } else {
        Err(unknown_task(&plan.project.key, number, plan.tasks().map(|task| task.number)))
    }
}

/// The number that a name means in the project of this key; a code of another project is refused.
pub fn number_in(name: &TaskName, key: &ProjectKey) -> Result<TaskNumber, UserError> {
    match name {
        TaskName::Number(number) => Ok(TaskNumber(*number)),
        TaskName::Code(code) => match code.parse::<TaskCode>() {
            Ok(code) if code.project == *key => Ok(code.number),
            _ => Err(UserError::new(format!("{code} is not a task of {key}. Name tasks of {key}, such as {key}-1."))),
        },
    }
}

/// What to say about a number that no task has.
pub fn unknown_task(key: &ProjectKey, number: TaskNumber, known: impl Iterator<Item = TaskNumber>) -> UserError {
    let code = format!("{key}-{number}");
    let mut numbers: Vec<TaskNumber> = known.collect();
    numbers.sort_unstable();
    // The nearest by spelling, and among those the nearest by number: AUTH-21 is meant more likely as AUTH-12 than as AUTH-3.
    let close = numbers
        .iter()
        .map(|known| {
            (strsim::damerau_levenshtein(&number.to_string(), &known.to_string()), known.0.abs_diff(number.0), known)
        })
        .filter(|(distance, _, _)| *distance <= 1)
        .min();
    let hint = match (close, numbers.last()) {
        (Some((_, _, close)), _) => format!(" Did you mean {key}-{close}?"),
        (None, Some(last)) => format!(" The last one is {key}-{last}."),
        (None, None) => format!(" {key} has no tasks yet."),
    };
    UserError::new(format!("There is no task {code}.{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::Id,
        message::Press,
        project::Revision,
        task::{Place, Rank, Task, TaskFields},
    };

    fn some_project(n: u64, key: &str) -> Project {
        Project {
            id: ProjectId::from_ulid(ulid::Ulid::from_parts(n, 0)),
            key: key.parse().unwrap(),
            title: format!("The {key} project"),
            summary: String::new(),
            lifecycle: Lifecycle::Active,
            revision: Revision(1),
        }
    }

    #[test]
    fn the_named_then_the_threads_then_the_channels_then_the_only_project_is_meant() {
        let (auth, shop, old) = (
            some_project(1, "AUTH"),
            some_project(2, "SHOP"),
            Project { lifecycle: Lifecycle::Archived, ..some_project(3, "OLD") },
        );
        let mut around = Surroundings { projects: vec![auth.clone(), shop.clone(), old], ..Surroundings::default() };
        assert_eq!(project(None, &around), Err(Unplaced::Ask { candidates: vec![auth.clone(), shop.clone()] }));
        around.channel_project = Some(shop.id);
        assert_eq!(project(None, &around), Ok(shop.id));
        around.thread_project = Some(auth.id);
        assert_eq!(project(None, &around), Ok(auth.id));
        assert_eq!(project(Some(&shop.key), &around), Ok(shop.id));
        let close = Some("SHOP".to_owned());
        assert_eq!(
            project("SHOPP".parse().ok().as_ref(), &around),
            Err(Unplaced::Unknown { key: "SHOPP".parse().unwrap(), close })
        );
        assert_eq!(project(None, &Surroundings::default()), Err(Unplaced::NoProject));
        let single = Surroundings { projects: vec![auth.clone()], ..Surroundings::default() };
        assert_eq!(project(None, &single), Ok(auth.id));
    }

    #[test]
    fn edit_means_the_open_proposal_unless_another_project_is_named() {
        let (auth, shop) = (some_project(1, "AUTH"), some_project(2, "SHOP"));
        let founding = some_project(9, "NEW");
        let around = Surroundings {
            channel_project: Some(auth.id),
            projects: vec![auth.clone(), shop.clone()],
            open_patch: Some(OpenPatch { code: PatchCode(4), project: founding.id, key: founding.key.clone() }),
            ..Surroundings::default()
        };
        assert_eq!(edit_target(None, &around), Ok(Target::Proposal(PatchCode(4))));
        assert_eq!(edit_target(Some(&founding.key), &around), Ok(Target::Proposal(PatchCode(4))));
        assert_eq!(edit_target(Some(&shop.key), &around), Ok(Target::Project(shop.id)));
    }

    #[test]
    fn a_picker_says_the_line_again_with_the_project_in_front() {
        let candidates = vec![some_project(1, "AUTH"), some_project(2, "SHOP")];
        let message = Unplaced::Ask { candidates }.message("/docket edit add a task for docs");
        insta::assert_snapshot!(message.to_plain(), @"
        Which project do you mean?
        [AUTH · The AUTH project] [SHOP · The SHOP project]
        Or put the key in front: /docket in AUTH: edit add a task for docs
        ");
        let Some(Block::Buttons(buttons)) = message.blocks.get(1) else { panic!("no buttons") };
        for (button, key) in buttons.iter().zip(["AUTH", "SHOP"]) {
            let Press::Say(line) = &button.press else { panic!("not a command") };
            let intent = super::super::command::parse(line, super::super::test_day()).unwrap();
            assert_eq!(intent, crate::domain::intent::Intent::Edit(format!("{key}: add a task for docs")));
        }
        let unknown = Unplaced::Unknown { key: "AUHT".parse().unwrap(), close: Some("AUTH".into()) };
        insta::assert_snapshot!(unknown.message("next AUHT").to_plain(), @"There is no project AUHT. Did you mean AUTH? /docket list shows all projects.");
        insta::assert_snapshot!(Unplaced::NoProject.message("next").to_plain(), @"There is no project yet. Start one: /docket plan Build a user authentication flow");
    }

    #[test]
    fn a_project_in_front_is_taken_off() {
        for (line, key, rest) in [
            ("in AUTH: drop 2", Some("AUTH"), "drop 2"),
            ("In auth: drop 2", Some("AUTH"), "drop 2"),
            ("AUTH: drop 2", Some("AUTH"), "drop 2"),
            ("plan: a house", None, "plan: a house"),
            ("in two days: ship", None, "in two days: ship"),
            ("note: x", None, "note: x"),
        ] {
            let (found, left) = scope(line);
            assert_eq!((found.as_ref().map(ProjectKey::as_str), left), (key, rest), "{line}");
        }
    }

    #[test]
    fn an_unknown_task_gets_the_nearest_one() {
        let plan = Plan::new(
            some_project(1, "AUTH"),
            [1, 2, 3, 12].map(|n| Task {
                number: TaskNumber(n),
                place: Place { parent: None, rank: Rank::only() },
                fields: TaskFields::titled("x"),
                version: Revision(1),
            }),
        );
        let ask = |name: &str| task(&TaskName::parse(name).unwrap(), &plan);
        assert_eq!(ask("auth-12"), Ok(TaskNumber(12)));
        assert_eq!(ask("3"), Ok(TaskNumber(3)));
        assert_eq!(ask("AUTH-21").unwrap_err().0, "There is no task AUTH-21. Did you mean AUTH-12?");
        assert_eq!(ask("4000").unwrap_err().0, "There is no task AUTH-4000. The last one is AUTH-12.");
        assert_eq!(ask("SHOP-1").unwrap_err().0, "SHOP-1 is not a task of AUTH. Name tasks of AUTH, such as AUTH-1.");
    }
}
