//! Schedules and digests: what people set, and what is posted.

mod change;
pub(super) mod drafts;
pub(super) mod post;
mod set;
mod trail;
mod wording;

use crate::{
    domain::{
        digest::Digest,
        ids::ScheduleId,
        intent::StandupWish,
        job::Job,
        message::{Block, Button, Message, Span},
        schedule::{DigestKind, Holidays, Schedule},
        time::Timestamp,
    },
    error::{Result, UserError},
    jobs::{Desk, handle::Talk},
    review::{propose::may_change, words::moment},
    store::Tx,
};

/// What a wish about schedules needs: who wants it, where, and when nobody works.
struct Setting<'a> {
    desk: &'a Desk,
    talk: &'a Talk<'a>,
    kind: DigestKind,
    holidays: Holidays,
}

/// Does what somebody wants of the schedules of a channel; says what holds now.
pub(super) async fn carry_out(
    desk: &Desk,
    tx: &mut Tx,
    talk: &Talk<'_>,
    kind: DigestKind,
    wish: &StandupWish,
) -> Result<Message> {
    may_change(tx, talk.member, talk.venue).await?;
    if talk.venue.is_api() {
        return Err(
            UserError::new("Digests are posted in channels, and the API is none. Say this where people talk.").into()
        );
    }
    // Whoever changes the holidays reckons every schedule anew: before this one is read, or after it is stored.
    tx.lock_tenant().await?;
    let setting = Setting { desk, talk, kind, holidays: tx.holidays().await? };
    match wish {
        StandupWish::Set { change, is_confirmed } => setting.set(tx, change, *is_confirmed).await,
        StandupWish::Edit { which, change, is_confirmed } => setting.edit(tx, *which, change, *is_confirmed).await,
        StandupWish::Pause { which, until } => setting.pause(tx, *which, *until).await,
        StandupWish::Resume(which) => setting.resume(tx, *which).await,
        StandupWish::Skip { which, day } => setting.skip(tx, *which, *day).await,
        StandupWish::Remove(which) => setting.remove(tx, *which).await,
        StandupWish::Now => setting.now_at_once(tx).await,
        StandupWish::List | StandupWish::Preview => Err(anyhow::anyhow!("a look changes nothing").into()),
    }
}

impl Setting<'_> {
    /// Posts a digest in the channel as things stand. The next one by the schedule tells as far back as without it.
    async fn now_at_once(&self, tx: &mut Tx) -> Result<Message> {
        let (id, asker) = (self.desk.chance.id(), Some(self.talk.member.id));
        let digest = Digest { by: asker, ..Digest::asked_for(id, self.kind, self.talk.venue, self.now()) };
        tx.insert_digest(&digest).await?;
        tx.enqueue(self.desk.chance.id(), &Job::PostDigest { digest: digest.id }.due(self.now())).await?;
        Ok(Message::text(format!("The {} comes here in a moment.", self.kind.as_str())))
    }

    fn now(&self) -> Timestamp {
        self.desk.chance.now()
    }

    /// The schedule that is meant, with its number in the list of the channel: the only one of its kind where no number
    /// is said.
    async fn meant(&self, tx: &mut Tx, which: Option<usize>) -> Result<(usize, Schedule)> {
        let kind = self.kind.as_str();
        let here = tx.schedules_of(self.talk.venue).await?;
        let numbered = here.iter().enumerate().map(|(index, schedule)| (index + 1, schedule));
        let found: Vec<(usize, ScheduleId)> = match which {
            Some(which) => numbered.filter(|(number, _)| *number == which).map(|(n, one)| (n, one.id)).collect(),
            None => numbered.filter(|(_, one)| one.kind == self.kind).map(|(n, one)| (n, one.id)).collect(),
        };
        let words = match (found.as_slice(), which) {
            ([(number, id)], _) => match tx.lock_schedule(*id).await? {
                Some(schedule) => return Ok((*number, schedule)),
                None => "Somebody has just removed it. Nothing was changed.".to_owned(),
            },
            (_, Some(which)) => format!("There is no number {which} here. /docket {kind} list lists what there is."),
            ([], None) => format!("This channel has no {kind}. Set one: /docket {}", example(self.kind)),
            (several, None) => {
                let numbers: Vec<String> = several.iter().map(|(number, _)| number.to_string()).collect();
                format!(
                    "This channel has several. Say which, by its number: {}. /docket {kind} list lists them.",
                    crate::review::words::list(&numbers, "or")
                )
            }
        };
        Err(UserError::new(words).into())
    }
}

/// When the next one comes, in words.
fn next_words(schedule: &Schedule) -> String {
    match schedule.next_run_at {
        Some(next) => format!("The next one comes {}.", moment(next, schedule.zone)),
        None => "No other one comes.".to_owned(),
    }
}

/// A line that sets one.
const fn example(kind: DigestKind) -> &'static str {
    match kind {
        DigestKind::Standup => "standup at 9:30 weekdays",
        DigestKind::Weekly => "weekly at Friday 15:00",
    }
}

/// Words with something to press.
fn with_button(words: String, label: &str, line: String) -> Message {
    Message {
        summary: words.clone(),
        blocks: vec![Block::Text(vec![Span::Plain(words)]), Block::Buttons(vec![Button::say(label, line)])],
    }
}
