//! Bringing drafts to their members, and taking up what they say to them.

use crate::{
    chat::console,
    domain::{
        card::EntryContent,
        digest::{Draft, DraftWish, Says},
        event::Event,
        ids::{MemberId, ScheduleId, TenantId},
        intent::Intent,
        job::{Job, JobError},
        member::{Identity, Surface},
        message::Message,
        time::Timestamp,
    },
    error::{Result, UserError},
    intent::draft,
    jobs::{Desk, cards::append, handle::Talk},
    review::words::count,
    standups::draft as drafts,
    store::{self, Tx},
};

/// Offers a draft, or makes the one that is offered say what is true now.
pub(in crate::jobs) async fn offer(
    desk: &Desk,
    tenant: TenantId,
    (schedule, slot, member): (ScheduleId, Timestamp, MemberId),
) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(draft) = tx.draft(schedule, slot, member).await? else { return Ok(()) };
    let Some((message, shown)) = drafts::show(&mut tx, &draft, desk.chance.now()).await? else { return Ok(()) };
    let Some(venue) = tx.schedule(schedule).await?.map(|schedule| schedule.venue) else { return Ok(()) };
    let known = tx.identities(member).await?.into_iter();
    let there = known.into_iter().find(|one| (one.surface, &one.team) == (venue.surface, &venue.team));
    drop(tx);
    match there {
        Some(to) if to.surface == Surface::Slack => in_slack(desk, tenant, draft, &message, (shown, &to)).await,
        _ => Ok(in_console(desk, tenant, (schedule, slot, member), message, shown).await?),
    }
}

async fn in_slack(
    desk: &Desk,
    tenant: TenantId,
    draft: Draft,
    message: &Message,
    (shown, to): (Vec<String>, &Identity),
) -> Result<(), JobError> {
    let slack = desk.slack(tenant, &to.team).await?;
    let content = slack.render(message);
    let offered = if let Some((channel, ts)) = &draft.offered {
        slack.update(channel, ts, &content).await?;
        (channel.clone(), ts.clone())
    } else {
        let posted = slack.post(&to.user, None, &content).await?;
        (posted.channel, posted.ts)
    };
    let mut tx = desk.store.write(tenant).await?;
    // What was said meanwhile stays.
    if let Some(draft) = tx.draft(draft.schedule, draft.slot, draft.member).await? {
        tx.update_draft(&Draft { offered: Some(offered), shown, ..draft }).await?;
    }
    Ok(tx.commit().await?)
}

async fn in_console(
    desk: &Desk,
    tenant: TenantId,
    (schedule, slot, member): (ScheduleId, Timestamp, MemberId),
    message: Message,
    shown: Vec<String>,
) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    let Some(draft) = tx.draft(schedule, slot, member).await? else { return Ok(()) };
    let offered = if let Some(offered) = draft.offered.clone() {
        // The console's lines stay as they are: what changed was answered.
        offered
    } else {
        let reader = console::receive::identity(member);
        let entry = append(desk, &mut tx, Some(member), EntryContent::Answered { message, to: None }).await?;
        (reader.team, entry)
    };
    tx.update_draft(&Draft { offered: Some(offered), shown, ..draft }).await?;
    tx.commit().await
}

/// What words in the thread of a draft want of it; `None` where they are said elsewhere.
pub(in crate::jobs) async fn answered(tx: &mut Tx, talk: &Talk<'_>) -> store::Result<Option<Intent>> {
    let (Event::Words(line) | Event::Reply(line), Some(thread)) = (talk.event, &talk.venue.thread) else {
        return Ok(None);
    };
    // A command is one, wherever it is typed.
    if talk.venue.surface != Surface::Slack || line.trim_start().starts_with('/') {
        return Ok(None);
    }
    let drafts = tx.drafts_of(talk.member.id, Timestamp::from_millis(0)).await?;
    let here = (talk.venue.channel.clone(), thread.clone());
    let meant = drafts.into_iter().find(|draft| draft.offered.as_ref() == Some(&here));
    Ok(meant.map(|meant| Intent::Draft { wish: draft::said(line), slot: Some(meant.slot) }))
}

/// Takes up what a member says of their draft; says what it says now.
pub(in crate::jobs) async fn carry_out(
    desk: &Desk,
    tx: &mut Tx,
    talk: &Talk<'_>,
    (wish, slot): (&DraftWish, Option<Timestamp>),
) -> Result<Message> {
    let now = desk.chance.now();
    let drafts = tx.drafts_of(talk.member.id, now).await?;
    let meant = drafts.into_iter().find(|draft| slot.is_none_or(|slot| draft.slot == slot));
    let Some(mut draft) = meant else { return Err(UserError::new(NONE).into()) };
    if draft.slot <= now {
        return Err(UserError::new(OVER).into());
    }
    let said = take_up(&mut draft, wish)?;
    tx.update_draft(&draft).await?;
    let Some((mut message, shown)) = drafts::show(tx, &draft, now).await? else {
        return Err(UserError::new(OVER).into());
    };
    draft.shown = shown;
    tx.update_draft(&draft).await?;
    let job = Job::OfferDraft { schedule: draft.schedule, slot: draft.slot, member: draft.member };
    tx.enqueue(desk.chance.id(), &job.due(now)).await?;
    match (wish, said) {
        (DraftWish::Show, _) => {}
        (_, said) => message = Message::text(said),
    }
    Ok(message)
}

const NONE: &str = "No draft waits for you. Drafts come before a standup whose schedule has them: \
                    /docket standup edit with drafts sets that in its channel.";
const OVER: &str =
    "That standup has been posted, or does not come any more, so its draft is over. Say it in the channel.";

/// Changes a draft; says what was done.
fn take_up(draft: &mut Draft, wish: &DraftWish) -> Result<String, UserError> {
    let Says { is_left_out, dropped, reworded, added } = &mut draft.says;
    let shown = &draft.shown;
    let key = |number: usize| -> Result<&String, UserError> {
        let found = number.checked_sub(1).and_then(|index| shown.get(index));
        found.ok_or_else(|| {
            let lines = count(shown.len(), "line");
            UserError::new(format!("There is no line {number} in your draft; it has {lines}. /docket draft shows it."))
        })
    };
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
            let words = fitting(words)?;
            if added.len() >= Says::MOST {
                return Err(UserError::new(format!("That is enough: a draft takes {} lines of your own.", Says::MOST)));
            }
            if !added.contains(&words) {
                added.push(words.clone());
            }
            *is_left_out = false;
            Ok(format!("Added: “{words}”. The standup says it in your words."))
        }
        DraftWish::Drop(number) => {
            let key = key(*number)?;
            match key.strip_prefix("said ") {
                Some(words) => added.retain(|added| added != words),
                None => drop(dropped.insert(key.clone())),
            }
            Ok(format!("The standup leaves out line {number}. The plan stays as it is."))
        }
        DraftWish::Reword(number, words) => {
            let (key, words) = (key(*number)?.clone(), fitting(words)?);
            if let Some(before) = key.strip_prefix("said ") {
                added.iter_mut().filter(|added| *added == before).for_each(|added| added.clone_from(&words));
            } else {
                dropped.remove(&key);
                reworded.insert(key, words.clone());
            }
            Ok(format!("Line {number} says “{words}” now. The plan stays as it is."))
        }
    }
}

fn fitting(words: &str) -> Result<String, UserError> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = words.chars().count();
    if length > Says::LONGEST {
        let most = Says::LONGEST;
        return Err(UserError::new(format!(
            "That is {length} characters long; a line of a standup has at most {most}."
        )));
    }
    Ok(words)
}
