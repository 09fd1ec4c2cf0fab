//! Slash commands: form fields (docs.slack.dev, implementing-slash-commands).

use serde::Deserialize;

use super::{Received, Reply, Unreadable, fingerprint, form, home, identity, present, venue};
use crate::{
    domain::{
        event::{Event, Incoming},
        secret::without_keys,
    },
    intent::text::from_slack,
};

/// What Slack calls every private channel here (docs.slack.dev, implementing-slash-commands).
const PRIVATE: &str = "privategroup";

#[derive(Deserialize)]
struct SlashCommand {
    team_id: Option<String>,
    enterprise_id: Option<String>,
    #[serde(default)]
    is_enterprise_install: String,
    channel_id: String,
    #[serde(default)]
    channel_name: String,
    user_id: String,
    #[serde(default)]
    text: String,
    response_url: Option<String>,
    trigger_id: Option<String>,
}

pub(super) fn receive(body: &[u8]) -> Result<Received, Unreadable> {
    let command: SlashCommand = form(body)?;
    let team = home(command.team_id, command.enterprise_id, command.is_enterprise_install == "true")
        .ok_or_else(|| Unreadable::new("the command names no team"))?;
    let trigger = present(command.trigger_id);
    Ok(Received {
        dedupe_key: trigger.clone().unwrap_or_else(|| fingerprint(body)),
        incoming: Incoming {
            sender: Some(identity(&team, command.user_id)),
            venue: Some(venue(&team, command.channel_id, None)),
            event: Event::Command(from_slack(&command.text)),
            heard: None,
            is_private: command.channel_name == PRIVATE,
        },
        reply: Reply { response_url: present(command.response_url), trigger },
        form: None,
        team,
    })
}

/// The body of a command without what looks like a key in it; `None` where nothing does.
pub fn masked(body: &[u8]) -> Option<Vec<u8>> {
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    let (_, text) = fields.iter_mut().find(|(name, _)| name == "text")?;
    *text = without_keys(text)?;
    Some(serde_urlencoded::to_string(fields).ok()?.into_bytes())
}

pub(super) fn is_ssl_check(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Check {
        ssl_check: String,
    }
    serde_urlencoded::from_bytes::<Check>(body).is_ok_and(|check| check.ssl_check == "1")
}
