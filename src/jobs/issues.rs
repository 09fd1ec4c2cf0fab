//! `/docket issue`: which issue is to stand for a task. GitHub is asked by a job, not here.

use crate::{
    domain::{
        intent::IssueName,
        job::Job,
        message::{Block, Button, Message, Span},
        project::Project,
        task::TaskNumber,
        tracker::{IssueOrder, Numbered, Presence, Repository},
    },
    error::{Result, UserError},
    intent::place,
    jobs::{
        Desk,
        handle::{Talk, reply},
    },
    review::words::list,
    store::{StoredIssue, Tx},
};

/// An issue for a task.
pub(super) struct IssueWish {
    pub(super) project: Project,
    pub(super) task: TaskNumber,
    pub(super) issue: Option<IssueName>,
}

/// Repositories that are offered as buttons; more are named in words.
const BUTTONS: usize = 5;

/// Queues what somebody wishes, and answers them where that can't be.
pub(super) async fn take(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &IssueWish) -> Result<()> {
    match order(desk, tx, talk, wish).await? {
        Some(said) => reply(desk, tx, talk, said).await,
        None => Ok(()),
    }
}

/// Queues what somebody wishes; says only what keeps it from being queued. What comes of it is told by the job.
///
/// # Errors
/// [`UserError`] with words for the sender where it can't be done.
async fn order(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &IssueWish) -> Result<Option<Message>> {
    let IssueWish { project, task, issue } = wish;
    let code = format!("{}-{task}", project.key);
    if tx.task(project.id, *task).await?.is_none() {
        let plan = tx.plan(project.id).await?;
        let known: Vec<_> = plan.iter().flat_map(|plan| plan.tasks().map(|task| task.number)).collect();
        return Err(place::unknown_task(&project.key, *task, known.into_iter()).into());
    }
    if let Some(stored) = tx.issue_of_task(project.id, *task).await? {
        return Ok(Some(already(tx, &code, &stored).await?));
    }
    if tx.open_issue_order(project.id, *task).await?.is_some() {
        return Err(UserError::new(format!("An issue for {code} is on its way already.")).into());
    }
    let repository = match choose(tx, project, &code, issue.as_ref()).await? {
        Ok(repository) => repository,
        Err(question) => return Ok(Some(question)),
    };
    let number = issue.as_ref().and_then(|issue| issue.number);
    if let Some(number) = number {
        free(tx, &repository, number).await?;
    }
    let order = IssueOrder {
        id: desk.chance.id(),
        project: project.id,
        task: *task,
        repository: repository.id(),
        number,
        by: talk.member.id,
        to: talk.identity.clone(),
        venue: talk.venue.clone(),
        delivery: talk.delivery.id,
        made_at: desk.chance.now(),
        done_at: None,
    };
    tx.insert_issue_order(&order).await?;
    tx.enqueue(desk.chance.id(), &Job::OpenIssue { order: order.id }.due(desk.chance.now())).await?;
    Ok(None)
}

async fn already(tx: &mut Tx, code: &str, stored: &StoredIssue) -> Result<Message> {
    let at = stored.issue.at;
    let name = tx.repository(at.repository).await?.map_or_else(String::new, |found| found.name().to_owned());
    let name = format!("{name}#{}", at.number);
    let link = Span::Link { text: name.clone(), url: stored.issue.url.clone() };
    let summary = format!("{code} is {name} already.");
    let spans = vec![Span::plain(format!("{code} is ")), link, Span::plain(" already. Nothing was changed.")];
    Ok(Message { summary, blocks: vec![Block::Text(spans)] })
}

/// Where the issue is, or is to be; the inner error asks.
async fn choose(
    tx: &mut Tx,
    project: &Project,
    code: &str,
    issue: Option<&IssueName>,
) -> Result<Result<Repository, Message>> {
    let mut linked = tx.repositories_linked_to(project.id).await?;
    let names: Vec<String> = linked.iter().map(|repository| repository.name().to_owned()).collect();
    if let Some(wanted) = issue.and_then(|issue| issue.repository.as_ref()) {
        linked.retain(|repository| repository.name().eq_ignore_ascii_case(wanted));
        if linked.is_empty() {
            let key = &project.key;
            let words = format!("{wanted} is not linked to {key}. Link it first: /docket link {key} {wanted}");
            return Err(UserError::new(words).into());
        }
    }
    let Some(first) = linked.first().cloned() else {
        let words = format!(
            "{0} has no repository yet, so there is no place for an issue. Link one: /docket link {0}",
            project.key
        );
        return Err(UserError::new(words).into());
    };
    if linked.len() > 1 {
        return Ok(Err(which(code, issue, &names)));
    }
    if first.presence == Presence::Missing || first.seen.is_archived {
        let (name, what) = (first.name(), if first.seen.is_archived { "is archived" } else { "is missing" });
        return Err(UserError::new(format!("{name} {what} at GitHub, so nothing can be opened there.")).into());
    }
    Ok(Ok(first))
}

/// Asks in which of several repositories.
fn which(code: &str, issue: Option<&IssueName>, names: &[String]) -> Message {
    let question = format!("In which repository is the issue for {code} to be?");
    let number = issue.and_then(|issue| issue.number).map_or_else(String::new, |number| format!("#{number}"));
    let button = |name: &String| Button::say(crate::planner::cut(name, 75), format!("issue {code} {name}{number}"));
    let mut blocks = vec![
        Block::Text(vec![Span::plain(question.clone())]),
        Block::Buttons(names.iter().take(BUTTONS).map(button).collect()),
    ];
    if let Some(others) = names.get(BUTTONS..).filter(|others| !others.is_empty()) {
        let others: Vec<&str> = others.iter().map(String::as_str).take(20).collect();
        let hint = format!("Or name it: /docket issue {code} {}", list(&others, "or"));
        blocks.push(Block::Context(vec![Span::plain(hint)]));
    }
    Message { summary: question, blocks }
}

/// Refuses an issue that stands for another task.
async fn free(tx: &mut Tx, repository: &Repository, number: u64) -> Result<()> {
    let at = Numbered { repository: repository.id(), number };
    let Some((project, task)) = tx.issue(at).await?.and_then(|stored| stored.task) else { return Ok(()) };
    let key = tx.project(project).await?.map_or_else(String::new, |project| project.key.to_string());
    let words =
        format!("{}#{number} stands for {key}-{task} already, and an issue stands for one task.", repository.name());
    Err(UserError::new(words).into())
}
