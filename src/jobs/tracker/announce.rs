//! Telling channels of pull requests: one message for each, kept true, and lines in its thread for what happened.
//!
//! A project's channel is told of the pull requests that are about its tasks and, where its settings say so, of all of
//! its repositories'. Nothing is told of what Docket did itself, of what is muted, of what programs write, or of what
//! is old by the time it is heard of. Each thing is told once, however often it is heard of.

mod line;

use std::{collections::BTreeSet, time::Duration};

use super::observe::{News, What};
use crate::{
    domain::{
        announce::{Announce, Notice, PullCard, Topic},
        event::Venue,
        ids::{PatchId, ProjectId},
        job::Job,
        message::Message,
        time::Timestamp,
        tracker::{Happening, Pull, PullState, RepositoryId, TrackerEvent},
    },
    jobs::Desk,
    review::accounts::Accounts,
    store::{Result, Tx},
};

/// How old something may be when it is heard of, to be told.
const RECENT: Duration = Duration::from_hours(1);
/// Lines in one thread, in an hour; then one more says that there is more.
const LINES: i64 = 20;
const HOUR: Duration = Duration::from_hours(1);

/// Tells what is new of pull requests.
pub(in crate::jobs) async fn tell(desk: &Desk, tx: &mut Tx, news: &[News]) -> Result<()> {
    for one in news {
        tell_one(desk, tx, one).await?;
    }
    Ok(())
}

async fn tell_one(desk: &Desk, tx: &mut Tx, news: &News) -> Result<()> {
    let pull = &news.pull;
    let is_recent = desk.chance.now().since(moment(news)) < RECENT;
    let mut told: BTreeSet<ProjectId> = BTreeSet::new();
    for project in concerned(tx, news).await? {
        let announce = tx.announce(project).await?;
        if announce.mutes(pull) || !announce.tells(Topic::Pulls) {
            continue;
        }
        told.insert(project);
        if is_recent && !news.is_echo && !is_shown(tx, pull, project).await? {
            place(desk, tx, pull, project).await?;
        }
    }
    // What stands there is kept true, muted or not.
    let cards = tx.pull_cards(pull.at).await?;
    for card in &cards {
        tx.enqueue(desk.chance.id(), &Job::SyncPull { card: card.id }.due(desk.chance.now())).await?;
        put_proposals_under(tx, news, card).await?;
    }
    if news.is_echo {
        return Ok(());
    }
    for card in cards.iter().filter(|card| told.contains(&card.project)) {
        let announce = tx.announce(card.project).await?;
        let accounts = Accounts::load(tx).await?;
        for line in line::of(tx, news, card, &accounts).await? {
            if announce.tells(line.topic) && desk.chance.now().since(line.at) < RECENT {
                add(desk, tx, card, pull, line).await?;
            }
        }
    }
    Ok(())
}

/// The projects whose channels may be told: those of the tasks it is about, and those that want to hear of every one.
async fn concerned(tx: &mut Tx, news: &News) -> Result<BTreeSet<ProjectId>> {
    let mut projects: BTreeSet<ProjectId> = news.tasks.iter().map(|link| link.project).collect();
    for project in tx.projects_linked_to(news.pull.at.repository).await? {
        if tx.announce(project).await?.tells(Topic::Every) {
            projects.insert(project);
        }
    }
    Ok(projects)
}

/// When what is told of happened.
fn moment(news: &News) -> Timestamp {
    match &news.what {
        What::Review(review, _) => review.at,
        What::Remark(remark) => remark.at,
        What::Check(check) => check.at,
        What::Facts => news.pull.ended_at.max(Some(news.pull.updated_at)).unwrap_or(news.pull.updated_at),
    }
}

async fn is_shown(tx: &mut Tx, pull: &Pull, project: ProjectId) -> Result<bool> {
    Ok(tx.pull_cards(pull.at).await?.iter().any(|card| card.project == project))
}

/// Puts a message into the project's channel, if it has one.
async fn place(desk: &Desk, tx: &mut Tx, pull: &Pull, project: ProjectId) -> Result<()> {
    // Of what was closed before anybody heard of it there is nothing to say.
    if pull.state == PullState::Closed {
        return Ok(());
    }
    let Some(venue) = tx.channel_of(project).await? else { return Ok(()) };
    let card = PullCard {
        id: desk.chance.id(),
        pull: pull.at,
        project,
        venue,
        message: None,
        shown: None,
        created_at: desk.chance.now(),
    };
    tx.insert_pull_card(&card).await?;
    Ok(())
}

/// Moves the cards of what is proposed because of a pull request into the thread of its message, unless they stand
/// somewhere already.
async fn put_proposals_under(tx: &mut Tx, news: &News, card: &PullCard) -> Result<()> {
    for patch in &news.patches {
        put_under(tx, *patch, card).await?;
    }
    Ok(())
}

/// The same for one patch.
pub(super) async fn put_under(tx: &mut Tx, patch: PatchId, card: &PullCard) -> Result<()> {
    for mut proposal in tx.cards_of(patch).await? {
        let is_free = proposal.message.is_none() && proposal.under.is_none();
        if is_free && proposal.venue == card.venue {
            proposal.under = Some(card.id);
            tx.put_card_under(&proposal).await?;
        }
    }
    Ok(())
}

/// Adds a line to a thread, as long as there are not too many.
async fn add(desk: &Desk, tx: &mut Tx, card: &PullCard, pull: &Pull, line: line::NewLine) -> Result<()> {
    let now = desk.chance.now();
    let told = tx.notices_since(card.id, now.minus(HOUR)).await?;
    let (about, message) = if told < LINES {
        (line.about, line.message)
    } else {
        let hour = now.as_millis() / i64::try_from(HOUR.as_millis()).unwrap_or(1);
        (format!("more {hour}"), line::more(pull))
    };
    let about = format!("{}#{} {about}", pull.at.repository, pull.at.number);
    post(desk, tx, (&card.venue, Some(card)), about, message).await
}

async fn post(
    desk: &Desk,
    tx: &mut Tx,
    (venue, card): (&Venue, Option<&PullCard>),
    about: String,
    message: Message,
) -> Result<()> {
    let (id, card_id, now) = (desk.chance.id(), card.map(|card| card.id), desk.chance.now());
    let notice = Notice { id, about, venue: venue.clone(), card: card_id, message, posted: None, created_at: now };
    if tx.insert_notice(&notice).await? {
        let job = Job::PostNotice { notice: id }.due(now);
        // Lines of one thread come in their order, after its message.
        let job = match card_id {
            Some(card) => job.in_order(card.to_string()),
            None => job,
        };
        tx.enqueue(desk.chance.id(), &job).await?;
    }
    Ok(())
}

/// Tells of a release the channels of the projects whose repository it is.
pub(in crate::jobs) async fn tell_release(desk: &Desk, tx: &mut Tx, event: &TrackerEvent) -> Result<()> {
    let (Some(seen), Happening::Release { tag, name, url }) = (&event.repository, &event.happening) else {
        return Ok(());
    };
    for project in tx.projects_linked_to(seen.id).await? {
        let announce = tx.announce(project).await?;
        if !is_told(&announce, seen.id) {
            continue;
        }
        if let Some(venue) = tx.channel_of(project).await? {
            let message = line::release(&seen.full_name, (tag, name, url));
            post(desk, tx, (&venue, None), format!("{} release {tag}", seen.id), message).await?;
        }
    }
    Ok(())
}

fn is_told(announce: &Announce, repository: RepositoryId) -> bool {
    announce.tells(Topic::Releases) && !announce.muted.contains(&repository)
}
