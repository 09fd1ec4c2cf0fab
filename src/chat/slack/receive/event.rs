//! Events: JSON envelopes (docs.slack.dev, events-api).

use serde::Deserialize;
use serde_json::Value;

use super::{
    Received, Reply, Unreadable, fingerprint, flag, heard, home, identity, json, nothing, present, utf8, venue,
};
use crate::{
    domain::event::{Event, Incoming},
    intent::text::from_slack,
};

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    team_id: Option<String>,
    enterprise_id: Option<String>,
    event_id: Option<String>,
    event: Option<Inner>,
    #[serde(default)]
    authorizations: Vec<Authorization>,
}

#[derive(Deserialize)]
struct Authorization {
    enterprise_id: Option<String>,
    user_id: Option<String>,
    #[serde(default)]
    is_enterprise_install: Value,
    #[serde(default)]
    is_bot: bool,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "type")]
    kind: String,
    user: Option<String>,
    text: Option<String>,
    ts: Option<String>,
    channel: Option<Value>,
    channel_type: Option<String>,
    thread_ts: Option<String>,
    bot_id: Option<String>,
    subtype: Option<String>,
    tokens: Option<Revoked>,
    /// What a message says since it was changed.
    message: Option<heard::Changed>,
    /// What it said before it was changed or taken back.
    previous_message: Option<heard::Changed>,
    deleted_ts: Option<String>,
}

#[derive(Deserialize)]
struct Revoked {
    #[serde(default)]
    bot: Vec<String>,
}

/// The challenge of a `url_verification` request, which Slack wants back before it sends events.
pub fn challenge(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Verification {
        #[serde(rename = "type")]
        kind: String,
        challenge: String,
    }
    let verification: Verification = serde_json::from_slice(body).ok()?;
    (verification.kind == "url_verification").then_some(verification.challenge)
}

pub(super) fn receive(body: &[u8]) -> Result<Received, Unreadable> {
    let text = utf8(body)?;
    let envelope: Envelope = json(text).map_err(|unreadable| Unreadable { team: team_of(text), ..unreadable })?;
    let whole = envelope.authorizations.iter().find(|one| flag(&one.is_enterprise_install));
    let enterprise = whole.and_then(|one| one.enterprise_id.clone()).or(envelope.enterprise_id.clone());
    let team = home(envelope.team_id.clone(), enterprise, whole.is_some())
        .ok_or_else(|| Unreadable::new("the event names no team"))?;
    let by_id = envelope.event_id.clone().unwrap_or_else(|| fingerprint(body));
    let said = envelope
        .event
        .as_ref()
        .filter(|_| envelope.kind == "event_callback")
        .map(|event| (event, said(event, &envelope, &team)));
    let (dedupe_key, incoming) = match said {
        Some((_, Some(said))) => said,
        Some((event, None)) => (by_id, became(event, &envelope, &team).unwrap_or_else(|| unsaid(&envelope, &team))),
        None => (by_id, unsaid(&envelope, &team)),
    };
    Ok(Received { team, dedupe_key, incoming, reply: Reply::default(), form: None })
}

/// Whose an envelope is that can't be read otherwise.
fn team_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Owned {
        team_id: Option<String>,
    }
    serde_json::from_str::<Owned>(text).ok()?.team_id
}

impl Envelope {
    /// Whether a user is our own.
    fn is_us(&self, user: &str) -> bool {
        self.authorizations.iter().any(|a| a.is_bot && a.user_id.as_deref() == Some(user))
    }

    /// Whether a user may be our own. Where Slack does not say who we are, anybody may.
    fn might_be_us(&self, user: &str) -> bool {
        self.is_us(user) || !self.authorizations.iter().any(|a| a.is_bot && a.user_id.is_some())
    }
}

