//! What Docket may see at a tracker: connections that end or work again, repositories that appear, move and go, and
//! people who take back what they let Docket do.

use std::time::Duration;

use serde_json::{Value, json};

use super::missing::{self, Looked};
use crate::{
    domain::{
        audit::AuditEntry,
        connection::Connection,
        message::{Block, Button, ButtonStyle, Message, Span},
        provider::Provider,
        session::Party,
        time::Timestamp,
        tracker::{
            Access, Account, Happening, Presence, Repository, RepositoryMoment, RepositorySighting, Sync, TrackerEvent,
        },
    },
    error::Result,
    jobs::{Desk, connections},
    planner,
    store::Tx,
};

/// New repositories up to this many are each offered; of more, one message tells.
const EACH: usize = 3;
/// How many of them that message names.
const NAMED: usize = 10;
/// How long after somebody linked themselves a revocation is our own giving back of the token that showed who they are.
const OURS: Duration = Duration::from_mins(10);

/// Keeps what an event says about what Docket may see.
pub(super) async fn keep(desk: &Desk, tx: &mut Tx, event: &TrackerEvent) -> Result<()> {
    match &event.happening {
        Happening::Forgotten(account) => return forgotten(desk, tx, account).await,
        Happening::Access(_) | Happening::Repository(_) => {}
        _ => return Ok(()),
    }
    let connection = tx.connection_to(event.provider, &event.realm, None).await?;
    match &event.happening {
        Happening::Access(access) => match connection {
            Some(connection) => accessed(desk, tx, &connection, access, event.by.as_ref()).await,
            None => Ok(()),
        },
        Happening::Repository(moment) => repository(desk, tx, connection.as_ref(), event, *moment).await,
        _ => Ok(()),
    }
}

async fn accessed(
    desk: &Desk,
    tx: &mut Tx,
    connection: &Connection,
    access: &Access,
    by: Option<&Account>,
) -> Result<()> {
    match access {
        Access::Installed(seen) => {
            for seen in seen {
                found(desk, tx, connection, seen).await?;
            }
        }
        Access::Removed | Access::Suspended => desk.vault.doubt_in(tx, connection).await?,
        Access::Unsuspended => desk.vault.mend_in(tx, connection, "the app is no longer suspended").await?,
        Access::Permitted => desk.vault.mend_in(tx, connection, "the app was given other permissions").await?,
        Access::Renamed { login } => tx.rename_connection(connection.id, login).await?,
        Access::Repositories { added, removed } => {
            let mut new = Vec::new();
            for seen in added {
                new.extend(found(desk, tx, connection, seen).await?);
            }
            offer(desk, tx, new).await?;
            let who = by.map_or("Somebody", |by| by.login.as_str());
            for seen in removed {
                // One that moved to another organisation of the tenant is seen from there.
                let known = tx.repository(seen.id).await?;
                if known.is_some_and(|known| known.connection == connection.id) {
                    let why = format!("{who} took it out of what Docket may see at GitHub.");
                    missing::looked(desk, tx, seen.id, Looked::Gone(why)).await?;
                }
            }
        }
    }
    Ok(())
}

async fn repository(
    desk: &Desk,
    tx: &mut Tx,
    connection: Option<&Connection>,
    event: &TrackerEvent,
    moment: RepositoryMoment,
) -> Result<()> {
    let Some(seen) = &event.repository else { return Ok(()) };
    match (moment, connection) {
        (RepositoryMoment::Deleted, _) => {
            let who = event.by.as_ref().map_or("Somebody", |by| by.login.as_str());
            missing::looked(desk, tx, seen.id, Looked::Gone(format!("{who} deleted it at GitHub."))).await
        }
        (RepositoryMoment::Created | RepositoryMoment::Moved, Some(connection)) => {
            let new = found(desk, tx, connection, seen).await?;
            offer(desk, tx, new.into_iter().collect()).await
        }
        // Who is told of it only by a hook of the repository itself sees no others.
        (RepositoryMoment::Created | RepositoryMoment::Moved | RepositoryMoment::Edited, _) => {
            missing::looked(desk, tx, seen.id, Looked::Found(seen.clone())).await
        }
    }
}

/// Takes up a repository that a connection sees. Gives it back where it was not known before.
pub(in crate::jobs) async fn found(
    desk: &Desk,
    tx: &mut Tx,
    connection: &Connection,
    seen: &RepositorySighting,
) -> Result<Option<Repository>> {
    tx.lock_repository(seen.id).await?;
    if let Some(known) = tx.repository(seen.id).await? {
        if known.connection != connection.id {
            tx.put_repository(&Repository { connection: connection.id, ..known }).await?;
        }
        missing::looked(desk, tx, seen.id, Looked::Found(seen.clone())).await?;
        return Ok(None);
    }
    let repository = Repository {
        seen: seen.clone(),
        connection: connection.id,
        presence: Presence::Here,
        trouble: None,
        strikes: 0,
        offered_at: None,
        found_at: desk.chance.now(),
        sync: Sync::default(),
    };
    tx.put_repository(&repository).await?;
    Ok(Some(repository))
}

/// Asks the owners once whether to plan projects for repositories that are new.
pub(in crate::jobs) async fn offer(desk: &Desk, tx: &mut Tx, new: Vec<Repository>) -> Result<()> {
    let now = desk.chance.now();
    let mut fresh = Vec::new();
    for one in new.into_iter().filter(|one| one.offered_at.is_none() && !one.seen.is_archived) {
        fresh.extend(take_offer(tx, &one, now).await?);
    }
    if fresh.len() > EACH {
        connections::tell_in_charge(desk, tx, &all_at_once(&fresh)).await?;
    } else {
        for repository in &fresh {
            connections::tell_in_charge(desk, tx, &offered(repository)).await?;
        }
    }
    Ok(())
}

