//! Answers to what changes nothing: `help`, `show`, `list`, `next`, `inbox`, `status`, `stats`, `whoami`, `role`,
//! `hours`, `away`, `holidays`, `policy`, `repos`, `prs`, `decisions`, `standup list`, `remind list`.
//!
//! Each answer loads its facts, then makes a message of them without touching the database again.

mod announced;
pub mod availability;
pub mod decisions;
mod inbox;
mod line;
mod list;
mod models;
mod next;
pub mod place;
mod policy;
mod preview;
mod privacy;
mod project;
pub mod prs;
pub mod reminders;
pub mod repositories;
mod roles;
mod routes;
mod schedules;
mod stats;
mod status;
mod task;
mod whoami;

use chrono::NaiveDate;

pub(crate) use privacy::is_channel;

use crate::{
    domain::{
        event::Venue,
        ids::ProjectId,
        intent::{Intent, Named, StandupWish, TaskName},
        member::Member,
        message::{Block, Message, Span},
        patch::Patch,
        project::ProjectKey,
        task::{TaskCode, TaskNumber},
        time::Timestamp,
    },
    error::Error,
    intent::help,
    llm::models::Models,
    review::card,
    store::{self, Tx},
};

/// A question, with who asks and where.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks; `None` for somebody we don't know yet.
    pub sender: Option<&'a Member>,
    /// Where.
    pub venue: Option<&'a Venue>,
    /// What.
    pub intent: &'a Intent,
    /// When.
    pub now: Timestamp,
    /// The models that are connected.
    pub models: &'a Models,
}

impl Ask<'_> {
    /// The day on the sender's calendar.
    fn today(&self) -> NaiveDate {
        let zone = self.sender.and_then(|member| member.time_zone.parse::<chrono_tz::Tz>().ok());
        self.now.to_utc().with_timezone(&zone.unwrap_or(chrono_tz::UTC)).date_naive()
    }
}

/// Answers a read-only intent.
///
/// # Errors
/// A [`UserError`](crate::error::UserError) where the question has no answer, such as help on an
/// unknown command; an internal error where the database failed or the intent changes something.
pub async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> Result<Message, Error> {
    if let Intent::Help(topic) = ask.intent {
        return Ok(help::message(topic.as_deref())?);
    }
    let found = match ask.intent {
        Intent::Show(named) => show(tx, ask, named.as_ref()).await,
        Intent::List => list::answer(tx).await,
        Intent::Next(key) => next::answer(tx, ask, key.as_ref()).await,
        Intent::Inbox => inbox::answer(tx, ask).await,
        Intent::Status(key) => status::answer(tx, ask, key.as_ref()).await,
        Intent::WhoAmI => whoami::answer(tx, ask).await,
        Intent::Models => models::answer(tx, ask).await,
        Intent::Routes => routes::answer(tx, ask).await,
        Intent::Privacy => privacy::answer(tx, ask).await,
        Intent::Roles => roles::answer(tx).await,
        Intent::Hours => availability::hours(tx, ask).await,
        Intent::Away(None) => match ask.sender {
            Some(me) => availability::away(tx, me, true, ask.today()).await,
            None => Ok(whoami::stranger()),
        },
        Intent::Holidays => availability::holidays(tx, ask).await,
        Intent::Policy(key) => policy::answer(tx, key.as_ref()).await,
        Intent::Stats => stats::answer(tx, ask).await,
        Intent::Repositories(words) => repositories::answer(tx, ask, words.as_deref()).await,
        Intent::Pulls(key) => prs::answer(tx, ask, key.as_ref()).await,
        Intent::Link { project, repository: None } => repositories::suggest(tx, ask, project.as_ref()).await,
        Intent::Reminders => reminders::answer(tx, ask).await,
        Intent::Decisions(of) => decisions::answer(tx, ask, of.as_ref()).await,
        Intent::Announced(key) => announced::answer(tx, ask, key.as_ref()).await,
        Intent::Standup(kind, StandupWish::Preview) => preview::answer(tx, ask, *kind).await,
        Intent::Standup(kind, StandupWish::List) => schedules::answer(tx, ask, *kind).await,
        other => return Err(Error::Internal(anyhow::anyhow!("{other:?} is no question"))),
    };
    found.map_err(|error| Error::Internal(error.into()))
}

async fn show(tx: &mut Tx, ask: &Ask<'_>, named: Option<&Named>) -> store::Result<Message> {
    match named {
        Some(Named::Patch(code)) => match tx.patch_by_code(*code).await? {
            Some(patch) => card::details(tx, &patch, ask.now).await,
            None => place::no_patch(tx, *code).await,
        },
        Some(Named::Task(TaskName::Code(code))) => match code.parse::<TaskCode>() {
            Ok(code) => {
                let around = place::surroundings(tx, ask.venue).await?;
                match place::choose(Some(&code.project), &around) {
                    Ok(project) => task::answer(tx, ask, project, code.number).await,
                    Err(unplaced) => Ok(place::no_project_of(&code, &unplaced, &around)),
                }
            }
            Err(()) => Ok(Message::text(format!("{code} is no task. A task is called like AUTH-3."))),
        },
        Some(Named::Task(TaskName::Number(number))) => {
            match place::project(tx, ask, None, &format!("show {number}")).await? {
                Ok(project) => task::answer(tx, ask, project, TaskNumber(*number)).await,
                Err(message) => Ok(message),
            }
        }
        Some(Named::Project(key)) => show_project(tx, ask, Some(key)).await,
        None => show_project(tx, ask, None).await,
    }
}

/// The project, or the first plan that will create it.
async fn show_project(tx: &mut Tx, ask: &Ask<'_>, key: Option<&ProjectKey>) -> store::Result<Message> {
    let around = place::surroundings(tx, ask.venue).await?;
    let unplaced = match place::choose(key, &around) {
        Ok(project) => return project::answer(tx, ask, project).await,
        Err(unplaced) => unplaced,
    };
    let first_plan = match (key, &around.open_patch) {
        (None, Some(open)) => tx.patch_by_code(open.code).await?,
        (None, None) => None,
        (Some(key), _) => {
            let founds = |patch: &Patch| patch.founding.as_ref().is_some_and(|founding| founding.key == *key);
            tx.open_patches().await?.into_iter().find(founds)
        }
    };
    match first_plan {
        Some(patch) => card::details(tx, &patch, ask.now).await,
        None => Ok(place::instead(&unplaced, &around, "show")),
    }
}

/// A message of one block of text with something to type at its end.
fn teach(words: &str, command: &str) -> Message {
    Message {
        summary: format!("{words} {command}"),
        blocks: vec![Block::Text(vec![Span::plain(format!("{words} ")), Span::Code(command.to_owned())])],
    }
}

/// What to say of a project without tasks.
fn no_tasks() -> Message {
    teach("No tasks yet. Try", "/docket edit add a task for documentation")
}

/// The open proposals of one project, oldest first.
async fn open_of(tx: &mut Tx, project: ProjectId) -> store::Result<Vec<Patch>> {
    let mut open = tx.open_patches_of(project).await?;
    open.reverse();
    Ok(open)
}
