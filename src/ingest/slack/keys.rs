//! Keys of model providers: one that was typed reaches the database sealed, or not at all.

use axum::{Json, http::StatusCode};
use bytes::Bytes;
use serde_json::json;

use super::{Answered, SlackDoor};
use crate::{
    chat::slack::{
        deliver,
        receive::{self, ADD_ACCOUNT, WORDS, field},
    },
    domain::{
        card::Answer,
        delivery::Source,
        event::{Click, Event, Incoming},
        ids::TenantId,
        message::Message,
        model::TAKEN,
        secret::{has_known_prefix, without_keys},
    },
    store,
};

/// What may be stored of a request.
pub(super) enum Kept {
    /// This: the body as it came, or with its key sealed.
    Body(Bytes),
    /// This, without what looked like a key. The sender is [`warned`], and nothing else is done.
    Masked(Bytes),
    /// Nothing: the form stays open and says why.
    Nothing(Answered),
}

/// What may be stored of a body that was read as `incoming`.
pub(super) async fn keep(
    door: &SlackDoor,
    tenant: TenantId,
    source: Source,
    body: Bytes,
    incoming: &Incoming,
) -> store::Result<Kept> {
    Ok(match (source, &incoming.event) {
        (Source::SlackInteraction, Event::Account(_)) => seal(door, tenant, &body).await?,
        (Source::SlackCommand, _) => match receive::masked(&body) {
            Some(masked) => Kept::Masked(masked.into()),
            None => Kept::Body(body),
        },
        // An event says its words several times over, in blocks too: none of it is kept but that it came, since a
        // mention comes twice.
        (Source::SlackEvent, Event::Words(words) | Event::Reply(words)) if without_keys(words).is_some() => {
            Kept::Masked(Bytes::new())
        }
        (Source::SlackInteraction, Event::Click(Click { words: Some(words), .. })) if without_keys(words).is_some() => {
            let told = "This looks like a key. Leave it out: what you write here is kept and shown to others.";
            let answer = json!({ "response_action": "errors", "errors": { WORDS: told } });
            Kept::Nothing(Answered::new("refused", Json(answer)))
        }
        _ => Kept::Body(body),
    })
}

/// A filled-in form for an account, with its key sealed for the tenant and the account's name.
async fn seal(door: &SlackDoor, tenant: TenantId, body: &[u8]) -> store::Result<Kept> {
    let refuse = |errors| {
        let answer = json!({ "response_action": "errors", "errors": errors });
        Ok(Kept::Nothing(Answered::new("refused", Json(answer))))
    };
    let Some(mut filled) = receive::filled(body) else {
        return refuse(json!({ field::NAME: "Docket could not read this form. Close it and open it again." }));
    };
    let problems = filled.problems();
    if !problems.is_empty() {
        return refuse(json!(problems));
    }
    if door.store.read(tenant).await?.account_by_name(filled.name()).await?.is_some() {
        return refuse(json!({ field::NAME: TAKEN }));
    }
    let sealed = filled.key().map(|key| (door.seal)(tenant, filled.name(), key)).transpose();
    match sealed {
        Ok(sealed) => Ok(Kept::Body(filled.sealed(sealed).into())),
        Err(words) => refuse(json!({ field::KEY: words })),
    }
}

/// Warns whoever typed a key: in the acknowledgement of a command, beside that of a message. There is nothing to be
/// done later, and so no job.
pub(super) fn warned(door: &SlackDoor, tenant: TenantId, source: Source, incoming: Incoming) -> Answered {
    let message = Message::text(
        "Never type a key into chat. Docket did nothing and kept the line without it, but Slack has seen the key: \
         replace it at its provider. Then type /docket models and press Add account: that form encrypts it.",
    );
    if source == Source::SlackCommand {
        return Answered::new("answered", Json(door.teams.api().render(&message).ephemeral()));
    }
    if let (Some(to), Some(venue)) = (incoming.sender, incoming.venue) {
        let (teams, now) = (door.teams.clone(), door.chance.now());
        let answer =
            Answer { id: door.chance.id(), delivery: None, to, venue, message, created_at: now, sent_at: None };
        tokio::spawn(async move {
            let warned = match teams.client(tenant, &answer.venue.team).await {
                Ok(client) => deliver::send_answer(&client, None, 0, &answer, now).await,
                Err(error) => Err(error),
            };
            if let Err(error) = warned {
                tracing::warn!(%error, "somebody who typed a key could not be warned");
            }
        });
    }
    Answered::new("answered", StatusCode::OK)
}

/// What may be kept for inspection of a body that can't be read: nothing where a key may be in it.
pub(super) fn inspectable(body: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&text).unwrap_or_default();
    let mut decoded = fields.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).chain([text.as_ref()]);
    let may_hold_key = decoded.any(|text| text.contains(ADD_ACCOUNT) || has_known_prefix(text));
    if may_hold_key { Bytes::new() } else { body.clone() }
}
