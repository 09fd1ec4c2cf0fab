//! The doors for Slack: commands, interactions, events and the options of menus.
//!
//! Each request is checked over its raw bytes, read only as far as its tenant and its dedupe key, and committed before
//! it is answered 2xx. Nothing slow happens here but the opening of a form, whose trigger lives 3 seconds: that is
//! started after the answer.
//!
//! Two things are not stored. Slack sends every message of the channels that Docket is in: where somebody decided that
//! what is said there is not kept, only what asks something of Docket is, and what is said in the thread of a card or
//! of a draft that is being made; the rest is acknowledged and forgotten. And a provider's key is sealed before anything
//! is stored (see [`keys`]).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderName, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;

use self::keys::Kept;
use super::{
    LONGEST_WAIT,
    body::{self, Limits},
    intake::{Intake, IntakeError},
    room::Room,
    signature::verify_slack,
};
use crate::{
    chat::slack::receive::{self, Received, WORDS},
    chat::slack::teams::Teams,
    clock::Chance,
    config::SlackConfig,
    domain::{
        delivery::{Delivery, Source},
        event::{Action, Event, Incoming},
        heard::Saying,
        ids::TenantId,
        job::{Job, NewJob},
        member::Surface,
        message::Message,
        time::Timestamp,
    },
    intent::may_take_long,
    secrets::Seal,
    store::{self, Accepted, NewDelivery, Store},
    telemetry,
};

mod form;
mod keys;
mod options;

/// How long an answer in the acknowledgement may take. Slack waits 3 seconds; after this it goes through a job.
const IMMEDIATE: Duration = Duration::from_millis(1_500);

/// What is read of a request: Slack itself gives up after 3 seconds.
const LIMITS: Limits = Limits { most: 1, drain: 8, time: Duration::from_secs(3) };

/// Tells Slack not to send an event again: it was read, and reading it again will not help.
const NO_RETRY: HeaderName = HeaderName::from_static("x-slack-no-retry");

/// Answers what needs no job.
#[async_trait]
pub trait Front: Send + Sync {
    /// The answer to a line that changes nothing or can't be understood; `None` for one that needs a job.
    async fn immediate(&self, tenant: TenantId, incoming: &Incoming) -> Option<Message>;
}

/// What the doors need.
pub struct SlackDoor {
    /// Where deliveries are stored.
    pub intake: Intake,
    /// Tells whose a team is.
    pub store: Store,
    /// Time and ids.
    pub chance: Chance,
    /// The signing secrets.
    pub config: SlackConfig,
    /// Renders answers and opens forms, with the token of each team.
    pub teams: Teams,
    /// Answers at once what it can.
    pub front: Arc<dyn Front>,
    /// Encrypts keys before they are stored.
    pub seal: Seal,
}

/// The doors with the room that they share.
struct Hall {
    door: SlackDoor,
    room: Room,
}

/// The routes that Slack calls.
pub fn router(door: SlackDoor) -> Router {
    Router::new()
        .route("/slack/commands", post(|State(hall), request| enter(hall, Source::SlackCommand, request)))
        .route("/slack/interactions", post(|State(hall), request| enter(hall, Source::SlackInteraction, request)))
        .route("/slack/events", post(|State(hall), request| enter(hall, Source::SlackEvent, request)))
        .route("/slack/options", post(|State(hall), request| options::enter(hall, request)))
        .with_state(Arc::new(Hall { door, room: Room::new() }))
}

/// An answer, with its word for metrics.
struct Answered(&'static str, Response);

impl Answered {
    fn new(outcome: &'static str, response: impl IntoResponse) -> Self {
        Self(outcome, response.into_response())
    }
}

async fn enter(hall: Arc<Hall>, source: Source, request: Request) -> Response {
    let Hall { door, room } = hall.as_ref();
    let began = door.chance.now();
    let (head, body) = request.into_parts();
    let Answered(outcome, response) = match body::read(&head.headers, body, LIMITS, room, |_| ()).await {
        Ok((body, _room)) => match verify_slack(&head.headers, &body, &door.config.signing_secrets, began) {
            Ok(()) => answer(door, source, body.into(), began).await,
            Err(forged) => {
                tracing::warn!(source = source.as_str(), reason = %forged, "a request was not signed by Slack");
                Answered::new("forged", (StatusCode::UNAUTHORIZED, forged.to_string()))
            }
        },
        Err(refused) => Answered(refused.outcome(), refused.answer(&door.chance)),
    };
    let source = source.as_str();
    metrics::counter!(telemetry::DELIVERIES, "source" => source, "outcome" => outcome).increment(1);
    metrics::histogram!(telemetry::ACK_SECONDS, "source" => source)
        .record(door.chance.now().since(began).as_secs_f64());
    response
}

async fn answer(door: &SlackDoor, source: Source, body: Bytes, at: Timestamp) -> Answered {
    if source == Source::SlackCommand && receive::is_ssl_check(&body) {
        return Answered::new("ssl_check", StatusCode::OK);
    }
    if source == Source::SlackEvent
        && let Some(challenge) = receive::challenge(&body)
    {
        return Answered::new("url_verification", challenge);
    }
    let taking = async {
        match receive::receive(source, &body) {
            Ok(received) if source == Source::SlackEvent && asks_nothing(&received.incoming) => Ok(ignored()),
            Ok(received) => admit(door, source, body, at, received).await,
            Err(unreadable) => keep_unreadable(door, source, body, at, unreadable).await,
        }
    };
    let outcome = tokio::time::timeout(LONGEST_WAIT, taking).await.unwrap_or(Err(Failure::Slow));
    outcome.unwrap_or_else(|failure| {
        tracing::error!(source = source.as_str(), error = %failure, "a delivery was not stored");
        let words = "Docket can't store this right now. Please try again.";
        Answered::new("unavailable", (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], words))
    })
}

