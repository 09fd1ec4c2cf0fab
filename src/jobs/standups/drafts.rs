//! Bringing drafts to their members, and taking up what they say to them.

use crate::{
    chat::console,
    domain::{
        card::EntryContent,
        digest::{Draft, DraftWish, Says},
        event::{Event, Venue},
        ids::{MemberId, ScheduleId, TenantId},
        job::{Job, JobError},
        member::{Identity, Surface},
        message::{Block, Line, Message, Span},
        time::Timestamp,
    },
    error::{Result, UserError},
    intent::draft,
    jobs::{
        Desk,
        cards::{append, way_to},
        handle::Talk,
    },
    review::words::count,
    standups::draft as drafts,
    store::{self, Tx},
};

/// Offers a draft, or makes the one that is offered say what is true now.
pub(in crate::jobs) async fn offer(
    desk: &Desk,
    tenant: TenantId,
    of: (ScheduleId, Timestamp, MemberId),
) -> Result<(), JobError> {
    let (schedule, slot, member) = of;
    let now = desk.chance.now();
    let mut tx = desk.store.read(tenant).await?;
    let Some(draft) = tx.draft(schedule, slot, member).await? else { return Ok(()) };
    let Some(schedule) = drafts::schedule_of(&mut tx, &draft, now).await? else { return Ok(()) };
    let (message, shown) = drafts::show(&mut tx, &draft, &schedule, now).await?;
    let to = way_to(&mut tx, member, &schedule.venue).await?;
    drop(tx);
    match to.surface {
        Surface::Slack => {
            let offered = in_slack(desk, tenant, draft.offered, &message, &to).await?;
            let mut tx = desk.store.write(tenant).await?;
            tx.set_offered(of, &offered, &shown).await?;
            Ok(tx.commit().await?)
        }
        Surface::Console => Ok(in_console(desk, tenant, of, message, &shown).await?),
    }
}

async fn in_slack(
    desk: &Desk,
    tenant: TenantId,
    offered: Option<(String, String)>,
    message: &Message,
    to: &Identity,
) -> Result<(String, String), JobError> {
    let slack = desk.slack(tenant, &to.team).await?;
    let content = slack.render(message);
    if let Some((channel, ts)) = offered {
        slack.update(&channel, &ts, &content).await?;
        return Ok((channel, ts));
    }
    let posted = slack.post(&to.user, None, &content).await?;
    Ok((posted.channel, posted.ts))
}

/// The console's lines stay as they are: what changed was answered.
async fn in_console(
    desk: &Desk,
    tenant: TenantId,
    of: (ScheduleId, Timestamp, MemberId),
    message: Message,
    shown: &[String],
) -> store::Result<()> {
    let (schedule, slot, member) = of;
    let mut tx = desk.store.write(tenant).await?;
    let draft = tx.lock_draft(schedule, slot, member).await?;
    if draft.is_none_or(|draft| draft.offered.is_some()) {
        return Ok(());
    }
    let entry = append(desk, &mut tx, Some(member), EntryContent::Answered { message, to: None }).await?;
    tx.set_offered(of, &(console::receive::identity(member).team, entry), shown).await?;
    tx.commit().await
}

/// What words in the thread of a draft want of which draft; `None` where they are said elsewhere.
pub(in crate::jobs) async fn answered(
    tx: &mut Tx,
    talk: &Talk<'_>,
) -> store::Result<Option<((ScheduleId, Timestamp), DraftWish)>> {
    let (Event::Words(line) | Event::Reply(line), Some(thread)) = (talk.event, &talk.venue.thread) else {
        return Ok(None);
    };
    // A command is one, wherever it is typed.
    if talk.venue.surface != Surface::Slack || line.trim_start().starts_with('/') {
        return Ok(None);
    }
    let draft = tx.draft_at(talk.member.id, &talk.venue.channel, thread).await?;
    Ok(draft.map(|draft| ((draft.schedule, draft.slot), draft::said(line))))
}

/// Takes up what a member says of a draft of theirs, of the only one where they don't say which; says what it says now.
pub(in crate::jobs) async fn carry_out(
    desk: &Desk,
    tx: &mut Tx,
    talk: &Talk<'_>,
    (wish, of): (DraftWish, Option<(ScheduleId, Timestamp)>),
) -> Result<Message> {
    let (now, member) = (desk.chance.now(), talk.member.id);
    let wish = fitting(wish)?;
    let (schedule, slot) = match of {
        Some(of) => of,
        None => match &waiting(tx, member, now).await?[..] {
            [] => return Err(UserError::new(NONE).into()),
            [(draft, _)] => (draft.schedule, draft.slot),
            several => return Ok(which(&wish, several)),
        },
    };
    let over = || UserError::new(OVER);
    let mut draft = tx.lock_draft(schedule, slot, member).await?.ok_or_else(over)?;
    let schedule = drafts::schedule_of(tx, &draft, now).await?.ok_or_else(over)?;
    let answer = if wish == DraftWish::Show {
        let (message, shown) = drafts::show(tx, &draft, &schedule, now).await?;
        draft.shown = shown;
        message
    } else {
        Message::text(take_up(&mut draft, wish)?)
    };
    tx.set_says(&draft).await?;
    renew(desk, tx, &draft).await?;
    Ok(answer)
}

