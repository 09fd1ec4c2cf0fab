//! Opening the issue that is to stand for a task, or finding the one that is there.

use serde_json::{Map, Value, json};

use crate::{
    domain::{
        audit::AuditEntry,
        ids::{MemberId, OrderId, TenantId},
        job::{Job, JobError},
        message::{Block, Message, Span},
        project::Project,
        session::Party,
        task::Task,
        tracker::{Issue, IssueOrder, IssueState, Repository},
    },
    error::Error,
    jobs::{
        Desk,
        cards::{Tries, queue_answer},
    },
    planner::{issue, rules::issues::Told},
    store::{self, StoredIssue, Tx},
    trackers::github::{Client, Trouble, read},
};

/// What a wish is about, as it is now.
struct About {
    order: IssueOrder,
    project: Project,
    task: Task,
    repository: Repository,
    /// Who does it, as GitHub calls them.
    assignee: Option<String>,
}

impl About {
    fn code(&self) -> String {
        format!("{}-{}", self.project.key, self.task.number)
    }
}

/// Carries out one wish, and tells whoever had it what came of it.
pub(in crate::jobs) async fn open(desk: &Desk, tenant: TenantId, id: OrderId, tries: Tries) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(order) = tx.issue_order(id).await?.filter(|order| order.done_at.is_none()) else { return Ok(()) };
    let Some(about) = about(&mut tx, order.clone()).await? else {
        let words = "The task or its repository is gone, so no issue was opened.";
        return give_up(desk, tenant, &order, words.to_owned()).await;
    };
    drop(tx);
    match ask(desk, tenant, &about).await {
        Ok(Some(issue)) => keep(desk, tenant, &about, issue).await,
        Ok(None) => {
            let number = order.number.unwrap_or_default();
            let words = format!(
                "{}#{number} is a pull request. It shows at {1} by naming {1} in its title; an issue has to be an issue.",
                about.repository.name(),
                about.code()
            );
            give_up(desk, tenant, &order, words).await
        }
        Err(Trouble::Wait(pause)) => Err(JobError::Wait(pause)),
        Err(trouble @ (Trouble::Unreachable(_) | Trouble::Unreadable | Trouble::Unasked(_))) if !tries.is_last => {
            if tries.is_first {
                let words = format!("The issue for {} has to wait: {trouble}. I keep trying.", about.code());
                tell(desk, tenant, &order, words).await?;
            }
            Err(JobError::Retry(trouble.into()))
        }
        Err(trouble) => {
            let code = about.code();
            let words = format!("There is no issue for {code}: {trouble}. Try it again: /docket issue {code}");
            give_up(desk, tenant, &order, words).await
        }
    }
}

async fn about(tx: &mut Tx, order: IssueOrder) -> store::Result<Option<About>> {
    let (Some(project), Some(task), Some(repository)) = (
        tx.project(order.project).await?,
        tx.task(order.project, order.task).await?,
        tx.repository(order.repository).await?,
    ) else {
        return Ok(None);
    };
    let assignee = match task.fields.assignee {
        Some(member) => login_of(tx, member).await?,
        None => None,
    };
    Ok(Some(About { order, project, task, repository, assignee }))
}

/// What GitHub calls a member who has linked their account.
async fn login_of(tx: &mut Tx, member: MemberId) -> store::Result<Option<String>> {
    let logins = tx.logins_of(member).await?;
    Ok(logins.into_iter().find(|login| login.party == Party::GitHub).map(|login| login.name))
}

