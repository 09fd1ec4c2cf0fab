//! What was said in a channel before Docket heard it: read once, because somebody asked for it.
//!
//! How far it has come is written down with what a page said, so that a reading which is cut short goes on there, and one
//! that two read at once is read once. A message is taken in as if it had just been heard: what is known better, was taken
//! back or forgotten stays as it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    chat::slack::{Page, SlackError, Standing, client::Place},
    domain::{
        backfill::{BEGAN, Backfill, Progress, SPAN, Step, Unread},
        event::Venue,
        heard::{Heard, Saying},
        ids::{BackfillId, MemberId, TenantId},
        job::{Job, JobError},
        member::Identity,
        message::Message,
    },
    error::{Result, UserError},
    jobs::{Desk, cards::queue_answer, handle::Talk, heard::speaker, privacy, trail::record},
    review::{propose::may_change, words::count},
    store::{self, Tx},
};

/// A message of a page that is taken in.
struct Found {
    thread: Option<String>,
    by: Option<Identity>,
    heard: Heard,
}

/// Begins to read what was said in the channel in the last hours; says that.
pub(super) async fn ask(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>) -> Result<Message> {
    privacy::only_in_channels(talk.venue)?;
    may_change(tx, talk.member, talk.venue).await?;
    if !tx.lock_heard_channel(talk.venue, None).await?.is_kept {
        let words =
            "It is off here: nothing is kept of this channel, and so nothing is read. /docket privacy on turns it on.";
        return Err(UserError::new(words).into());
    }
    let until = talk.delivery.received_at;
    let backfill = Backfill {
        id: desk.chance.id(),
        venue: Venue { thread: None, ..talk.venue.clone() },
        to: talk.identity.clone(),
        since: until.minus(SPAN),
        until,
        pages: 0,
        progress: Progress::default(),
    };
    if !tx.insert_backfill(&backfill).await? {
        let words =
            "I am reading the last 24 hours of this channel already. Whoever asked for it is told when that is done.";
        return Err(UserError::new(words).into());
    }
    tx.enqueue(desk.chance.id(), &Job::Backfill { backfill: backfill.id }.due(desk.chance.now())).await?;
    let after = json!({ "channel": talk.venue.channel, "since": backfill.since });
    record(desk, tx, Some(talk.by()), ("privacy.backfill", talk.tenant.to_string()), (Value::Null, after)).await?;
    Ok(Message::text(
        "I read what was said in this channel in the last 24 hours, and keep it as if I had heard it. I tell you when that \
         is done: mostly in a moment, and in a busy channel as soon as Slack lets me.",
    ))
}

