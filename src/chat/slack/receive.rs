//! What Slack sends, as an event in words of our own.
//!
//! The wire structs keep to what we use: unknown fields are skipped, unknown kinds become [`Event::Nothing`].
//! A body is read twice by the same code: at the door, for its tenant and dedupe key, and by the worker. Between the
//! two, the door takes keys out of it: [`filled`], [`masked`].

use hex::encode;
use sha2::{Digest, Sha256};

mod account;
mod command;
mod event;
mod heard;
pub(super) mod history;
mod interaction;
mod suggestion;

pub use account::{Filled, filled};
pub use command::masked;
pub use event::challenge;
pub use interaction::{AccountContext, Form, FormContext};
pub use suggestion::{Typed, choices, typed};

use crate::domain::{
    delivery::Source,
    event::{Event, Incoming, Venue},
    member::{Identity, Surface},
};

/// The action id of the tick boxes of a card.
pub const STEPS: &str = "patch.steps";

/// What the action id of a button that says a command starts with.
pub const SAY: &str = "say.";

/// What the action id of a button that chooses a meaning starts with.
pub const CHOOSE: &str = "choose.";

/// What the action id of a menu of repositories starts with; behind it stands the command that the choice completes.
pub const PICK: &str = "pick.";

/// What the action id of a button that opens a page starts with. Slack tells us of the click; there is nothing to do.
pub const OPEN: &str = "open.";

/// The action id of the button that stops a draft.
pub const STOP: &str = "stop";

/// The action id of the button that opens the form for an account with a provider of models, and the form's own id.
pub const ADD_ACCOUNT: &str = "account.add";

/// The blocks of that form, and the action ids in them.
pub mod field {
    /// What to call the account.
    pub const NAME: &str = "name";
    /// Where its API is.
    pub const BASE_URL: &str = "base_url";
    /// Its key.
    pub const KEY: &str = "key";
    /// Names of models.
    pub const MODELS: &str = "models";
    /// Whether its first model becomes the default.
    pub const DEFAULT: &str = "default";
}

/// The block and the action id of the text box of our forms.
pub const WORDS: &str = "words";

/// A body that is not what Slack is known to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// What is wrong with it, shortly. Quotes nothing of the body.
    pub reason: String,
    /// Whose it is, where that much could be read.
    pub team: Option<String>,
}

impl Unreadable {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), team: None }
    }
}

/// How an answer can get back to the person at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// Takes up to 5 messages within 30 minutes of the delivery (docs.slack.dev, handling-user-interaction).
    pub response_url: Option<String>,
    /// Opens one form within 3 seconds.
    pub trigger: Option<String>,
}

/// A body that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The Slack team it belongs to; the enterprise where the app is installed in the whole of it.
    pub team: String,
    /// The same for the same request sent again, and different for any other of its source.
    pub dedupe_key: String,
    /// What it means.
    pub incoming: Incoming,
    /// The ways back.
    pub reply: Reply,
    /// The form that the person asked for, to be opened at once. The event is [`Event::Nothing`] then.
    pub form: Option<Form>,
}

/// Reads a body that came in by `source`.
pub fn receive(source: Source, body: &[u8]) -> Result<Received, Unreadable> {
    let mut received = match source {
        Source::SlackCommand => command::receive(body)?,
        Source::SlackInteraction => interaction::receive(body)?,
        Source::SlackEvent => event::receive(body)?,
        Source::Console | Source::GitHub => return Err(Unreadable::new("not a delivery of Slack")),
    };
    if received.dedupe_key.len() > 200 {
        received.dedupe_key = format!("sha256:{}", fingerprint(received.dedupe_key.as_bytes()));
    }
    Ok(received)
}

/// What a body means, as the worker wants to know it.
pub fn incoming(source: Source, body: &[u8]) -> Result<Incoming, Unreadable> {
    receive(source, body).map(|received| received.incoming)
}

/// The ways back to whoever sent a body; none where it is unreadable.
pub fn reply(source: Source, body: &[u8]) -> Reply {
    receive(source, body).map(|received| received.reply).unwrap_or_default()
}

/// Whether a body is Slack's check that the address answers over TLS: `ssl_check=1`.
pub fn is_ssl_check(body: &[u8]) -> bool {
    command::is_ssl_check(body)
}

/// The dedupe key of a body that has no better one: of the bytes themselves.
pub fn fingerprint(body: &[u8]) -> String {
    encode(Sha256::digest(body))
}

fn utf8(body: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(body).map_err(|_| Unreadable::new("the body is not UTF-8"))
}

/// Reads form fields. A percent-encoded byte sequence that is not UTF-8 is refused, where the parser would replace it.
fn form<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let text = utf8(body)?;
    let fields: Vec<(String, String)> =
        serde_urlencoded::from_str(text).map_err(|_| Unreadable::new("the body is not a form"))?;
    let replaced: usize =
        fields.iter().map(|(k, v)| k.matches('\u{FFFD}').count() + v.matches('\u{FFFD}').count()).sum();
    let genuine = text.to_ascii_uppercase().matches("%EF%BF%BD").count() + text.matches('\u{FFFD}').count();
    if replaced > genuine {
        return Err(Unreadable::new("the form's text is not UTF-8"));
    }
    serde_urlencoded::from_str(text).map_err(|error| Unreadable::new(format!("the form lacks something: {error}")))
}

/// Reads JSON; the reason names the place and what is missing, never the content.
fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| {
        let reason = match error.classify() {
            serde_json::error::Category::Data => "the JSON is not of a shape that Slack is known to send",
            _ => "the JSON is cut off or broken",
        };
        Unreadable::new(format!("{reason} (line {}, column {})", error.line(), error.column()))
    })
}

/// The organisation whose installation a body is for: of an app that is installed in a whole enterprise that enterprise,
/// whatever workspace somebody was in; else the workspace.
fn home(team: Option<String>, enterprise: Option<String>, is_whole: bool) -> Option<String> {
    let (team, enterprise) = (present(team), present(enterprise));
    if is_whole { enterprise.or(team) } else { team.or(enterprise) }
}

/// A flag, which Slack writes as a word in forms.
fn flag(value: &serde_json::Value) -> bool {
    *value == true || *value == "true"
}

fn identity(team: &str, user: impl Into<String>) -> Identity {
    Identity { surface: Surface::Slack, team: team.to_owned(), user: user.into() }
}

fn venue(team: &str, channel: impl Into<String>, thread: Option<String>) -> Venue {
    Venue { surface: Surface::Slack, team: team.to_owned(), channel: channel.into(), thread }
}

fn present(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

fn nothing(sender: Option<Identity>, venue: Option<Venue>) -> Incoming {
    Incoming { sender, venue, event: Event::Nothing, heard: None, is_private: false }
}
