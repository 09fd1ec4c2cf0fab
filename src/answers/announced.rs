//! `github events`: what the channel of a project is told of its pull requests.

use std::time::Duration;

use super::{Ask, line::titled, place};
use crate::{
    domain::{
        announce::{Announce, Topic},
        event::Venue,
        member::Surface,
        message::{Block, Line, Message, Span},
        project::{Project, ProjectKey},
        tracker::Repository,
    },
    review::words::{count, list},
    store::{self, Tx},
};

/// How long a message may wait for being posted before that is said.
const PATIENCE: Duration = Duration::from_mins(10);

struct Facts {
    project: Project,
    announce: Announce,
    channel: Option<Venue>,
    linked: Vec<Repository>,
    muted: Vec<String>,
    unposted: i64,
    is_mentioned: bool,
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, key: Option<&ProjectKey>) -> store::Result<Message> {
    let project = match place::project(tx, ask, key, "github events").await? {
        Ok(project) => project,
        Err(instead) => return Ok(instead),
    };
    let announce = tx.announce(project.id).await?;
    let mut muted = Vec::new();
    for id in &announce.muted {
        muted.extend(tx.repository(*id).await?.map(|one| one.seen.full_name));
    }
    Ok(message(&Facts {
        channel: tx.channel_of(project.id).await?,
        linked: tx.repositories_linked_to(project.id).await?,
        unposted: tx.unposted_pull_cards(project.id, ask.now.minus(PATIENCE)).await?,
        is_mentioned: match ask.sender {
            Some(sender) => tx.wants_mentions(sender.id).await?,
            None => false,
        },
        muted,
        announce,
        project,
    }))
}

fn message(facts: &Facts) -> Message {
    let key = &facts.project.key;
    let title = format!("What is told of {key}'s pull requests");
    let mut blocks = vec![Block::Context(vec![Span::Plain(place(facts))])];
    let line = |topic: &Topic| {
        let is_on = facts.announce.tells(*topic);
        Line::plain(vec![
            Span::Strong(if is_on { "on " } else { "off " }.to_owned()),
            Span::Code(topic.as_str().to_owned()),
            Span::plain(format!(": {}", topic.words())),
        ])
    };
    blocks.push(Block::Lines { lines: Topic::ALL.iter().map(line).collect(), more: None });
    let mut quiet = facts.muted.clone();
    quiet.extend(facts.announce.labels.iter().map(|label| format!("label:{label}")));
    if !quiet.is_empty() {
        blocks.push(Block::Text(vec![Span::plain(format!("Nothing is told of {}.", list(&quiet, "and")))]));
    }
    if let Ok(waiting @ 1..) = usize::try_from(facts.unposted) {
        let words = format!(
            "{} could not be posted there: is Docket in the channel? Invite it with /invite @docket.",
            count(waiting, "message")
        );
        blocks.push(Block::Text(vec![Span::Strong(words)]));
    }
    let mentioned = if facts.is_mentioned { "You are mentioned" } else { "You are not mentioned" };
    blocks.push(Block::Context(vec![
        Span::plain("Change it: "),
        Span::Code(format!("/docket github events {key} comments off")),
        Span::plain(format!(" · {mentioned}: ")),
        Span::Code(format!("/docket github mentions {}", if facts.is_mentioned { "off" } else { "on" })),
    ]));
    titled(title.clone(), title, blocks)
}

/// Where it is told, and of which repositories.
fn place(facts: &Facts) -> String {
    let key = &facts.project.key;
    let channel = match &facts.channel {
        Some(Venue { surface: Surface::Slack, channel, .. }) => format!("In the Slack channel {channel}"),
        Some(Venue { surface: Surface::Console, .. }) => "In the console".to_owned(),
        None => format!("Nowhere: {key} has no channel yet"),
    };
    let names: Vec<&str> = facts.linked.iter().map(Repository::name).collect();
    match names.as_slice() {
        [] => format!("{channel} · {key} is linked to no repository: /docket link {key}"),
        names => format!("{channel} · {}", list(names, "and")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{line::sample::project, repositories::named::sample::repository};

    #[test]
    fn every_topic_says_whether_it_is_told_and_what_is_muted() {
        let slack = Venue { surface: Surface::Slack, team: "T1".into(), channel: "C1".into(), thread: None };
        let mut announce = Announce::default();
        announce.set.insert(Topic::Comments, false);
        announce.labels.insert("wip".to_owned());
        let facts = Facts {
            project: project("AUTH", "User authentication"),
            announce,
            channel: Some(slack),
            linked: vec![repository(1, "acme/web")],
            muted: vec!["acme/web".to_owned()],
            unposted: 2,
            is_mentioned: false,
        };
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        What is told of AUTH's pull requests
        In the Slack channel C1 · acme/web
        on pulls: one message for each pull request, edited as it changes
        off every: also for pull requests that name no task
        on reviews: reviews, as lines in its thread
        on checks: checks that failed, in its thread
        on merges: that it was merged or closed, in its thread
        off comments: what people write under it, in its thread
        on releases: releases, in the channel
        Nothing is told of acme/web and label:wip.
        2 messages could not be posted there: is Docket in the channel? Invite it with /invite @docket.
        Change it: /docket github events AUTH comments off · You are not mentioned: /docket github mentions on
        ");
        let bare = Facts {
            channel: None,
            linked: Vec::new(),
            muted: Vec::new(),
            unposted: 0,
            announce: Announce::default(),
            is_mentioned: true,
            ..facts
        };
        insta::assert_snapshot!(message(&bare).to_plain(), @r"
        What is told of AUTH's pull requests
        Nowhere: AUTH has no channel yet · AUTH is linked to no repository: /docket link AUTH
        on pulls: one message for each pull request, edited as it changes
        off every: also for pull requests that name no task
        on reviews: reviews, as lines in its thread
        on checks: checks that failed, in its thread
        on merges: that it was merged or closed, in its thread
        on comments: what people write under it, in its thread
        on releases: releases, in the channel
        Change it: /docket github events AUTH comments off · You are mentioned: /docket github mentions off
        ");
    }
}
