//! `remind list`, and what a reminder says when its time has come.

use super::{
    Ask,
    line::{Lines, assignees, titled},
    teach, whoami,
};
use crate::{
    domain::{
        member::Member,
        message::{Block, Line, Message, Span},
        reminder::Reminder,
        schedule::wall,
        task::Status,
        time::Timestamp,
    },
    review::{
        facts::names,
        words::{clip, count, moment},
    },
    store::{self, Tx},
};

/// Characters of a reminder's words in a list.
const WORDS: usize = 100;

/// The sender's reminders, numbered for `remind cancel`.
pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let Some(me) = ask.sender else { return Ok(whoami::stranger()) };
    let waiting = tx.reminders_of(me.id).await?;
    if waiting.is_empty() {
        return Ok(teach(
            "You have no reminders. Set one with",
            "/docket remind AUTH-3 tomorrow 10:00 look at the logs",
        ));
    }
    let zone = tx.availability(me).await?.zone;
    let mut lines = Vec::new();
    for (index, reminder) in waiting.iter().enumerate() {
        let about = about(tx, reminder).await?;
        lines.push(Line::plain(vec![Span::plain(format!("{}. {} · {about}", index + 1, moment(reminder.at, zone)))]));
    }
    let blocks = vec![
        Block::Lines { lines, more: None },
        Block::Context(vec![Span::plain("To take one back: "), Span::Code("/docket remind cancel 1".to_owned())]),
    ];
    Ok(titled("Your reminders".to_owned(), count(waiting.len(), "reminder"), blocks))
}

/// What a reminder is about, in a line: `AUTH-3, look at the logs`.
///
/// # Errors
/// When the database fails.
pub async fn about(tx: &mut Tx, reminder: &Reminder) -> store::Result<String> {
    let mut parts = Vec::new();
    if let Some((project, number)) = reminder.task {
        let key = tx.project(project).await?.map(|project| project.key);
        parts.push(key.map_or_else(|| "a task that is gone".to_owned(), |key| format!("{key}-{number}")));
    }
    if !reminder.words.is_empty() {
        parts.push(clip(&reminder.words, WORDS));
    }
    Ok(parts.join(", "))
}

/// What a reminder says: its words, and how its task stands now. One line where there is nothing left to do.
///
/// # Errors
/// When the database fails.
pub async fn told(tx: &mut Tx, reminder: &Reminder, me: &Member, now: Timestamp) -> store::Result<Message> {
    let words = reminder.words.as_str();
    let Some((project, number)) = reminder.task else { return Ok(said(words, &[])) };
    let of = if words.is_empty() { String::new() } else { format!(" ({words})") };
    let task = tx.task(project, number).await?;
    let (Some(project), Some(task)) = (tx.project(project).await?, task) else {
        let about = about(tx, &Reminder { words: String::new(), ..reminder.clone() }).await?;
        return Ok(Message::text(format!("You wanted to be reminded of {about}{of}: it is no longer in the plan.")));
    };
    let title = &task.fields.title;
    let over = match task.fields.status {
        Status::Done => "done",
        Status::Cancelled => "cancelled",
        _ => {
            let today = wall::day(now, tx.availability(me).await?.zone);
            let names = names(tx, assignees([&task])).await?;
            let lines = Lines { key: &project.key, names: &names, today };
            let words = if words.is_empty() { title } else { words };
            return Ok(said(words, &lines.task(&task)));
        }
    };
    let code = format!("{}-{number}", project.key);
    Ok(Message::text(format!("You wanted to be reminded of {code} {title}{of}: it is {over} already.")))
}

/// The words, and below them how the task stands.
fn said(words: &str, task: &[Span]) -> Message {
    let text = Block::Text(vec![Span::Strong("Reminder: ".to_owned()), Span::plain(words)]);
    let stands = (!task.is_empty()).then(|| Block::Lines { lines: vec![Line::plain(task.to_vec())], more: None });
    Message { summary: format!("Reminder: {words}"), blocks: std::iter::once(text).chain(stands).collect() }
}