/// Why a request could not be stored.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the database did not answer within {LONGEST_WAIT:?}")]
    Slow,
    #[error("Slack has not told yet which workspace the bot token belongs to")]
    NotIntroduced,
}

/// What becomes of a delivery.
enum Plan {
    /// Nothing asks for anything.
    Ignore,
    /// Answered in the acknowledgement.
    Say(Message),
    /// Answered with a warning: it held a key.
    Warn,
    /// A form is opened.
    Open,
    /// Goes to the worker.
    Work,
}

impl Plan {
    /// The outcome that is stored with the delivery; `None` while it waits for the worker.
    const fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Ignore => Some("ignored"),
            Self::Say(_) | Self::Warn => Some("answered"),
            Self::Open => Some("form"),
            Self::Work => None,
        }
    }
}

async fn admit(
    door: &SlackDoor,
    source: Source,
    body: Bytes,
    at: Timestamp,
    received: Received,
) -> Result<Answered, Failure> {
    let Some(tenant) = door.store.tenant_of(Surface::Slack, &received.team).await? else {
        return stranger(door, source, received).await;
    };
    if lacks_words(&received.incoming.event) {
        let errors = json!({ "response_action": "errors", "errors": { WORDS: "Say what should be different." } });
        return Ok(Answered::new("refused", Json(errors)));
    }
    let is_talk = source == Source::SlackEvent && is_talk_of_others(door, tenant, &received.incoming).await?;
    if is_talk && !may_hear(door, tenant, &received.incoming).await? {
        return Ok(ignored());
    }
    let (body, plan) = match keys::keep(door, tenant, source, body, &received.incoming).await? {
        Kept::Body(body) if is_talk => (body, Plan::Work),
        Kept::Body(body) => (body, plan(door, source, tenant, &received).await),
        Kept::Masked(body) => (body, Plan::Warn),
        Kept::Nothing(answered) => return Ok(answered),
    };
    let delivery = Delivery {
        id: door.chance.id(),
        tenant: Some(tenant),
        source,
        dedupe_key: received.dedupe_key.clone(),
        body: body.into(),
        received_at: at,
    };
    let job =
        matches!(plan, Plan::Work).then(|| if is_talk { hearing(&delivery) } else { handling(&delivery, &received) });
    let outcome = plan.outcome().map(str::to_owned);
    let stored = NewDelivery { delivery, job, job_id: door.chance.id(), outcome };
    if door.intake.accept(stored).await? == Accepted::Duplicate {
        return Ok(Answered::new("duplicate", StatusCode::OK));
    }
    Ok(match plan {
        Plan::Say(message) => Answered::new("answered", Json(door.teams.api().render(&message).ephemeral())),
        Plan::Warn => keys::warned(door, tenant, source, received.incoming),
        Plan::Open => {
            tokio::spawn(form::open(door.teams.clone(), tenant, received));
            Answered::new("form", StatusCode::OK)
        }
        Plan::Ignore => ignored(),
        Plan::Work => Answered::new("accepted", StatusCode::OK),
    })
}

/// What a delivery of a team that nobody has connected gets: nothing is kept of it.
///
/// While no team at all is connected, Docket has not reached Slack yet: Slack sends events again later, and
/// people are told who can mend it.
async fn stranger(door: &SlackDoor, source: Source, received: Received) -> Result<Answered, Failure> {
    let introduced = door.config.bot_token.is_none() || door.store.is_installed(Surface::Slack).await?;
    if !introduced && source == Source::SlackEvent {
        return Err(Failure::NotIntroduced);
    }
    tracing::warn!(team = received.team, source = source.as_str(), "a request of a Slack team that is not connected");
    let words = if introduced {
        "This workspace is not connected to Docket, so nothing was done. An owner can add it on Docket's page."
    } else {
        "Docket could not reach Slack yet, so nothing was done. Whoever runs Docket sees why with: docket doctor"
    };
    if source == Source::SlackCommand {
        return Ok(Answered::new("unknown_team", Json(json!({ "response_type": "ephemeral", "text": words }))));
    }
    if let Some(url) = received.reply.response_url {
        let api = door.teams.api().clone();
        tokio::spawn(async move {
            if let Err(error) = api.respond(&url, &api.render(&Message::text(words))).await {
                tracing::warn!(%error, "somebody of another workspace could not be told that it is not connected");
            }
        });
    }
    Ok(Answered::new("unknown_team", StatusCode::OK))
}

