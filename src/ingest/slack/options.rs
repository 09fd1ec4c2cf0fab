//! The options of a menu, asked for while somebody types. Nothing of it is stored.

use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::IntoResponse,
};

use super::{Answered, SlackDoor};
use crate::{
    chat::slack::receive::{self, Typed},
    domain::{
        member::{Identity, Surface},
        policy::Policy,
        time::Timestamp,
    },
    ingest::signature::verify_slack,
    store,
};

/// Repositories that are offered at once: as many as Slack takes.
const OFFERED: usize = 100;

/// Answers one question, which has to be signed.
pub(super) async fn answer(door: &SlackDoor, headers: &HeaderMap, body: &Bytes, at: Timestamp) -> Answered {
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
