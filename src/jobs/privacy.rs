//! What is kept of what people say: turning that off and on, for how long, and forgetting it.

use serde_json::{Value, json};

use crate::{
    answers::is_channel,
    domain::{
        event::Venue,
        intent::{ForgetWish, PrivacyWish},
        message::{Block, Button, ButtonStyle, Message, Span},
    },
    error::{Result, UserError},
    jobs::{Desk, backfill, handle::Talk, roles::only_in_charge, standups::drafts, trail::record},
    review::{propose::may_change, words::count},
    store::Tx,
};

/// Carries out a change of what is kept; says what holds now.
pub(super) async fn set(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &PrivacyWish) -> Result<Message> {
    match wish {
        PrivacyWish::Days(days) => keep_for(desk, tx, talk, *days).await,
        PrivacyWish::Keep(is_kept) => turn(desk, tx, talk, *is_kept).await,
        PrivacyWish::Backfill => backfill::ask(desk, tx, talk).await,
    }
}

async fn keep_for(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, days: u32) -> Result<Message> {
    only_in_charge(tx, talk.member, "Only owners and admins say how long messages are kept.").await?;
    tx.lock_tenant().await?;
    let before = tx.kept_days().await?;
    tx.set_kept_days(days).await?;
    let states = (json!({ "days": before }), json!({ "days": days }));
    record(desk, tx, Some(talk.by()), ("privacy.days", talk.tenant.to_string()), states).await?;
    let days_word = count(usize::try_from(days).unwrap_or(usize::MAX), "day");
    let older = if days < before { " What is older is deleted within the hour." } else { "" };
    Ok(Message::text(format!("Messages are kept for {days_word} now.{older}")))
}

async fn turn(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, is_kept: bool) -> Result<Message> {
    only_in_channels(talk.venue)?;
    may_change(tx, talk.member, talk.venue).await?;
    let before = tx.lock_heard_channel(talk.venue, None).await?;
    if before.is_kept == is_kept {
        let state = if is_kept { "on" } else { "off" };
        return Ok(Message::text(format!("It is {state} here already. /docket privacy says what is kept.")));
    }
    if is_kept && before.set_by != Some(talk.member.id) {
        let words = "Whoever turned it off turns it on again, or an owner or admin.";
        only_in_charge(tx, talk.member, words).await?;
    }
    tx.set_kept(talk.venue, is_kept, talk.member.id).await?;
    if is_kept {
        // What was said meanwhile was said to those who were there alone.
        tx.keep_only_since(talk.venue, talk.delivery.received_at).await?;
    }
    let state = |is_kept: bool| json!({ "channel": talk.venue.channel, "is_kept": is_kept });
    let states = (state(before.is_kept), state(is_kept));
    record(desk, tx, Some(talk.by()), ("privacy.channel", talk.tenant.to_string()), states).await?;
    Ok(Message::text(if is_kept {
        "From now on I keep what is said in this channel, for digests and to find the task it is about. \
         /docket privacy says for how long and who sees it."
    } else {
        "From now on I keep nothing of what is said in this channel, but what is asked of me. What I have already goes \
         when its time is over; /docket forget channel deletes it now."
    }))
}

/// Forgets what somebody wants forgotten; says how much that was.
pub(super) async fn forget(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &ForgetWish) -> Result<Message> {
    // What was said before these words goes, however much of it still waits to be taken in.
    let at = talk.delivery.received_at;
    let (messages, what) = match wish {
        ForgetWish::Me => (tx.forget_said_by(talk.member.id, at).await?, "of yours".to_owned()),
        ForgetWish::Channel { is_sure } => {
            only_in_channels(talk.venue)?;
            may_change(tx, talk.member, talk.venue).await?;
            if !is_sure {
                return confirm(tx, talk.venue).await;
            }
            (tx.forget_said_in(talk.venue, at).await?, "of this channel".to_owned())
        }
        ForgetWish::Thread(number) => {
            may_change(tx, talk.member, talk.venue).await?;
            // Of a conversation elsewhere nobody learns here whether it is there.
            let found = tx.thread(*number).await?;
            let may_know = |at: &Venue| at.is_channel_of(talk.venue) || talk.member.is_in_charge();
            let Some(thread) = found.filter(|thread| may_know(&thread.venue)) else {
                let words =
                    format!("There is no conversation T-{number} of this channel. It may be forgotten already.");
                return Err(UserError::new(words).into());
            };
            (tx.forget_thread(thread.id, at).await?, format!("of T-{number}"))
        }
    };
    tx.forget_wordings().await?;
    let drafts = match wish {
        ForgetWish::Me => drafts::forget(desk, tx, talk.member.id).await?,
        ForgetWish::Channel { .. } | ForgetWish::Thread(_) => 0,
    };
    let states = (json!({ "messages": messages }), Value::Null);
    record(desk, tx, Some(talk.by()), ("messages.forgotten", talk.tenant.to_string()), states).await?;
    let messages_words = format!("{} {what}", count(messages, "message"));
    Ok(Message::text(match (messages, drafts) {
        (0, 0) => format!("There was nothing to forget: no messages {what} are kept."),
        (_, 0) => format!("Forgotten: {messages_words}."),
        (0, _) => "Forgotten: what you said of your drafts.".to_owned(),
        (_, _) => format!("Forgotten: {messages_words}, and what you said of your drafts."),
    }))
}

/// Asks whether a whole channel is to be forgotten.
async fn confirm(tx: &mut Tx, venue: &Venue) -> Result<Message> {
    let messages =
        tx.kept().await?.iter().find(|kept| kept.channel.venue.is_channel_of(venue)).map_or(0, |kept| kept.messages);
    if messages == 0 {
        return Ok(Message::text("There is nothing to forget: no messages of this channel are kept."));
    }
    let messages = count(usize::try_from(messages).unwrap_or(usize::MAX), "message");
    let question = format!("Forget {messages} of this channel, of everybody and for good?");
    let button = Button::say(format!("Forget {messages}"), "forget channel yes");
    let button = Button { style: ButtonStyle::Danger, ..button };
    Ok(Message {
        summary: question.clone(),
        blocks: vec![Block::Text(vec![Span::Plain(question)]), Block::Buttons(vec![button])],
    })
}

pub(super) fn only_in_channels(venue: &Venue) -> Result<()> {
    if is_channel(venue) {
        return Ok(());
    }
    let words = "This is no channel: nothing is kept here but what you ask of me. Say it in the channel that you mean.";
    Err(UserError::new(words).into())
}