/// What asks nothing of us, and of which nothing more is kept.
fn ignored() -> Answered {
    Answered::new("ignored", StatusCode::OK)
}

/// Whether nobody has anything to do about it.
fn asks_nothing(incoming: &Incoming) -> bool {
    incoming.event == Event::Nothing && incoming.heard.is_none()
}

/// Whether people talk to each other, and not in a thread that has to do with us.
async fn is_talk_of_others(door: &SlackDoor, tenant: TenantId, incoming: &Incoming) -> store::Result<bool> {
    match (&incoming.event, &incoming.venue) {
        (Event::Reply(_), Some(venue)) => Ok(!door.store.read(tenant).await?.is_our_thread(venue).await?),
        (Event::Reply(_), None) | (Event::Nothing, _) => Ok(true),
        _ => Ok(false),
    }
}

/// Whether what people say to each other may be kept: that it was taken back always, and of what is said only what holds
/// no key, where nobody has turned that off.
async fn may_hear(door: &SlackDoor, tenant: TenantId, incoming: &Incoming) -> store::Result<bool> {
    let (Some(venue), Some(heard)) = (&incoming.venue, &incoming.heard) else { return Ok(false) };
    match &heard.what {
        _ if !heard.may_be_kept() => Ok(false),
        Saying::Deleted => Ok(true),
        Saying::Said(_) => {
            let Some(channel) = door.store.read(tenant).await?.heard_channel(venue).await? else { return Ok(true) };
            if !channel.is_kept && channel.is_private.is_none() && heard.is_private.is_some() {
                // Nothing else that comes from there says whose eyes its project is for.
                let mut tx = door.store.write(tenant).await?;
                tx.lock_heard_channel(venue, heard.is_private).await?;
                tx.commit().await?;
            }
            Ok(channel.is_kept)
        }
    }
}

/// The job for what people say to each other, for which nobody waits. It has no order: whatever becomes of a message, it
/// comes out the same.
fn hearing(delivery: &Delivery) -> NewJob {
    Job::HandleDelivery { delivery: delivery.id }.due(delivery.received_at).in_background()
}

/// A request for changes that says nothing; the form stays open with a hint.
fn lacks_words(event: &Event) -> bool {
    matches!(event, Event::Click(click) if click.action == Action::RequestChanges && click.words.is_none())
}

async fn plan(door: &SlackDoor, source: Source, tenant: TenantId, received: &Received) -> Plan {
    if received.form.is_some() {
        return Plan::Open;
    }
    if received.incoming.event == Event::Nothing {
        return Plan::Ignore;
    }
    // Only the acknowledgement of a command can carry an answer.
    if source != Source::SlackCommand {
        return Plan::Work;
    }
    match tokio::time::timeout(IMMEDIATE, door.front.immediate(tenant, &received.incoming)).await {
        Ok(Some(message)) => Plan::Say(message),
        Ok(None) | Err(_) => Plan::Work,
    }
}

/// The job for a delivery. What is said in one channel is handled in its order, apart what [may take
/// long](may_take_long). A press on *Cancel* has no order: it would wait for the very draft that it is to stop.
fn handling(delivery: &Delivery, received: &Received) -> NewJob {
    let job = Job::HandleDelivery { delivery: delivery.id }.due(delivery.received_at);
    let event = &received.incoming.event;
    match &received.incoming.venue {
        _ if matches!(event, Event::Stop { .. }) => job,
        Some(venue) => {
            let drafts = if may_take_long(event) { ":drafts" } else { "" };
            job.in_order(format!("slack:{}:{}{drafts}", venue.team, venue.channel))
        }
        None => job,
    }
}

/// Keeps a body that is signed but unreadable, so that somebody can look at it, unless it may hold a key.
async fn keep_unreadable(
    door: &SlackDoor,
    source: Source,
    body: Bytes,
    at: Timestamp,
    unreadable: receive::Unreadable,
) -> Result<Answered, Failure> {
    tracing::warn!(source = source.as_str(), reason = %unreadable, "a signed request is unreadable");
    let tenant = match &unreadable.team {
        Some(team) => door.store.tenant_of(Surface::Slack, team).await?,
        None => None,
    };
    let delivery = Delivery {
        id: door.chance.id(),
        tenant,
        source,
        dedupe_key: format!("unreadable:{}", receive::fingerprint(&body)),
        body: keys::inspectable(&body).into(),
        received_at: at,
    };
    let outcome = Some(format!("unreadable: {unreadable}"));
    let stored = NewDelivery { delivery, job: None, job_id: door.chance.id(), outcome };
    let _new_or_known = door.intake.accept(stored).await?;
    let response = (StatusCode::BAD_REQUEST, [(NO_RETRY, "1")], unreadable.to_string());
    Ok(Answered::new("unreadable", response))
}
