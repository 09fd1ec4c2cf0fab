//! What the console sends, and what it means.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Chance,
    domain::{
        delivery::{Delivery, Source},
        event::{Action, Click, Event, Incoming, Venue},
        ids::{DeliveryId, MemberId, PatchId, TenantId},
        job::Job,
        member::{Identity, Surface},
        model::AccountForm,
        route::{MAX_PHRASE, phrase},
        secret::without_keys,
    },
    intent::{classify::is_offered, may_take_long},
    store::NewDelivery,
};

/// The longest line, in characters: as much as fits in a Slack command, and more than a goal needs.
pub const MAX_LINE: usize = 10_000;

/// What the console sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Sent {
    /// A typed line.
    Say {
        /// Made by the sender, one for each line: the same key again is the same line again.
        id: String,
        /// The line.
        text: String,
    },
    /// A pressed button.
    Click {
        /// Made by the sender, one for each press.
        id: String,
        /// What was pressed.
        #[serde(flatten)]
        click: Pressed,
    },
    /// A choice among several meanings of somebody's words.
    Choose {
        /// Made by the sender, one for each press.
        id: String,
        /// What was chosen.
        #[serde(flatten)]
        choice: Choice,
    },
    /// A press of *Cancel* under a draft that is being made.
    Stop {
        /// Made by the sender, one for each press.
        id: String,
        /// The delivery that the draft is made for.
        delivery: DeliveryId,
    },
    /// A filled-in form for an account with a provider of models.
    Account {
        /// Made by the sender, one for each form.
        id: String,
        /// The form, its key sealed.
        form: AccountForm,
    },
}

/// What the console sent, and who sent it: the body of a stored delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Whoever was signed in. Deliveries of the time when nobody was are the local owner's.
    #[serde(default)]
    member: Option<MemberId>,
    #[serde(flatten)]
    sent: Sent,
}

/// What words were chosen to mean, as the button says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The words, as a [`phrase`].
    pub words: String,
    /// The command they mean, without `/docket`.
    pub line: String,
}

/// The press of a button, as the console sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressed {
    /// The patch on the button.
    pub patch: PatchId,
    /// The patch's revision that the person saw.
    pub revision: u32,
    /// What to do.
    pub action: Action,
    /// The ticked steps, where the card offers a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<BTreeSet<usize>>,
    /// What the person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Why what the console sent can't be taken. Worded for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not the JSON of anything the console sends.
    #[error("that is not a line or a click of the console: {0}")]
    Shape(String),
    /// The key is missing, too long or odd.
    #[error("the id must have 1 to 64 letters, digits, `-` or `_`")]
    Key,
    /// Nothing was typed.
    #[error("type something first, for example: /docket plan Build a user authentication flow")]
    Empty,
    /// Too much was typed.
    #[error("a line may have {MAX_LINE} characters; this one has {0}. Say it in fewer words")]
    TooLong(usize),
    /// A provider's key stands in it.
    #[error("that looks like a key, so it was not taken. Keys are entered on the page Models, which encrypts them")]
    Secret,
    /// Words that can't be remembered.
    #[error("words that are to be remembered have 1 to {MAX_PHRASE} characters. Type the command itself")]
    Phrase,
    /// A line that nobody is offered as a meaning.
    #[error("that is no command that words can stand for. Type the command itself")]
    Meaning,
}

impl Sent {
    fn check(&self) -> Result<(), Unreadable> {
        let id = self.key();
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if !(1..=64).contains(&id.len()) || !id.bytes().all(plain) {
            return Err(Unreadable::Key);
        }
        match self {
            Self::Say { text: words, .. }
            | Self::Click { click: Pressed { words: Some(words), .. }, .. }
            | Self::Choose { choice: Choice { words, .. } | Choice { line: words, .. }, .. }
                if without_keys(words).is_some() =>
            {
                Err(Unreadable::Secret)
            }
            Self::Say { text, .. } => a_line(text),
            Self::Click { click, .. } => short_enough(click.words.as_deref().unwrap_or_default()),
            Self::Choose { choice, .. } if phrase(&choice.words).is_none() => Err(Unreadable::Phrase),
            Self::Choose { choice, .. } => a_line(&choice.line).and_then(|()| a_meaning(&choice.line)),
            Self::Stop { .. } | Self::Account { .. } => Ok(()),
        }
    }

    /// The sender's key.
    fn key(&self) -> &str {
        match self {
            Self::Say { id, .. }
            | Self::Click { id, .. }
            | Self::Choose { id, .. }
            | Self::Stop { id, .. }
            | Self::Account { id, .. } => id,
        }
    }

