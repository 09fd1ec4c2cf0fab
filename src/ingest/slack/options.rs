//! The options of a menu, asked for while somebody types. Nothing of it is stored.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};

use super::{Answered, Hall, LIMITS, SlackDoor};
use crate::{
    chat::slack::receive::{self, Typed},
    domain::{
        member::{Identity, Surface},
        policy::Policy,
        time::Timestamp,
    },
    ingest::{body, signature::verify_slack},
    store, telemetry,
};

/// Repositories that are offered at once: as many as Slack takes.
const OFFERED: usize = 100;

/// Tells what a menu offers while somebody types into it.
pub(super) async fn enter(hall: Arc<Hall>, request: Request) -> Response {
    let Hall { door, room } = hall.as_ref();
    let began = door.chance.now();
    let (head, body) = request.into_parts();
    let Answered(outcome, response) = match body::read(&head.headers, body, LIMITS, room, |_| ()).await {
        Ok((body, _room)) => answer(door, &head.headers, &body.into(), began).await,
        Err(refused) => Answered(refused.outcome(), refused.answer(&door.chance)),
    };
    let took = door.chance.now().since(began).as_secs_f64();
    metrics::counter!(telemetry::DELIVERIES, "source" => "slack_options", "outcome" => outcome).increment(1);
    metrics::histogram!(telemetry::ACK_SECONDS, "source" => "slack_options").record(took);
    response
}

/// Answers one question, which has to be signed.
async fn answer(door: &SlackDoor, headers: &HeaderMap, body: &Bytes, at: Timestamp) -> Answered {
    if let Err(forged) = verify_slack(headers, body, &door.config.signing_secrets, at) {
        tracing::warn!(source = "slack_options", reason = %forged, "a request was not signed by Slack");
        return Answered::new("forged", (StatusCode::UNAUTHORIZED, forged.to_string()));
    }
    match receive::typed(body) {
        Ok(typed) => match offered(door, &typed).await {
            Ok(options) => Answered::new("answered", Json(receive::choices(options))),
            Err(error) => {
                tracing::error!(%error, "the options of a menu could not be read");
                Answered::new("unavailable", (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response())
            }
        },
        Err(unreadable) => {
            tracing::warn!(source = "slack_options", reason = %unreadable, "a signed request is unreadable");
            Answered::new("unreadable", (StatusCode::BAD_REQUEST, unreadable.to_string()))
        }
    }
}

/// For whoever may link one: the repositories of the team's tenant whose names hold the words, each by its number: names change.
async fn offered(door: &SlackDoor, typed: &Typed) -> store::Result<Vec<(String, String)>> {
    if !typed.of_repositories {
        return Ok(Vec::new());
    }
    let Some(tenant) = door.store.tenant_of(Surface::Slack, &typed.team).await? else { return Ok(Vec::new()) };
    let mut tx = door.store.read(tenant).await?;
    let who = Identity { surface: Surface::Slack, team: typed.team.clone(), user: typed.user.clone() };
    // Whoever can't link anything is shown nothing: names may be private.
    if tx.member_by_identity(&who).await?.is_none_or(|member| Policy::may_propose(&member).is_err()) {
        return Ok(Vec::new());
    }
    let found = tx.repositories_like(&typed.words, OFFERED).await?;
    Ok(found.into_iter().map(|(id, name)| (format!("id:{id}"), name)).collect())
}
