//! Linking projects to repositories, and setting what their channels are told of them.

use serde_json::{Value, json};

use crate::{
    answers::repositories::named::{self, Meant},
    domain::{
        announce::{Announce, Topic},
        event::Venue,
        ids::ProjectId,
        intent::{AnnounceWish, Muted},
        job::Job,
        member::Surface,
        message::{Block, Message, Span},
        project::Project,
        session::Party,
        tracker::{Presence, Repository},
    },
    error::{Error, Result, UserError},
    jobs::{Desk, handle::Talk, tracker, trail::record},
    review::{propose::may_change, words::list},
    store::Tx,
};

/// Something about a project's repositories that somebody wants.
pub(super) enum LinkWish {
    /// The project is to be linked to a repository, as somebody said it.
    Link(ProjectId, String),
    /// That is to be taken back.
    Unlink(ProjectId, String),
    /// Its channel is to be told something else.
    Announce(ProjectId, AnnounceWish),
    /// Whether the sender is to be mentioned.
    Mention(bool),
}

/// Does it, and says what came of it.
pub(super) async fn carry_out(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &LinkWish) -> Result<Message> {
    match wish {
        LinkWish::Mention(wanted) => return mention(desk, tx, talk, *wanted).await,
        LinkWish::Link(..) | LinkWish::Unlink(..) | LinkWish::Announce(..) => {}
    }
    may_change(tx, talk.member, talk.venue).await?;
    match wish {
        LinkWish::Link(project, said) => link(desk, tx, talk, (*project, said)).await,
        LinkWish::Unlink(project, said) => unlink(desk, tx, talk, (*project, said)).await,
        LinkWish::Announce(project, wish) => announce(desk, tx, talk, *project, wish).await,
        LinkWish::Mention(_) => Ok(Message::text("Nothing was changed.")),
    }
}

async fn link(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, (id, said): (ProjectId, &str)) -> Result<Message> {
    let project = project(tx, id).await?;
    let known = tx.repositories().await?;
    let command = format!("link {}", project.key);
    let repository = match named::meant(said, &known) {
        Meant::One(repository) => repository,
        Meant::Several(several) => return Ok(named::which(&command, &several)),
        Meant::Unknown(_) if known.is_empty() => return Ok(named::unknown(said, &command, &[])),
        Meant::Unknown(near) => return Ok(named::unknown(said, &command, &near)),
    };
    if repository.presence == Presence::Missing {
        let why = repository.trouble.as_ref().map_or("it is gone", |(why, _)| why.as_str());
        let words = format!(
            "{} is missing, so it can't be linked: {why}. Bring it back at GitHub, or link another one.",
            repository.name()
        );
        return Err(UserError::new(words).into());
    }
    if !tx.link_repository(project.id, repository.id(), talk.member.id, desk.chance.now()).await? {
        return Ok(Message::text(format!("{} is linked to {} already.", project.key, repository.name())));
    }
    record(
        desk,
        tx,
        Some(talk.by()),
        ("repository.linked", project.id.to_string()),
        (Value::Null, as_json(repository)),
    )
    .await?;
    // What is known of its pull requests already counts from now on.
    tracker::relink(tx, repository.id()).await?;
    tracker::catch_up(desk, tx, project.id).await?;
    tracker::relinked(desk, tx, project.id, (repository, "is linked now")).await?;
    // The rest of it is read right away.
    let look = Job::SyncConnection { connection: repository.connection }.due(desk.chance.now()).at_once();
    tx.enqueue(desk.chance.id(), &look).await?;
    let others: Vec<String> = tx
        .repositories_linked_to(project.id)
        .await?
        .iter()
        .filter(|other| other.id() != repository.id())
        .map(|other| other.name().to_owned())
        .collect();
    Ok(linked(&project, repository, &others, tx.channel_of(project.id).await?.as_ref()))
}

/// What a link is good for.
fn linked(project: &Project, repository: &Repository, others: &[String], channel: Option<&Venue>) -> Message {
    let (key, name) = (&project.key, repository.name());
    let besides = if others.is_empty() { String::new() } else { format!(", besides {}", list(others, "and")) };
    let put_away = if repository.seen.is_archived { " It is archived, so nothing new will happen there." } else { "" };
    let told = match channel.map(|venue| venue.surface) {
        Some(Surface::Slack) => "on the task and in the project's channel",
        Some(Surface::Console) => "on the task and in the console",
        None => "on the task",
    };
    let words = format!(
        "{key} is linked to {name}{besides}.{put_away} A pull request whose branch, title or text names a task, such as \
         {key}-1, shows up {told}."
    );
    let hint =
        Block::Context(vec![Span::plain("What is told where: "), Span::Code(format!("/docket github events {key}"))]);
    Message { summary: words.clone(), blocks: vec![Block::Text(vec![Span::Plain(words)]), hint] }
}

