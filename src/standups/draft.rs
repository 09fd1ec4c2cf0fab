//! Private drafts: what a digest will tell of a member, for them to correct beforehand. The digest never waits for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    crew, load,
    words::{Say, joined},
};
use crate::{
    clock::Chance,
    domain::{
        digest::{About, Digest, Draft, DraftWish, Person, Says, Section, offer_at},
        event::Venue,
        ids::{MemberId, ScheduleId, TenantId},
        job::Job,
        message::{Block, Button, Line, Message, Span, plain},
        schedule::Schedule,
        time::Timestamp,
    },
    intent::draft,
    store::{self, Store, Tx},
};

/// How long before a digest the first of its drafts may come: in the last hour of somebody's working day before a long
/// weekend.
const EARLIEST: Duration = Duration::from_hours(5 * 24);
/// Characters of a title.
const TITLE: usize = 80;

/// For whom a slot of a schedule has no draft, because there is nothing to tell of them. Whoever looks again and again
/// keeps it, so that nothing is loaded for the same people twice.
#[derive(Debug, Default)]
pub struct Passed(BTreeMap<(ScheduleId, Timestamp), BTreeSet<MemberId>>);

/// Offers every draft whose moment has come, each once. Says for how many digests it was loaded of whom they tell.
///
/// # Errors
/// When it can't be found out which schedules offer drafts.
pub async fn offer_due(store: &Store, chance: &Chance, passed: &mut Passed) -> store::Result<usize> {
    let now = chance.now();
    let mut loaded = 0;
    for (tenant, schedule) in store.schedules_with_drafts(now, now.plus(EARLIEST)).await? {
        match offer(store, chance, (tenant, schedule), passed).await {
            Ok(is_loaded) => loaded += usize::from(is_loaded),
            Err(error) => {
                tracing::warn!(%tenant, %schedule, %error, "drafts could not be offered; trying again");
            }
        }
    }
    passed.0.retain(|(_, slot), _| now < *slot);
    Ok(loaded)
}

