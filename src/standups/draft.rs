//! Private drafts: what a digest will tell of a member, for them to correct beforehand. The digest never waits for them.

use std::{collections::BTreeSet, time::Duration};

use super::{
    load,
    words::{Say, joined},
};
use crate::{
    clock::Chance,
    domain::{
        digest::{About, Digest, Draft, Person, Says, Section, offer_at},
        ids::{MemberId, ScheduleId, TenantId},
        job::Job,
        message::{Block, Button, Line, Message, Span},
        schedule::{DigestKind, Schedule},
        time::Timestamp,
    },
    store::{self, Store, Tx},
};

/// How long before a digest the first of its drafts may come: in the last hour of somebody's working day before a long
/// weekend.
const EARLIEST: Duration = Duration::from_hours(5 * 24);
/// Characters of a title.
const TITLE: usize = 80;

/// Offers every draft whose moment has come, each once.
///
/// # Errors
/// When it can't be found out which schedules offer drafts.
pub async fn offer_due(store: &Store, chance: &Chance) -> store::Result<()> {
    let now = chance.now();
    for (tenant, schedule) in store.schedules_with_drafts(now, now.plus(EARLIEST)).await? {
        if let Err(error) = offer(store, chance, tenant, schedule).await {
            tracing::warn!(%tenant, %schedule, %error, "drafts could not be offered; trying again");
        }
    }
    Ok(())
}

async fn offer(store: &Store, chance: &Chance, tenant: TenantId, id: ScheduleId) -> store::Result<()> {
    let now = chance.now();
    let mut tx = store.read(tenant).await?;
    let Some((schedule, slot)) = next(&mut tx, id, now).await? else { return Ok(()) };
    let due = due(&mut tx, &schedule, slot, now).await?;
    drop(tx);
    if due.is_empty() {
        return Ok(());
    }
    let mut tx = store.write(tenant).await?;
    for member in due {
        let draft = Draft {
            schedule: id,
            slot,
            member,
            offered: None,
            shown: Vec::new(),
            says: Says::default(),
            created_at: now,
        };
        if tx.insert_draft(&draft).await? {
            tx.enqueue(chance.id(), &Job::OfferDraft { schedule: id, slot, member }.due(now)).await?;
        }
    }
    tx.commit().await
}

/// A schedule that offers drafts, with its next slot, which has not come yet.
async fn next(tx: &mut Tx, id: ScheduleId, now: Timestamp) -> store::Result<Option<(Schedule, Timestamp)>> {
    let schedule = tx.schedule(id).await?.filter(|one| one.has_drafts && one.kind == DigestKind::Standup);
    Ok(schedule.and_then(|schedule| {
        let slot = schedule.next_run_at.filter(|slot| now < *slot)?;
        Some((schedule, slot))
    }))
}

/// Whose drafts are due and not made yet: of those who are in the team and work on the day of the digest.
async fn due(tx: &mut Tx, schedule: &Schedule, slot: Timestamp, now: Timestamp) -> store::Result<Vec<MemberId>> {
    let known: BTreeSet<MemberId> = tx.says(schedule.id, slot).await?.into_keys().collect();
    let members = tx.members().await?;
    let available = tx.availabilities(&members).await?;
    let ready: BTreeSet<MemberId> = members
        .iter()
        .zip(&available)
        .filter(|(member, _)| !known.contains(&member.id))
        .filter(|(_, theirs)| offer_at(theirs, slot).is_some_and(|at| at <= now))
        .map(|(member, _)| member.id)
        .collect();
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    let loaded = load::for_drafts(tx, &coming(schedule, slot), now).await?;
    Ok(loaded.team().into_iter().map(|hand| hand.member).filter(|member| ready.contains(member)).collect())
}

/// The digest that will come.
fn coming(schedule: &Schedule, slot: Timestamp) -> Digest {
    Digest {
        schedule: Some(schedule.id),
        projects: schedule.projects.clone(),
        ..Digest::unstored(schedule.kind, &schedule.venue, slot)
    }
}

/// What a draft says now, and the keys of its numbered lines. `None` where its digest does not come any more, at that
/// instant, or has come.
pub async fn show(tx: &mut Tx, draft: &Draft, now: Timestamp) -> store::Result<Option<(Message, Vec<String>)>> {
    let Some((schedule, slot)) = next(tx, draft.schedule, now).await? else { return Ok(None) };
    if slot != draft.slot {
        return Ok(None);
    }
    let digest = coming(&schedule, slot);
    let loaded = load::for_drafts(tx, &digest, now).await?;
    let say = Say { today: loaded.today, zone: schedule.zone, title: TITLE };
    Ok(Some(message(&say, draft, loaded.untouched(draft.member).as_ref())))
}

/// The draft in words: every fact with its number, what was dropped struck, what was said otherwise in quotes.
fn message(say: &Say, draft: &Draft, person: Option<&Person>) -> (Message, Vec<String>) {
    let says = &draft.says;
    let (mut lines, mut keys) = (Vec::new(), Vec::new());
    let mut push = |key: String, spans: Vec<Span>| {
        keys.push(key);
        let number = Span::plain(format!("{}. ", keys.len()));
        lines.push(Line::plain(std::iter::once(number).chain(spans).collect()));
    };
    for fact in person.iter().flat_map(|person| &person.facts) {
        let key = fact.key();
        let name = match fact.section {
            Section::Done => "Done: ",
            Section::Doing => "Now: ",
            Section::Blocked => "Blocked: ",
            Section::Next => "Next: ",
        };
        let words = match says.reworded.get(&key) {
            Some(words) => say.about(&About::Said(words.clone())),
            None => say.about(&fact.about),
        };
        let spans = joined([vec![Span::plain(name)], words], "");
        let spans = if says.dropped.contains(&key) {
            vec![Span::Struck(crate::domain::message::plain(&spans)), Span::plain(" (left out)")]
        } else {
            spans
        };
        push(key, spans);
    }
    for words in &says.added {
        push(format!("said {words}"), say.about(&About::Said(words.clone())));
    }
    let title = if says.is_left_out {
        vec![Span::plain("You are left out of the standup at "), Span::Time(draft.slot), Span::plain(".")]
    } else {
        vec![
            Span::plain("Is this right? It is what the standup at "),
            Span::Time(draft.slot),
            Span::plain(" says of you."),
        ]
    };
    let summary = crate::domain::message::plain(&title);
    let mut blocks = vec![Block::Text(title)];
    if lines.is_empty() {
        blocks.push(Block::Text(vec![Span::plain("Nothing so far.")]));
    } else {
        blocks.push(Block::Lines { lines, more: None });
    }
    let other = if says.is_left_out { ("Put me back", "draft ok") } else { ("Leave me out today", "draft skip") };
    blocks.push(Block::Buttons(vec![Button::say("It is right", "draft ok"), Button::say(other.0, other.1)]));
    blocks.push(Block::Context(vec![
        Span::plain("If it is, there is nothing to do. Else answer in this thread, or say "),
        Span::Code("/docket draft add Talked to legal".to_owned()),
        Span::plain(", "),
        Span::Code("draft drop 2".to_owned()),
        Span::plain(" or "),
        Span::Code("draft 2: other words".to_owned()),
        Span::plain(". The plan stays as it is."),
    ]));
    if says.is_left_out {
        // One button says it all.
        blocks.retain(|block| !matches!(block, Block::Context(_)));
        if let Some(Block::Buttons(buttons)) = blocks.iter_mut().find(|block| matches!(block, Block::Buttons(_))) {
            buttons.remove(0);
        }
    }
    (Message { summary, blocks }, keys)
}
