//! Setting reminders, taking them back, and telling them when their time has come.

use std::time::Duration;

use crate::{
    answers::reminders::{about, told},
    domain::{
        ids::{ProjectId, ReminderId, TenantId},
        intent::RemindWish,
        job::{Job, JobError},
        member::Standing,
        message::{Block, Message, Span},
        reminder::{LONGEST, MOST, Reminder},
        schedule::Moment,
        task::TaskNumber,
    },
    error::{Result, UserError},
    intent::place::unknown_task,
    jobs::{
        Desk,
        cards::write_to,
        errand::Errand,
        handle::Talk,
        think::Thought,
        wish::{Wish, no_project},
    },
    review::words::moment,
    store::Tx,
};

/// How far ahead a reminder may lie.
const FURTHEST: Duration = Duration::from_hours(366 * 24);

/// What somebody wants of their own reminders, with the task that they mean.
pub(super) enum Reminding {
    Set { task: Option<(ProjectId, TaskNumber)>, at: Moment, words: String },
    Cancel(usize),
}

/// Finds out which task is meant. Everybody may remind themselves: it changes no plan.
pub(super) async fn think(wish: &Wish<'_>, tx: &mut Tx, wanted: RemindWish) -> Result<Thought> {
    let (task, at, words) = match wanted {
        RemindWish::Set { task, at, words } => (task, at, words),
        RemindWish::Cancel(number) => return Ok(Thought::Errand(Errand::Remind(Reminding::Cancel(number)))),
    };
    let task = match task {
        None => None,
        Some(name) => match wish.task(tx, &name).await? {
            Err(instead) => return Ok(Thought::Say(instead)),
            Ok((project, number)) => {
                if tx.task(project.id, number).await?.is_none() {
                    let plan = tx.plan(project.id).await?.ok_or_else(no_project)?;
                    return Err(unknown_task(&project.key, number, plan.tasks().map(|task| task.number)).into());
                }
                Some((project.id, number))
            }
        },
    };
    Ok(Thought::Errand(Errand::Remind(Reminding::Set { task, at, words })))
}

/// Sets a reminder or takes one back; says what holds now.
pub(super) async fn carry_out(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wanted: Reminding) -> Result<Message> {
    // Several at once would otherwise count, or number, what the others are about to change.
    tx.lock_tenant().await?;
    match wanted {
        Reminding::Set { task, at, words } => set(desk, tx, talk, (task, at, words)).await,
        Reminding::Cancel(number) => cancel(tx, talk, number).await,
    }
}

async fn set(
    desk: &Desk,
    tx: &mut Tx,
    talk: &Talk<'_>,
    (of, at, words): (Option<(ProjectId, TaskNumber)>, Moment, String),
) -> Result<Message> {
    let zone = tx.availability(talk.member).await?.zone;
    // As long after the words were said as they say, however long they waited.
    let asked = talk.delivery.received_at;
    let Some(at) = at.instant(asked, zone) else {
        let words = format!(
            "That is over: for you it is {}. Say a moment ahead, such as: /docket remind AUTH-3 tomorrow 10:00 look at the logs",
            moment(asked, zone)
        );
        return Err(UserError::new(words).into());
    };
    if at.since(asked) > FURTHEST {
        return Err(UserError::new("That is more than a year ahead. Say a moment within a year.").into());
    }
    if words.chars().count() > LONGEST {
        let words = format!("A reminder may be {LONGEST} characters long. Say it in fewer words; nothing was set.");
        return Err(UserError::new(words).into());
    }
    if tx.reminders_of(talk.member.id).await?.len() >= MOST {
        let words = format!(
            "{MOST} reminders of yours wait already, which is the most. Take one back first: /docket remind list"
        );
        return Err(UserError::new(words).into());
    }
    let reminder = Reminder {
        id: desk.chance.id(),
        member: talk.member.id,
        to: talk.identity.clone(),
        task: of,
        words,
        at,
        created_at: asked,
    };
    tx.insert_reminder(&reminder).await?;
    tx.enqueue(desk.chance.id(), &Job::Remind { reminder: reminder.id }.due(at)).await?;
    let about = about(tx, &reminder).await?;
    let words = format!("I remind you in a private message on {}: {about}", moment(at, zone));
    let hint = vec![Span::plain("Your reminders: "), Span::Code("/docket remind list".to_owned())];
    Ok(Message { summary: words.clone(), blocks: vec![Block::Text(vec![Span::Plain(words)]), Block::Context(hint)] })
}

async fn cancel(tx: &mut Tx, talk: &Talk<'_>, number: usize) -> Result<Message> {
    let waiting = tx.reminders_of(talk.member.id).await?;
    let Some(reminder) = number.checked_sub(1).and_then(|index| waiting.get(index)) else {
        let words = format!("You have no reminder number {number}. /docket remind list has them. Nothing was changed.");
        return Err(UserError::new(words).into());
    };
    let zone = tx.availability(talk.member).await?.zone;
    let about = about(tx, reminder).await?;
    tx.remove_reminder(reminder.id).await?;
    Ok(Message::text(format!("Taken back: {}, {about}", moment(reminder.at, zone))))
}

/// Tells a reminder, once: it is gone in the transaction that queues its message.
pub(super) async fn tell(desk: &Desk, tenant: TenantId, id: ReminderId) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    let Some(reminder) = tx.reminder(id).await? else { return Ok(()) };
    if !tx.remove_reminder(id).await? {
        return Ok(());
    }
    // Whoever left is told nothing any more.
    let member = tx.member(reminder.member).await?;
    if let Some(member) = member.filter(|member| member.standing != Standing::Gone) {
        let message = told(&mut tx, &reminder, &member, desk.chance.now()).await?;
        write_to(desk, &mut tx, reminder.to, message).await?;
    }
    Ok(tx.commit().await?)
}