async fn offer(
    store: &Store,
    chance: &Chance,
    (tenant, id): (TenantId, ScheduleId),
    passed: &mut Passed,
) -> store::Result<bool> {
    let now = chance.now();
    let mut tx = store.read(tenant).await?;
    let Some((schedule, slot)) = next(&mut tx, id, now).await? else { return Ok(false) };
    let passed = passed.0.entry((id, slot)).or_default();
    let ready = ready(&mut tx, (id, slot), passed, now).await?;
    if ready.is_empty() {
        return Ok(false);
    }
    let loaded = load::for_drafts(&mut tx, &coming(&schedule, slot), now).await?;
    drop(tx);
    let team: BTreeSet<MemberId> = loaded.team().into_iter().map(|hand| hand.member).collect();
    let (due, nothing): (Vec<MemberId>, Vec<MemberId>) = ready.into_iter().partition(|member| team.contains(member));
    passed.extend(nothing);
    if due.is_empty() {
        return Ok(true);
    }
    let mut tx = store.write(tenant).await?;
    for member in due {
        let (offered, shown, says) = (None, Vec::new(), Says::default());
        let draft = Draft { schedule: id, slot, member, offered, shown, says, created_at: now };
        if tx.insert_draft(&draft).await? {
            tx.enqueue(chance.id(), &Job::OfferDraft { schedule: id, slot, member }.due(now)).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// A schedule that offers drafts, with its next slot, which has not come yet.
async fn next(tx: &mut Tx, id: ScheduleId, now: Timestamp) -> store::Result<Option<(Schedule, Timestamp)>> {
    let schedule = tx.schedule(id).await?.filter(Schedule::offers_drafts);
    Ok(schedule.and_then(|schedule| {
        let slot = schedule.next_run_at.filter(|slot| now < *slot)?;
        Some((schedule, slot))
    }))
}

/// The schedule of a draft, as long as its digest comes at that instant and has not come yet.
pub async fn schedule_of(tx: &mut Tx, draft: &Draft, now: Timestamp) -> store::Result<Option<Schedule>> {
    let next = next(tx, draft.schedule, now).await?;
    Ok(next.filter(|(_, slot)| *slot == draft.slot).map(|(schedule, _)| schedule))
}

/// Whose moment has come, of those of whom digests tell and who work on the day of this one, without those who have
/// their draft and those who were passed over.
async fn ready(
    tx: &mut Tx,
    (schedule, slot): (ScheduleId, Timestamp),
    passed: &BTreeSet<MemberId>,
    now: Timestamp,
) -> store::Result<Vec<MemberId>> {
    let known = tx.says(schedule, slot).await?;
    let mut members = tx.members().await?;
    members.retain(|one| crew::is_told_of(one) && !known.contains_key(&one.id) && !passed.contains(&one.id));
    let available = tx.availabilities(&members).await?;
    let moments = available.iter().map(|theirs| offer_at(theirs, slot));
    let due = members.iter().zip(moments).filter(|(_, at)| at.is_some_and(|at| at <= now));
    Ok(due.map(|(member, _)| member.id).collect())
}

/// The digest that will come.
fn coming(schedule: &Schedule, slot: Timestamp) -> Digest {
    Digest {
        schedule: Some(schedule.id),
        projects: schedule.projects.clone(),
        ..Digest::unstored(schedule.kind, &schedule.venue, slot)
    }
}

/// What a draft says now, and what its numbered lines are about. Its digest is one of this schedule.
pub async fn show(
    tx: &mut Tx,
    draft: &Draft,
    schedule: &Schedule,
    now: Timestamp,
) -> store::Result<(Message, Vec<String>)> {
    let loaded = load::for_drafts(tx, &coming(schedule, draft.slot), now).await?;
    let say = Say { today: loaded.today, zone: schedule.zone, title: TITLE };
    let (lines, keys) = lines(&say, &draft.says, loaded.untouched(draft.member).as_ref());
    Ok((message(draft, &schedule.venue, lines), keys))
}

/// Every fact with its number: what was dropped struck, what was said otherwise in quotes.
fn lines(say: &Say, says: &Says, person: Option<&Person>) -> (Vec<Line>, Vec<String>) {
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
            vec![Span::Struck(plain(&spans)), Span::plain(" (left out)")]
        } else {
            spans
        };
        push(key, spans);
    }
    for words in &says.added {
        push(Says::key_of(words), say.about(&About::Said(words.clone())));
    }
    (lines, keys)
}

/// A draft in words, with what can be done about it.
fn message(draft: &Draft, home: &Venue, lines: Vec<Line>) -> Message {
    let of = (draft.schedule, draft.slot);
    let ((before, after), summary, buttons) = if draft.says.is_left_out {
        let put_back = button("Put me back", of, &DraftWish::Fine);
        (("You are left out of ", "."), "You are left out of a standup.", vec![put_back])
    } else {
        let fine = button("It is right", of, &DraftWish::Fine);
        let leave_out = button("Leave me out today", of, &DraftWish::LeaveOut);
        let words = ("Is this right? It is what ", " says of you.");
        (words, "Is this right? It is what a standup says of you.", vec![fine, leave_out])
    };
    let title = joined([vec![Span::plain(before)], standup(home, draft.slot), vec![Span::plain(after)]], "");
    let facts = if lines.is_empty() {
        Block::Text(vec![Span::plain("Nothing so far.")])
    } else {
        Block::Lines { lines, more: None }
    };
    let mut blocks = vec![Block::Text(title), facts, Block::Buttons(buttons)];
    if !draft.says.is_left_out {
        blocks.push(Block::Context(vec![
            Span::plain("If it is, there is nothing to do. Else answer in this thread, or say "),
            Span::Code("/docket draft add Talked to legal".to_owned()),
            Span::plain(", "),
            Span::Code("draft drop 2".to_owned()),
            Span::plain(" or "),
            Span::Code("draft 2: other words".to_owned()),
            Span::plain(". The plan stays as it is."),
        ]));
    }
    Message { summary: summary.to_owned(), blocks }
}

/// `the standup of Mon 23 Nov 10:30 in #auth`.
pub fn standup(home: &Venue, slot: Timestamp) -> Vec<Span> {
    let place = match home.address() {
        Some(url) => Span::Channel { channel: home.channel.clone(), url },
        None => Span::plain("the console"),
    };
    vec![Span::plain("the standup of "), Span::Time(slot), Span::plain(" in "), place]
}

/// A button that wants this of the draft of one slot of a schedule.
pub fn button(label: &str, of: (ScheduleId, Timestamp), wish: &DraftWish) -> Button {
    Button::say(label, draft::line(of, wish))
}