/// Makes the message of a draft say what is true.
async fn renew(desk: &Desk, tx: &mut Tx, draft: &Draft) -> store::Result<()> {
    let job = Job::OfferDraft { schedule: draft.schedule, slot: draft.slot, member: draft.member };
    tx.enqueue(desk.chance.id(), &job.due(desk.chance.now())).await?;
    Ok(())
}

/// The drafts of a member that can still be changed, each with the place of its standup.
async fn waiting(tx: &mut Tx, member: MemberId, now: Timestamp) -> Result<Vec<(Draft, Venue)>> {
    let mut waiting = Vec::new();
    let all = tx.drafts_of(member).await?;
    let is_known = !all.is_empty();
    for draft in all {
        if let Some(schedule) = drafts::schedule_of(tx, &draft, now).await? {
            waiting.push((draft, schedule.venue));
        }
    }
    if waiting.is_empty() && is_known {
        return Err(UserError::new(OVER).into());
    }
    Ok(waiting)
}

/// Asks which of several drafts is meant.
fn which(wish: &DraftWish, waiting: &[(Draft, Venue)]) -> Message {
    let question = format!("{} of yours wait. Which one do you mean?", count(waiting.len(), "draft"));
    let numbered = || waiting.iter().enumerate().map(|(index, (draft, home))| (index + 1, draft, home));
    let lines = numbered().map(|(number, draft, home)| {
        let number = Span::Plain(format!("{number}. "));
        Line::plain(std::iter::once(number).chain(drafts::standup(home, draft.slot)).collect())
    });
    let buttons =
        numbered().map(|(number, draft, _)| drafts::button(&number.to_string(), (draft.schedule, draft.slot), wish));
    Message {
        summary: question.clone(),
        blocks: vec![
            Block::Text(vec![Span::Plain(question)]),
            Block::Lines { lines: lines.collect(), more: None },
            Block::Buttons(buttons.collect()),
        ],
    }
}

/// Forgets what a member said of their drafts in words. Says in how many.
pub(in crate::jobs) async fn forget(desk: &Desk, tx: &mut Tx, member: MemberId) -> store::Result<usize> {
    let mut forgotten = 0;
    for draft in tx.drafts_of(member).await? {
        let Some(mut draft) = tx.lock_draft(draft.schedule, draft.slot, member).await? else { continue };
        if draft.forget_words() {
            tx.set_says(&draft).await?;
            renew(desk, tx, &draft).await?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

const NONE: &str = "No draft waits for you. Drafts come before a standup whose schedule has them: \
                    /docket standup edit with drafts sets that in its channel.";
const OVER: &str =
    "That standup has been posted, or does not come any more, so its draft is over. Say it in the channel.";

/// Changes a draft; says what was done.
fn take_up(draft: &mut Draft, wish: DraftWish) -> Result<String, UserError> {
    let Draft { shown, says: Says { is_left_out, dropped, reworded, added }, .. } = draft;
    match wish {
        DraftWish::Show => Ok(String::new()),
        DraftWish::Fine => {
            *is_left_out = false;
            Ok("Good. That is what the standup says of you.".to_owned())
        }
        DraftWish::LeaveOut => {
            *is_left_out = true;
            Ok("You are left out of this standup. /docket draft ok puts you back.".to_owned())
        }
        DraftWish::Add(words) => {
            if added.len() >= Says::MOST {
                return Err(UserError::new(format!("That is enough: a draft takes {} lines of your own.", Says::MOST)));
            }
            if !added.contains(&words) {
                added.push(words.clone());
                shown.push(Says::key_of(&words));
            }
            *is_left_out = false;
            Ok(format!("Added: “{words}”. The standup says it in your words."))
        }
        DraftWish::Drop(number) => {
            let key = numbered(shown, number)?;
            match Says::added_by(key) {
                Some(words) => added.retain(|added| added != words),
                None => drop(dropped.insert(key.clone())),
            }
            Ok(format!("The standup leaves out line {number}. The plan stays as it is."))
        }
        DraftWish::Reword(number, words) => {
            let key = numbered(shown, number)?;
            let said = format!("Line {number} says “{words}” now. The plan stays as it is.");
            if let Some(before) = Says::added_by(key) {
                added.iter_mut().filter(|added| *added == before).for_each(|added| added.clone_from(&words));
                *key = Says::key_of(&words);
            } else {
                dropped.remove(key);
                reworded.insert(key.clone(), words);
            }
            Ok(said)
        }
    }
}

/// What the line of a number is about.
fn numbered(shown: &mut [String], number: usize) -> Result<&mut String, UserError> {
    let lines = count(shown.len(), "line");
    number.checked_sub(1).and_then(|index| shown.get_mut(index)).ok_or_else(|| {
        UserError::new(format!("There is no line {number} in your draft; it has {lines}. /docket draft shows it."))
    })
}

/// A wish whose words fit into a line of a standup.
fn fitting(wish: DraftWish) -> Result<DraftWish, UserError> {
    let (DraftWish::Add(words) | DraftWish::Reword(_, words)) = &wish else { return Ok(wish) };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = words.chars().count();
    if length > Says::LONGEST {
        let most = Says::LONGEST;
        return Err(UserError::new(format!(
            "That is {length} characters long; a line of a standup has at most {most}."
        )));
    }
    Ok(match wish {
        DraftWish::Reword(number, _) => DraftWish::Reword(number, words),
        _ => DraftWish::Add(words),
    })
}
