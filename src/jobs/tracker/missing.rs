//! Repositories that go missing, and come back.
//!
//! A linked repository that is gone is one incident: the projects that it serves are missing, and owners are told once,
//! with what they can do. When it is seen again, all of that is taken back by itself.

use std::collections::BTreeMap;

use super::lifecycle;
use crate::{
    domain::{
        ids::ProjectId,
        message::{Block, Button, ButtonStyle, Line, Message, Press, Span},
        project::{Lifecycle, Project},
        tracker::{Incident, Presence, PullState, Repository, RepositoryId, RepositorySighting, Sight, Then},
    },
    error::Result,
    jobs::{Desk, connections},
    planner,
    store::Tx,
};

/// How many tasks of a project are named in the card of an incident.
const NAMED: usize = 3;

/// What became known of a repository.
#[derive(Debug, Clone)]
pub(in crate::jobs) enum Looked {
    /// It is there, and this is how it is.
    Found(RepositorySighting),
    /// It was not found this time.
    NotFound,
    /// It is gone, for this reason.
    Gone(String),
}

impl Looked {
    const fn sight(&self) -> Sight {
        match self {
            Self::Found(_) => Sight::Found,
            Self::NotFound => Sight::NotFound,
            Self::Gone(_) => Sight::Gone,
        }
    }
}

/// Takes up what became known of a repository, with what follows from that. Does nothing where it is not known.
pub(in crate::jobs) async fn looked(desk: &Desk, tx: &mut Tx, id: RepositoryId, looked: Looked) -> Result<()> {
    if !tx.lock_repository(id).await? {
        return Ok(());
    }
    let Some(known) = tx.repository(id).await? else { return Ok(()) };
    let (presence, strikes, then) = known.presence.after(known.strikes, looked.sight());
    let now = desk.chance.now();
    let mut repository = Repository { presence, strikes, ..known };
    let why = match looked {
        Looked::Found(seen) => {
            repository.take_up(seen);
            None
        }
        Looked::NotFound => Some("GitHub does not find it any more.".to_owned()),
        Looked::Gone(why) => Some(why),
    };
    repository.trouble = match (why, repository.trouble.take()) {
        (None, _) => None,
        // It is the same trouble, unless it just became worse.
        (Some(_), Some(trouble)) if then == Then::Nothing => Some(trouble),
        (Some(why), trouble) => Some((why, trouble.map_or(now, |(_, since)| since))),
    };
    tx.put_repository(&repository).await?;
    match then {
        Then::Nothing => Ok(()),
        Then::Missing => went(desk, tx, &repository).await,
        Then::Back => back(desk, tx, &repository).await,
    }
}

/// A repository went missing: where it serves projects, that is an incident.
async fn went(desk: &Desk, tx: &mut Tx, repository: &Repository) -> Result<()> {
    let projects = served(tx, repository.id()).await?;
    let Some((why, since)) = repository.trouble.clone().filter(|_| !projects.is_empty()) else { return Ok(()) };
    let mut lifecycles = BTreeMap::new();
    for project in &projects {
        if let Some(lifecycle) = stood(tx, project).await? {
            lifecycles.insert(project.id, lifecycle);
        }
    }
    let incident = Incident {
        id: desk.chance.id(),
        repository: repository.id(),
        why,
        opened_at: since,
        closed_at: None,
        lifecycles,
    };
    if !tx.put_incident(&incident).await? {
        return Ok(());
    }
    let card = card(tx, repository, &incident, &projects).await?;
    for project in projects.iter().filter(|project| project.lifecycle != Lifecycle::Missing) {
        lifecycle::set(desk, tx, project, Lifecycle::Missing, (repository, "is missing")).await?;
    }
    tracing::warn!(repository = %repository.id(), "a linked repository is missing");
    Ok(connections::tell_in_charge(desk, tx, &card).await?)
}

/// Where a project stood before its first repository went missing.
async fn stood(tx: &mut Tx, project: &Project) -> Result<Option<Lifecycle>> {
    if project.lifecycle != Lifecycle::Missing {
        return Ok(Some(project.lifecycle));
    }
    let open = tx.open_incidents().await?;
    Ok(open.iter().find_map(|incident| incident.lifecycles.get(&project.id).copied()))
}

/// A repository is back: its incident is over.
async fn back(desk: &Desk, tx: &mut Tx, repository: &Repository) -> Result<()> {
    let Some(incident) = tx.open_incident(repository.id()).await? else { return Ok(()) };
    let over = Incident { closed_at: Some(desk.chance.now()), ..incident };
    tx.put_incident(&over).await?;
    let mut again = Vec::new();
    for (project, lifecycle) in &over.lifecycles {
        if let Some(key) = restore(desk, tx, *project, *lifecycle, repository).await? {
            again.push(format!("{key} is {} again", lifecycle.as_str()));
        }
    }
    let again = match planner::listed(&again) {
        again if again.is_empty() => String::new(),
        again => format!(" {again}."),
    };
    let message = Message::text(format!("{} is back.{again}", repository.name()));
    Ok(connections::tell_in_charge(desk, tx, &message).await?)
}