/// Takes repositories that were there before Docket came as known, so that they are offered to nobody.
pub(super) async fn pass_over(desk: &Desk, tx: &mut Tx, seen: Vec<Repository>) -> Result<()> {
    for one in seen.into_iter().filter(|one| one.offered_at.is_none()) {
        take_offer(tx, &one, desk.chance.now()).await?;
    }
    Ok(())
}

/// Notes that a repository is offered now; nothing where somebody was quicker.
async fn take_offer(tx: &mut Tx, one: &Repository, now: Timestamp) -> Result<Option<Repository>> {
    tx.lock_repository(one.id()).await?;
    let Some(known) = tx.repository(one.id()).await?.filter(|known| known.offered_at.is_none()) else {
        return Ok(None);
    };
    let offered = Repository { offered_at: Some(now), ..known };
    tx.put_repository(&offered).await?;
    Ok(Some(offered))
}

/// `acme/web is new. Plan a project for it?`
fn offered(repository: &Repository) -> Message {
    let name = repository.name();
    let what = match repository.seen.description.trim() {
        "" => name.split('/').next_back().unwrap_or(name).to_owned(),
        description => planner::title(description),
    };
    let plan = Button::say("Plan a project", format!("plan {what}"));
    let summary = format!("{name} is new. Plan a project for it?");
    let link = Span::Link { text: name.to_owned(), url: repository.seen.url.clone() };
    Message {
        summary,
        blocks: vec![
            Block::Text(vec![link, Span::plain(" is new. Plan a project for it?")]),
            Block::Buttons(vec![
                Button { style: ButtonStyle::Primary, ..plan },
                Button::say("Link to a project", format!("link {name}")),
            ]),
            Block::Context(vec![Span::plain("You are asked once. If not, there is nothing to do.")]),
        ],
    }
}

/// The same for many.
fn all_at_once(new: &[Repository]) -> Message {
    let names: Vec<_> = new.iter().take(NAMED).map(|one| one.name().to_owned()).collect();
    let more = match new.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Message::text(format!(
        "{} repositories are new: {}{more}. Plan a project with /docket plan, or link one to a project with /docket link.",
        new.len(),
        names.join(", ")
    ))
}

/// Somebody took back what they let Docket do: it no longer knows them there, and their own connections end.
async fn forgotten(desk: &Desk, tx: &mut Tx, account: &Account) -> Result<()> {
    let realm = desk.vault.providers().github.url().to_owned();
    let subject = account.id.to_string();
    let Some(login) = tx.login(Party::GitHub, &realm, &subject).await? else { return Ok(()) };
    let now = desk.chance.now();
    if now.since(login.linked_at) < OURS {
        return Ok(());
    }
    tx.remove_login(login.member, Party::GitHub, &realm, &subject).await?;
    for connection in tx.connections().await? {
        if connection.provider == Provider::GitHub && connection.owner == Some(login.member) {
            desk.vault.break_in(tx, &connection, "You took back at GitHub what you let Docket do.").await?;
        }
    }
    let entry = AuditEntry {
        id: desk.chance.id(),
        at: now,
        actor: Some(login.member),
        action: "login.revoked".to_owned(),
        subject: login.member.to_string(),
        venue: None,
        before: json!({ "party": Party::GitHub.as_str(), "name": login.name }),
        after: Value::Null,
    };
    tx.record(&entry).await?;
    let words = format!(
        "You took back at GitHub what you let Docket do, so it no longer knows that {} is you. Link yourself again on the \
         page Connect if you want that.",
        login.name
    );
    Ok(connections::tell_member(desk, tx, login.member, &Message::text(words)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Chance,
        domain::{
            message::Press,
            tracker::{RepositoryId, RepositorySighting},
        },
    };

    fn repository(name: &str, description: &str) -> Repository {
        let chance = Chance::system();
        let seen = RepositorySighting {
            id: RepositoryId(700),
            full_name: name.to_owned(),
            url: format!("https://github.com/{name}"),
            description: description.to_owned(),
            is_private: true,
            is_archived: false,
            default_branch: "main".to_owned(),
        };
        let (connection, found_at) = (chance.id(), chance.now());
        let (trouble, offered_at, sync) = (None, None, Sync::default());
        Repository { seen, connection, presence: Presence::Here, trouble, strikes: 0, offered_at, found_at, sync }
    }

    #[test]
    fn a_new_repository_is_offered_with_what_it_is_for() {
        insta::assert_snapshot!(offered(&repository("acme/web", "The web shop")).to_plain(), @r"
        acme/web is new. Plan a project for it?
        [Plan a project] [Link to a project]
        You are asked once. If not, there is nothing to do.
        ");
        let Some(Block::Buttons(buttons)) = offered(&repository("acme/web", "The web shop")).blocks.into_iter().nth(1)
        else {
            panic!("no buttons")
        };
        assert_eq!(buttons[0].press, Press::Say("plan The web shop".to_owned()));
        assert_eq!(buttons[1].press, Press::Say("link acme/web".to_owned()));
        let many: Vec<_> = (1..=12).map(|n| repository(&format!("acme/r{n}"), "")).collect();
        let words = all_at_once(&many).to_plain();
        assert!(words.starts_with("12 repositories are new: acme/r1, ") && words.contains(", and 2 more."), "{words}");
    }
}