/// What a person says to us or in a channel, with its key: a mention also arrives as a message of its channel, and
/// both are one. A thread's answer that is also sent to its channel is said in the thread.
fn said(event: &Inner, envelope: &Envelope, team: &str) -> Option<(String, Incoming)> {
    if event.bot_id.is_some() || !heard::is_plain(event.subtype.as_deref()) {
        return None;
    }
    let text = event.text.as_deref()?;
    let (user, ts) = (event.user.clone()?, event.ts.clone()?);
    let channel = event.channel.as_ref()?.as_str()?;
    if envelope.is_us(&user) {
        return None;
    }
    let (ours, might_be_us) = (|id: &str| envelope.is_us(id), |id: &str| envelope.might_be_us(id));
    let thread = event.thread_ts.clone().filter(|thread| *thread != ts);
    let words = |words: &str| Event::Words(from_slack(words));
    let heard = heard::said(event.channel_type.as_deref(), &ts, text);
    let mut key = format!("said:{channel}:{ts}");
    let event = match (event.kind.as_str(), event.channel_type.as_deref()) {
        ("app_mention", _) => words(&without_mention(text, might_be_us)),
        ("message", Some("im")) => words(&without_mention(text, ours)),
        ("message", _) if mentions(text).any(ours) => words(&without_mention(text, ours)),
        ("message", Some("channel" | "group")) if thread.is_some() && !mentions(text).any(might_be_us) => {
            Event::Reply(present(Some(from_slack(text.trim())))?)
        }
        ("message", Some("channel" | "group")) if heard.is_some() => {
            // A mention that may be of us arrives as `app_mention`, too, which must not be taken for this once more.
            if mentions(text).any(might_be_us) {
                key = format!("heard:{channel}:{ts}");
            }
            Event::Nothing
        }
        _ => return None,
    };
    let (sender, venue) = (Some(identity(team, user)), Some(venue(team, channel, thread)));
    Some((key, Incoming { sender, venue, event, heard, is_private: false }))
}

/// What became of something that a person said in a channel: that it was changed, or taken back.
fn became(event: &Inner, envelope: &Envelope, team: &str) -> Option<Incoming> {
    let kind = event.channel_type.as_deref();
    let (user, thread, heard) = match (event.kind.as_str(), event.subtype.as_deref()) {
        ("message", Some("message_changed")) => event.message.as_ref()?.changed(kind)?,
        ("message", Some("message_deleted")) => {
            heard::deleted(kind, event.deleted_ts.as_deref()?, event.previous_message.as_ref())?
        }
        _ => return None,
    };
    if user.as_deref().is_some_and(|user| envelope.is_us(user)) {
        return None;
    }
    let channel = event.channel.as_ref()?.as_str()?;
    let (sender, venue) = (user.map(|user| identity(team, user)), Some(venue(team, channel, thread)));
    Some(Incoming { sender, venue, event: Event::Nothing, heard: Some(heard), is_private: false })
}

fn unsaid(envelope: &Envelope, team: &str) -> Incoming {
    let event = envelope.event.as_ref();
    let removed = match event.map(|event| (event.kind.as_str(), event.tokens.as_ref())) {
        Some(("app_uninstalled", _)) => true,
        // A person who takes back their own token leaves ours as it is.
        Some(("tokens_revoked", tokens)) => tokens.is_none_or(|tokens| !tokens.bot.is_empty()),
        _ => false,
    };
    match event.filter(|_| removed) {
        Some(event) => {
            let event = Event::Removed { team: team.to_owned(), what: event.kind.clone() };
            Incoming { sender: None, venue: None, event, heard: None, is_private: false }
        }
        None => nothing(None, None),
    }
}

/// The users mentioned in a text: `<@U1>` and `<@U1|name>`.
fn mentions(text: &str) -> impl Iterator<Item = &str> {
    text.split("<@").skip(1).filter_map(|rest| rest.split(['>', '|']).next())
}

/// The text without the mention it starts with, if that is of us.
fn without_mention(text: &str, ours: impl Fn(&str) -> bool) -> String {
    let text = text.trim();
    let rest = text
        .strip_prefix("<@")
        .and_then(|rest| rest.split_once('>'))
        .filter(|(mention, _)| ours(mention.split('|').next().unwrap_or_default()));
    rest.map_or(text, |(_, rest)| rest).trim_start_matches([':', ',']).trim().to_owned()
}