/// Reads on, page by page, until all is read or Slack wants us to wait.
pub(super) async fn read(desk: &Desk, tenant: TenantId, id: BackfillId) -> Result<(), JobError> {
    loop {
        let mut tx = desk.store.read(tenant).await?;
        let Some(backfill) = tx.backfill(id).await? else { return Ok(()) };
        let us = tx.installation(backfill.venue.surface, &backfill.venue.team).await?.map(|it| it.bot_user);
        drop(tx);
        match fetch(desk, tenant, &backfill, &us.unwrap_or_default()).await {
            Ok(Some(page)) => take_in(desk, tenant, &backfill, page).await?,
            Ok(None) => end(desk, tenant, &backfill, &done(&backfill.progress)).await?,
            // Cursors end some day: everything is read once more, which changes nothing.
            Err(SlackError::Gone(code)) if code == "invalid_cursor" && backfill.progress.has_cursor() => {
                let again = Progress { fresh: backfill.progress.fresh, ..Progress::default() };
                turn(desk, tenant, &backfill, &again).await?;
            }
            // The thread was deleted meanwhile.
            Err(SlackError::Gone(_)) if matches!(backfill.progress.step(), Step::Thread(_)) => {
                let mut progress = backfill.progress.clone();
                progress.turn_thread(None);
                turn(desk, tenant, &backfill, &progress).await?;
            }
            Err(SlackError::Denied { advice, .. }) => {
                end(desk, tenant, &backfill, &refused(&backfill.progress, &advice)).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The page that comes next; `None` where there is none.
async fn fetch(desk: &Desk, tenant: TenantId, backfill: &Backfill, us: &str) -> Result<Option<Page>, SlackError> {
    let Backfill { venue, since, until, .. } = backfill;
    let channel = Place { channel: &venue.channel, thread: None, since: *since, until: *until, cursor: None };
    let place = match backfill.progress.step() {
        Step::Done => return Ok(None),
        Step::Channel(cursor) => Place { since: since.minus(BEGAN), cursor, ..channel },
        Step::Thread(thread) => Place { thread: Some(&thread.root), cursor: thread.cursor.as_deref(), ..channel },
    };
    let slack = desk.slack(tenant, &venue.team).await?;
    slack.page(&place, us).await.map(Some)
}

/// Keeps what a page says, and how far it was read.
async fn take_in(desk: &Desk, tenant: TenantId, backfill: &Backfill, page: Page) -> Result<(), JobError> {
    let mut progress = backfill.progress.clone();
    let found = match backfill.progress.step() {
        Step::Thread(_) => of_thread(backfill, &mut progress, page),
        Step::Channel(_) | Step::Done => of_channel(backfill, &mut progress, page),
    };
    let speakers = speakers(desk, tenant, &found).await?;
    let mut tx = desk.store.write(tenant).await?;
    // What is found gets numbers, and everybody locks the tenant before a channel.
    tx.lock_tenant().await?;
    let channel = tx.lock_heard_channel(&backfill.venue, None).await?;
    if !channel.is_kept {
        drop(tx);
        let so_far = tally(&backfill.progress);
        let words = format!("It was turned off while I read this channel, and so I stopped. {so_far}");
        return Ok(end(desk, tenant, backfill, &words).await?);
    }
    if channel.is_private.is_none() {
        // No page says so. Until something that is said there does, it is treated as one that is.
        tx.lock_heard_channel(&backfill.venue, Some(true)).await?;
    }
    for one in found {
        let by = one.by.as_ref().and_then(|identity| speakers.get(&identity.user).copied());
        let venue = Venue { thread: one.thread, ..backfill.venue.clone() };
        let is_said = matches!(one.heard.what, Saying::Said(_));
        let is_new = tx.put_heard(&venue, &one.heard, by, desk.chance.id(), desk.chance.now()).await?;
        progress.fresh += u32::from(is_said && is_new);
    }
    // Where somebody else read it in the meantime, none of this was.
    if tx.turn_page(backfill, &progress).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// What a page of the channel says in the time that is read, which is counted; its threads wait to be read.
fn of_channel(backfill: &Backfill, progress: &mut Progress, page: Page) -> Vec<Found> {
    progress.turn_channel(page.next);
    let mut found = Vec::new();
    let first = backfill.since.minus(BEGAN);
    for message in page.messages {
        let is_recent = message.at >= backfill.since;
        // An answer that was sent to the channel, too, is found in its thread: which is on a page itself, unless it is older.
        if let Some((root, began)) = message.thread {
            if is_recent && began < first && progress.threads.iter().all(|thread| thread.root != root) {
                progress.threads.push(Unread { root, cursor: None, is_counted: false });
            }
            continue;
        }
        let (root, answered_at) = (message.ts.clone(), message.answered_at);
        let one = Some(message).filter(|_| is_recent).and_then(|message| of_person(backfill, progress, message));
        let is_counted = one.as_ref().is_some_and(|one| one.by.is_some());
        progress.conversations += u32::from(is_counted);
        found.extend(one);
        if answered_at.is_some_and(|at| at >= backfill.since) {
            progress.threads.push(Unread { root, cursor: None, is_counted });
        }
    }
    found
}

/// What a page of the first thread says in the time that is read, which is counted.
fn of_thread(backfill: &Backfill, progress: &mut Progress, page: Page) -> Vec<Found> {
    // Slack puts the first message on a page of its answers, too.
    let answers = page.messages.into_iter().filter(|message| message.thread.is_some() && message.at >= backfill.since);
    let found: Vec<Found> = answers.filter_map(|message| of_person(backfill, progress, message)).collect();
    if let Some(thread) = progress.threads.first_mut()
        && !thread.is_counted
        && found.iter().any(|one| one.by.is_some())
    {
        thread.is_counted = true;
        progress.conversations += 1;
    }
    progress.turn_thread(page.next);
    found
}

/// What is heard of a message, counted where a person said it.
fn of_person(backfill: &Backfill, progress: &mut Progress, message: Standing) -> Option<Found> {
    let (user, heard) = message.heard.filter(|(_, heard)| heard.may_be_kept())?;
    let Venue { surface, team, .. } = &backfill.venue;
    let by = user.map(|user| Identity { surface: *surface, team: team.clone(), user });
    progress.messages += u32::from(by.is_some());
    Some(Found { thread: message.thread.map(|(root, _)| root), by, heard })
}

/// The members who speak, by their ids in the workspace.
async fn speakers(desk: &Desk, tenant: TenantId, found: &[Found]) -> Result<BTreeMap<String, MemberId>, JobError> {
    let mut speakers = BTreeMap::new();
    for identity in found.iter().filter_map(|one| one.by.as_ref()) {
        if !speakers.contains_key(&identity.user) {
            speakers.insert(identity.user.clone(), speaker(desk, tenant, identity).await?);
        }
    }
    Ok(speakers)
}

/// Writes down how far it was read.
async fn turn(desk: &Desk, tenant: TenantId, backfill: &Backfill, progress: &Progress) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    tx.turn_page(backfill, progress).await?;
    tx.commit().await
}

/// Tells whoever asked how it ended, once.
async fn end(desk: &Desk, tenant: TenantId, backfill: &Backfill, words: &str) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    if tx.remove_backfill(backfill.id).await? {
        queue_answer(desk, &mut tx, None, backfill.to.clone(), &backfill.venue, Message::text(words)).await?;
    }
    tx.commit().await
}

/// Tells whoever asked that nobody tries any more.
pub(super) async fn abandon(desk: &Desk, tenant: TenantId, id: BackfillId) -> Result<()> {
    let found = desk.store.read(tenant).await?.backfill(id).await?;
    if let Some(backfill) = found {
        let words = refused(&backfill.progress, "Slack could not be reached for a long time; ask again later");
        end(desk, tenant, &backfill, &words).await?;
    }
    Ok(())
}

fn done(progress: &Progress) -> String {
    format!("The last 24 hours of this channel are read. {}", tally(progress))
}

fn refused(progress: &Progress, why: &str) -> String {
    let so_far = if progress.messages > 0 { format!(" {}", tally(progress)) } else { String::new() };
    format!("The last 24 hours of this channel can't be read: {why}.{so_far}")
}

/// What was found.
fn tally(progress: &Progress) -> String {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    if progress.messages == 0 {
        return "I found nothing that people said.".to_owned();
    }
    let fresh = match progress.fresh {
        0 => "all of which I had, or am not to keep".to_owned(),
        fresh if fresh == progress.messages => "and keep them".to_owned(),
        fresh => format!("and keep {fresh} that I did not have"),
    };
    format!(
        "I found {} in {}, {fresh}.",
        count(number(progress.messages), "message"),
        count(number(progress.conversations), "conversation")
    )
}