/// Opens or finds the issue; `None` where the number is a pull request's.
async fn ask(desk: &Desk, tenant: TenantId, about: &About) -> Result<Option<Issue>, Trouble> {
    let client = desk.github.client(tenant, about.repository.connection);
    let (name, order) = (about.repository.name(), &about.order);
    let number = if let Some(number) = order.number { number } else { make(&client, about).await? };
    let found: Value = client.get(&format!("/repos/{name}/issues/{number}")).await?;
    if found.get("pull_request").is_some_and(|link| !link.is_null()) {
        return Ok(None);
    }
    let issue = read::issue(about.repository.id(), &found).ok_or(Trouble::Unreadable)?;
    if order.number.is_some() {
        let text = format!("{} in Docket follows this issue.", about.code());
        match client.comment_once(name, number, &order.id.to_string(), &text).await {
            // Where nobody may write, such as under a locked issue, it is followed all the same.
            Ok(_) | Err(Trouble::Denied(_) | Trouble::Invalid(_)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(Some(issue))
}

/// Opens the issue, once; its number.
async fn make(client: &Client, about: &About) -> Result<u64, Trouble> {
    let (name, order) = (about.repository.name(), &about.order);
    let key = order.id.to_string();
    let (title, body) = (issue::title(&about.task.fields), issue::body(&about.code(), &about.task.fields));
    let open = |more: Map<String, Value>| client.issue_once(name, &key, order.made_at, &title, &body, more);
    let assignees = about.assignee.iter().map(|login| ("assignees".to_owned(), json!([login]))).collect();
    let opened = match open(assignees).await {
        // Somebody who can't be assigned there keeps no issue from being opened.
        Err(Trouble::Invalid(_)) if about.assignee.is_some() => open(Map::new()).await?,
        opened => opened?,
    };
    opened.number.ok_or(Trouble::Unreadable)
}

/// Lets the issue stand for the task.
async fn keep(desk: &Desk, tenant: TenantId, about: &About, issue: Issue) -> Result<(), JobError> {
    let About { order, project, task, repository, .. } = about;
    let mut tx = desk.store.write(tenant).await?;
    if !tx.finish_issue_order(order.id, desk.chance.now()).await? {
        return Ok(());
    }
    let name = format!("{}#{}", repository.name(), issue.at.number);
    let code = about.code();
    tx.lock_repository(issue.at.repository).await?;
    let stored = tx.issue(issue.at).await?;
    let issue = stored.as_ref().map_or(issue.clone(), |stored| stored.issue.merged(&issue));
    let message = match stored.as_ref().and_then(|stored| stored.task) {
        Some(other) if other != (project.id, task.number) => {
            Message::text(format!("{name} stands for another task already, so {code} has no issue."))
        }
        _ => {
            let url = issue.url.clone();
            // What it is like now is what changes are told from; one that is closed already says so at the next look.
            let noted = (issue.state == IssueState::Open).then(|| Told::noting(&issue).to_value());
            let proposed = stored.and_then(|stored| stored.proposed).or(noted);
            tx.put_issue(&StoredIssue { issue, task: Some((project.id, task.number)), proposed }).await?;
            tx.record(&entry(desk, order, &name)).await?;
            let tie = Job::TieIssue { project: project.id, task: task.number };
            tx.enqueue(desk.chance.id(), &tie.due(desk.chance.now())).await?;
            told(&code, &name, url)
        }
    };
    queue_answer(desk, &mut tx, Some(order.delivery), order.to.clone(), &order.venue, message).await?;
    Ok(tx.commit().await?)
}

fn told(code: &str, name: &str, url: String) -> Message {
    let summary = format!("{name} stands for {code} now.");
    let spans = vec![Span::Link { text: name.to_owned(), url }, Span::plain(format!(" stands for {code} now."))];
    Message { summary, blocks: vec![Block::Text(spans)] }
}

/// Ends a wish whose job is dead, so that somebody can have it again.
pub(in crate::jobs) async fn abandon(desk: &Desk, tenant: TenantId, id: OrderId) -> Result<(), Error> {
    let Some(order) = desk.store.read(tenant).await?.issue_order(id).await? else { return Ok(()) };
    let words = "Something went wrong with the issue that you asked for. Ask again with /docket issue: if it was opened \
                 at GitHub already, name it by its number.";
    let mut tx = desk.store.write(tenant).await?;
    if tx.finish_issue_order(order.id, desk.chance.now()).await? {
        queue_answer(desk, &mut tx, Some(order.delivery), order.to.clone(), &order.venue, Message::text(words)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Tells whoever has the wish how it stands.
async fn tell(desk: &Desk, tenant: TenantId, order: &IssueOrder, words: String) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    queue_answer(desk, &mut tx, Some(order.delivery), order.to.clone(), &order.venue, Message::text(words)).await?;
    Ok(tx.commit().await?)
}

/// Ends a wish that can't be carried out, with words.
async fn give_up(desk: &Desk, tenant: TenantId, order: &IssueOrder, words: String) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    if tx.finish_issue_order(order.id, desk.chance.now()).await? {
        let message = Message::text(words);
        queue_answer(desk, &mut tx, Some(order.delivery), order.to.clone(), &order.venue, message).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn entry(desk: &Desk, order: &IssueOrder, name: &str) -> AuditEntry {
    AuditEntry {
        id: desk.chance.id(),
        at: desk.chance.now(),
        actor: Some(order.by),
        action: "issue.linked".to_owned(),
        subject: order.project.to_string(),
        venue: Some(order.venue.clone()),
        before: Value::Null,
        after: json!({ "task": order.task, "issue": name }),
    }
}