async fn unlink(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, (id, said): (ProjectId, &str)) -> Result<Message> {
    let project = project(tx, id).await?;
    let linked = tx.repositories_linked_to(project.id).await?;
    let repository = match named::meant(said, &linked) {
        Meant::One(repository) => repository,
        Meant::Several(several) => return Ok(named::which(&format!("unlink {}", project.key), &several)),
        Meant::Unknown(_) => return Err(UserError::new(not_linked(&project, said, &linked)).into()),
    };
    if !tx.unlink_repository(project.id, repository.id()).await? {
        return Err(UserError::new(not_linked(&project, said, &linked)).into());
    }
    record(
        desk,
        tx,
        Some(talk.by()),
        ("repository.unlinked", project.id.to_string()),
        (as_json(repository), Value::Null),
    )
    .await?;
    tracker::relink(tx, repository.id()).await?;
    tracker::relinked(desk, tx, project.id, (repository, "is no longer linked")).await?;
    Ok(Message::text(format!(
        "{} is no longer linked to {}. Its pull requests no longer count for {}'s tasks; nothing changed at GitHub.",
        project.key,
        repository.name(),
        project.key
    )))
}

fn not_linked(project: &Project, said: &str, linked: &[Repository]) -> String {
    let names: Vec<&str> = linked.iter().map(Repository::name).collect();
    let those = match names.as_slice() {
        [] => "It is linked to none.".to_owned(),
        names => format!("It is linked to {}.", list(names, "and")),
    };
    format!("{} is not linked to {said}. {those}", project.key)
}

async fn announce(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, id: ProjectId, wish: &AnnounceWish) -> Result<Message> {
    let project = project(tx, id).await?;
    let before = tx.announce(project.id).await?;
    let mut after = before.clone();
    let words = match wish {
        AnnounceWish::Topics(topics) => {
            after.set.extend(topics.iter().copied());
            after.set.retain(|topic, on| *on != topic.is_usual());
            topics_now(&project, topics, &after)
        }
        AnnounceWish::Mute { what, is_muted } => match mute(tx, &project, what, *is_muted, &mut after).await? {
            Ok(words) => words,
            Err(instead) => return Ok(instead),
        },
    };
    if after == before {
        return Ok(Message::text(format!("That is so already. {words}")));
    }
    tx.put_announce(project.id, &after).await?;
    record(desk, tx, Some(talk.by()), ("project.announce", project.id.to_string()), (json!(before), json!(after)))
        .await?;
    Ok(Message::text(words))
}

fn topics_now(project: &Project, topics: &[(Topic, bool)], after: &Announce) -> String {
    let named = |on: bool| -> Vec<&str> {
        topics.iter().filter(|(topic, _)| after.tells(*topic) == on).map(|(topic, _)| topic.as_str()).collect()
    };
    let (on, off) = (named(true), named(false));
    let told = match (on.is_empty(), off.is_empty()) {
        (false, true) => format!("told {}", list(&on, "and")),
        (true, _) => format!("no longer told {}", list(&off, "or")),
        (false, false) => format!("told {}, and no longer {}", list(&on, "and"), list(&off, "or")),
    };
    let hint = if after.tells(Topic::Pulls) {
        ""
    } else {
        " Without pulls there is no message, and so no thread for the other topics."
    };
    format!("The channel of {} is {told}.{hint}", project.key)
}

/// Mutes something, or lets it be heard again; the inner error is what to answer instead.
async fn mute(
    tx: &mut Tx,
    project: &Project,
    what: &Muted,
    is_muted: bool,
    announce: &mut Announce,
) -> Result<std::result::Result<String, Message>> {
    let name = match what {
        Muted::Label(label) => {
            let label = label.to_lowercase();
            let words = format!("pull requests with the label {label}");
            if is_muted {
                announce.labels.insert(label)
            } else {
                announce.labels.remove(&label)
            };
            words
        }
        Muted::Repository(said) => {
            let linked = tx.repositories_linked_to(project.id).await?;
            let command = format!("github {} {}", if is_muted { "mute" } else { "unmute" }, project.key);
            match named::meant(said, &linked) {
                Meant::One(one) => {
                    let id = one.id();
                    if is_muted {
                        announce.muted.insert(id)
                    } else {
                        announce.muted.remove(&id)
                    };
                    one.name().to_owned()
                }
                Meant::Several(several) => return Ok(Err(named::which(&command, &several))),
                Meant::Unknown(_) => return Err(UserError::new(not_linked(project, said, &linked)).into()),
            }
        }
    };
    Ok(Ok(if is_muted {
        format!("The channel of {} is told nothing new of {name}. Proposals still come.", project.key)
    } else {
        format!("The channel of {} is told of {name} again.", project.key)
    }))
}

async fn mention(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wanted: bool) -> Result<Message> {
    let member = talk.member.id;
    let is_linked = tx.logins_of(member).await?.iter().any(|login| login.party == Party::GitHub);
    if tx.want_mentions(member, wanted, desk.chance.now()).await? {
        let states = (json!({ "mentioned": !wanted }), json!({ "mentioned": wanted }));
        record(desk, tx, Some(talk.by()), ("member.mentions", member.to_string()), states).await?;
    }
    Ok(Message::text(match (wanted, is_linked) {
        (true, true) => {
            "You are mentioned when a review is asked of you, when your pull request is reviewed and when its checks fail."
        }
        (true, false) => {
            "You will be mentioned once Docket knows your GitHub account: link it on the page Connect, to which \
             /docket connect leads. I never guess by names."
        }
        (false, _) => "You are not mentioned.",
    }))
}

async fn project(tx: &mut Tx, id: ProjectId) -> Result<Project> {
    tx.project(id).await?.ok_or_else(|| -> Error {
        UserError::new("That project is gone. /docket list shows the ones there are.").into()
    })
}

fn as_json(repository: &Repository) -> Value {
    json!({ "repository": repository.id(), "name": repository.name() })
}