/// Puts a project where it stood, unless somebody did so meanwhile, or another of its repositories is missing. Says its
/// key if so.
async fn restore(
    desk: &Desk,
    tx: &mut Tx,
    id: ProjectId,
    to: Lifecycle,
    repository: &Repository,
) -> Result<Option<String>> {
    let Some(project) = tx.project(id).await?.filter(|project| project.lifecycle == Lifecycle::Missing) else {
        return Ok(None);
    };
    let linked = tx.repositories_linked_to(id).await?;
    if linked.iter().any(|one| one.presence == Presence::Missing) {
        return Ok(None);
    }
    lifecycle::set(desk, tx, &project, to, (repository, "is there")).await?;
    Ok(Some(project.key.to_string()))
}

/// Puts a project that is missing where it stood, now that its links have changed, for this reason: it has a repository
/// that is there, or none that is missing.
pub(in crate::jobs) async fn relinked(
    desk: &Desk,
    tx: &mut Tx,
    id: ProjectId,
    (repository, reason): (&Repository, &str),
) -> Result<()> {
    let Some(project) = tx.project(id).await?.filter(|project| project.lifecycle == Lifecycle::Missing) else {
        return Ok(());
    };
    let linked = tx.repositories_linked_to(id).await?;
    let is_served = linked.is_empty() || linked.iter().any(|one| one.presence != Presence::Missing);
    match stood(tx, &project).await? {
        Some(before) if is_served => lifecycle::set(desk, tx, &project, before, (repository, reason)).await,
        _ => Ok(()),
    }
}

/// The projects whose work happens in a repository, but for those that are put away.
async fn served(tx: &mut Tx, repository: RepositoryId) -> Result<Vec<Project>> {
    let mut projects = Vec::new();
    for id in tx.projects_linked_to(repository).await? {
        projects.extend(tx.project(id).await?.filter(|project| project.lifecycle != Lifecycle::Archived));
    }
    Ok(projects)
}

/// What broke, since when, what it affects, and what can be done.
async fn card(tx: &mut Tx, repository: &Repository, incident: &Incident, projects: &[Project]) -> Result<Message> {
    let line = |label: &str, span: Span| Line::plain(vec![Span::Strong(format!("{label}: ")), span]);
    let name = repository.name();
    let mut lines = vec![line("Why", Span::plain(&incident.why)), line("Since", Span::Time(incident.opened_at))];
    for project in projects {
        lines.push(line(project.key.as_str(), Span::plain(affected(tx, project, repository.id()).await?)));
    }
    lines.push(line("Meanwhile", Span::plain("nothing more is heard of it. Plans and decisions work.")));
    let mut buttons = vec![Button {
        label: "Reconnect".to_owned(),
        style: ButtonStyle::Primary,
        press: Press::Open("/connect".to_owned()),
    }];
    for project in projects.iter().take(2) {
        let key = &project.key;
        buttons.push(Button::say(format!("Link another to {key}"), format!("link {key}")));
        let archive = Button::say(format!("Archive {key}"), format!("archive {key}"));
        buttons.push(Button { style: ButtonStyle::Danger, ..archive });
    }
    let summary = format!("The repository {name} is missing.");
    let hint = "Docket looks for it again by itself: when it is back, everything is as before.";
    Ok(Message {
        summary: summary.clone(),
        blocks: vec![
            Block::Header(summary),
            Block::Lines { lines, more: None },
            Block::Buttons(buttons),
            Block::Context(vec![Span::plain(hint)]),
        ],
    })
}

/// What of a project is affected: `4 open tasks, AUTH-1, AUTH-2, AUTH-5 first; 2 open pull requests`.
async fn affected(tx: &mut Tx, project: &Project, repository: RepositoryId) -> Result<String> {
    let plan = tx.plan(project.id).await?;
    let open: Vec<_> = plan
        .iter()
        .flat_map(|plan| {
            plan.tasks().filter(|task| !task.fields.status.is_terminal()).map(|task| plan.code(task.number))
        })
        .collect();
    let first: Vec<_> = open.iter().take(NAMED).map(ToString::to_string).collect();
    let tasks = match open.len() {
        0 => "no open task".to_owned(),
        1 => format!("1 open task, {}", first.join(", ")),
        many if many <= NAMED => format!("{many} open tasks, {}", first.join(", ")),
        many => format!("{many} open tasks, {} first", first.join(", ")),
    };
    let mut pulls = 0;
    let mut seen = std::collections::BTreeSet::new();
    for link in tx.pulls_of_project(project.id).await? {
        if link.pull.repository == repository
            && seen.insert(link.pull)
            && tx.pull(link.pull).await?.is_some_and(|pull| pull.state == PullState::Open)
        {
            pulls += 1;
        }
    }
    Ok(match pulls {
        0 => format!("{tasks}."),
        1 => format!("{tasks}; 1 open pull request."),
        many => format!("{tasks}; {many} open pull requests."),
    })
}