    /// The delivery that stores it as the member's, with the job that handles it. What somebody sends is handled in its
    /// order, apart what [may take long](may_take_long). A stop has no order: it would wait for the very draft that it
    /// stops.
    pub fn delivery(self, tenant: TenantId, member: MemberId, chance: &Chance) -> Result<NewDelivery, Unreadable> {
        self.check()?;
        let stored = Stored { member: Some(member), sent: self };
        let body = serde_json::to_vec(&stored).map_err(|error| Unreadable::Shape(error.to_string()))?;
        let (id, now) = (chance.id::<DeliveryId>(), chance.now());
        let job = Job::HandleDelivery { delivery: id }.due(now);
        let job = match &stored.sent {
            Self::Stop { .. } => job,
            sent if may_take_long(&sent.clone().event()) => job.in_order(format!("console:{member}:drafts")),
            _ => job.in_order(format!("console:{member}")),
        };
        Ok(NewDelivery {
            delivery: Delivery {
                id,
                tenant: Some(tenant),
                source: Source::Console,
                // Two people may come upon the same key.
                dedupe_key: format!("{member}:{}", stored.sent.key()),
                body,
                received_at: now,
            },
            job: Some(job),
            job_id: chance.id(),
            outcome: None,
        })
    }

    /// What it means.
    fn event(self) -> Event {
        match self {
            Self::Say { text, .. } => meaning(&text),
            Self::Click { click, .. } => {
                let Pressed { patch, revision, action, steps, words } = click;
                Event::Click(Click { action, patch, revision, steps, words })
            }
            Self::Choose { choice: Choice { words, line: command }, .. } => {
                Event::Chosen { words: phrase(&words).unwrap_or_default(), line: line(&command) }
            }
            Self::Stop { delivery, .. } => Event::Stop { delivery },
            Self::Account { form, .. } => Event::Account(form),
        }
    }
}

/// What a stored delivery of the console means.
pub fn incoming(body: &[u8]) -> Result<Incoming, Unreadable> {
    let Stored { member, sent } = serde_json::from_slice(body).map_err(|error| Unreadable::Shape(error.to_string()))?;
    sent.check()?;
    let sender = member.map_or_else(local, identity);
    Ok(Incoming { sender: Some(sender), venue: Some(venue()), event: sent.event(), heard: None, is_private: false })
}

/// The words that the conversation shows for what somebody sent; `None` where the change on a card says enough.
pub fn said(event: &Event) -> Option<String> {
    let words = match event {
        Event::Command(line) => format!("/docket {line}"),
        Event::Words(words) | Event::Click(Click { action: Action::RequestChanges, words: Some(words), .. }) => {
            words.clone()
        }
        _ => return None,
    };
    Some(words.trim().to_owned())
}

/// How the console names a member: by their own id.
pub fn identity(member: MemberId) -> Identity {
    Identity { surface: Surface::Console, team: "local".to_owned(), user: member.to_string() }
}

/// Whoever sits at the machine itself, whom no provider vouches for.
fn local() -> Identity {
    Identity { surface: Surface::Console, team: "local".to_owned(), user: "local".to_owned() }
}

/// The place that the console is.
pub fn venue() -> Venue {
    Venue { surface: Surface::Console, team: "local".to_owned(), channel: "console".to_owned(), thread: None }
}

/// Whether the text is a line that somebody typed.
fn a_line(text: &str) -> Result<(), Unreadable> {
    if line(text).is_empty() { Err(Unreadable::Empty) } else { short_enough(text) }
}

/// Whether the line is one that words may be chosen to mean.
fn a_meaning(text: &str) -> Result<(), Unreadable> {
    if is_offered(&line(text)) { Ok(()) } else { Err(Unreadable::Meaning) }
}

fn short_enough(text: &str) -> Result<(), Unreadable> {
    match text.chars().count() {
        length if length > MAX_LINE => Err(Unreadable::TooLong(length)),
        _ => Ok(()),
    }
}

/// The line without control characters, which nobody types, and without blanks around it.
fn line(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    kept.trim().to_owned()
}

/// A line that starts with `/docket` or `/` is a command; everything else is words.
fn meaning(text: &str) -> Event {
    let text = line(text);
    let Some(rest) = text.strip_prefix('/') else { return Event::Words(text) };
    let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let command = if word.eq_ignore_ascii_case("docket") { after } else { rest };
    Event::Command(command.trim().to_owned())
}

#[cfg(test)]
mod tests;
