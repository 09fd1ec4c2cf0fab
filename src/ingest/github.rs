//! The door for GitHub's webhooks.
//!
//! A body is checked while it comes in, held once, read only as far as Docket looks at it, and committed before it is
//! answered 2xx. GitHub sends nothing again by itself, and shows whoever looks after an App the answer: so it says what
//! became of the webhook. What is signed and can't be read is kept for inspection; asking for it again would not help.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use self::{
    known::Known,
    whose::{Signer, Whose},
};
use super::{
    LONGEST_WAIT,
    body::{self, Limits},
    come_again,
    intake::{Intake, IntakeError},
    room::Room,
    signature::{Forged, GitHubCheck},
};
use crate::{
    clock::Chance,
    config::GitHubConfig,
    connect::vault::{Unusable, Vault},
    domain::{
        delivery::{Delivery, Source},
        event::Event,
        ids::TenantId,
        job::{Job, NewJob},
        provider::Provider,
        time::Timestamp,
    },
    store::{self, Accepted, NewDelivery, Store},
    telemetry,
    trackers::github::receive::{self, Received},
};

mod known;
mod whose;

/// What is read of a webhook. GitHub sends none that is larger, and gives up after 10 seconds.
const LIMITS: Limits = Limits { most: 25, drain: 32, time: Duration::from_secs(10) };

/// The longest name of a kind, and the longest id, that is believed to be one.
const LONGEST: usize = 64;

/// What the door needs.
#[derive(Clone)]
pub struct GitHubDoor {
    intake: Intake,
    store: Store,
    chance: Chance,
    vault: Vault,
    /// The number of the App of the settings.
    app: Option<u64>,
    /// The secrets of the settings.
    secrets: Vec<SecretString>,
    room: Arc<Room>,
    /// Whose installations are.
    owners: Arc<Known<Option<TenantId>>>,
    /// What the webhooks of own Apps are signed with.
    signers: Arc<Known<Vec<(TenantId, SecretString)>>>,
}

impl GitHubDoor {
    /// With the App and the secrets of the settings; tenants' own Apps need none.
    pub fn new(intake: Intake, store: Store, chance: Chance, vault: Vault, config: &GitHubConfig) -> Self {
        let app = config.app.as_ref().map(|app| app.id);
        let secrets = config.webhook_secrets.clone();
        let (owners, signers) = (Arc::new(Known::new(&store)), Arc::new(Known::new(&store)));
        Self { intake, store, chance, vault, app, secrets, room: Arc::new(Room::new()), owners, signers }
    }

    /// The tenant that has connected this installation.
    async fn tenant_of(&self, installation: u64) -> store::Result<Option<TenantId>> {
        let look = async || self.store.tenant_of_realm(Provider::GitHub, &installation.to_string()).await;
        self.owners.get(installation, look).await
    }

    /// What the webhooks of an own App of this number are signed with, and whose it is.
    async fn hook_secrets(&self, app: u64) -> Result<Vec<(TenantId, SecretString)>, Unusable> {
        self.signers.get(app, async || self.vault.hook_secrets(app).await).await
    }
}

/// The route that GitHub calls.
pub fn router(door: GitHubDoor) -> Router {
    Router::new().route("/github/webhooks", post(enter)).with_state(door)
}

/// Why a webhook could not be stored.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Secret(#[from] Unusable),
    #[error("the database did not answer within {LONGEST_WAIT:?}")]
    Slow,
}

/// What asks the database, for as long as a sender waits.
async fn in_time<T>(asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(LONGEST_WAIT, asking).await.unwrap_or(Err(Failure::Slow))
}

/// An answer, with its word for metrics.
struct Answered(&'static str, Response);

impl Answered {
    fn new(outcome: &'static str, response: impl IntoResponse) -> Self {
        Self(outcome, response.into_response())
    }

    /// What was signed is acknowledged, with what became of it.
    fn taken(outcome: &'static str, words: impl Into<String>) -> Self {
        Self::new(outcome, (StatusCode::ACCEPTED, words.into()))
    }

    fn forged(why: Forged) -> Self {
        tracing::warn!(reason = %why, "a webhook was not signed by GitHub");
        let words = format!("{why}: set the webhook's secret to the one that Docket has, see docket doctor");
        Self::new("forged", (StatusCode::UNAUTHORIZED, words))
    }
}

/// A webhook whose signature holds.
struct Signed {
    by: Signer,
    /// What GitHub calls the event.
    kind: String,
    body: Vec<u8>,
    dedupe_key: String,
    at: Timestamp,
}

async fn enter(State(door): State<GitHubDoor>, request: Request) -> Response {
    let began = door.chance.now();
    let Answered(outcome, response) = take(&door, request, began).await.unwrap_or_else(|failure| {
        tracing::error!(source = Source::GitHub.as_str(), error = %failure, "a delivery was not stored");
        let words = "Docket can't store this right now. Please send it again.";
        let again = [(RETRY_AFTER, come_again(&door.chance))];
        Answered::new("unavailable", (StatusCode::SERVICE_UNAVAILABLE, again, words))
    });
    let source = Source::GitHub.as_str();
    metrics::counter!(telemetry::DELIVERIES, "source" => source, "outcome" => outcome).increment(1);
    metrics::histogram!(telemetry::ACK_SECONDS, "source" => source)
        .record(door.chance.now().since(began).as_secs_f64());
    response
}

async fn take(door: &GitHubDoor, request: Request, at: Timestamp) -> Result<Answered, Failure> {
    let (head, body) = request.into_parts();
    let headers = &head.headers;
    let (mut candidates, says_which) = in_time(whose::candidates(door, headers)).await?;
    let secrets: Vec<_> = candidates.iter().map(|(_, secret)| secret.clone()).collect();
    let mut check = match GitHubCheck::new(headers, &secrets) {
        Ok(check) => check,
        Err(why) => return Ok(Answered::forged(why)),
    };
    let (body, _room) = match body::read(headers, body, LIMITS, &door.room, |piece| check.take(piece)).await {
        Ok(read) => read,
        Err(refused) => return Ok(Answered(refused.outcome(), refused.answer(&door.chance))),
    };
    let by = match check.end() {
        Ok(index) => candidates.swap_remove(index).0,
        Err(why) if says_which => return Ok(Answered::forged(why)),
        Err(why) => match signed_by_own(door, headers, &body).await? {
            Some(signer) => signer,
            None => return Ok(Answered::forged(why)),
        },
    };
    door.intake.has_room_for_webhooks()?;
    // A kind that is none is as unknown as one of tomorrow.
    let kind = name(headers, "x-github-event").unwrap_or_else(|| "unknown".to_owned());
    let dedupe_key = match name(headers, "x-github-delivery") {
        Some(id) => format!("{kind} {id}"),
        None => format!("{kind} body:{}", hex::encode(Sha256::digest(&body))),
    };
    in_time(answer(door, Signed { by, kind, body, dedupe_key, at })).await
}

/// A header that GitHub fills with a name or an id, if that is what it holds. It is not signed.
fn name(headers: &HeaderMap, header: &str) -> Option<String> {
    let text = headers.get(header)?.to_str().ok()?;
    let is_name = (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_name.then(|| text.to_owned())
}

/// Whether a body that does not say which App it is of was signed by the own App of the tenant that it names.
async fn signed_by_own(door: &GitHubDoor, headers: &HeaderMap, body: &[u8]) -> Result<Option<Signer>, Failure> {
    let Some(installation) = receive::claimed_installation(body) else { return Ok(None) };
    let Some((signer, secret)) = whose::claimed(door, installation).await? else { return Ok(None) };
    let holds = GitHubCheck::new(headers, &[secret]).and_then(|mut check| {
        check.take(body);
        check.end()
    });
    Ok(holds.ok().map(|_| signer))
}

async fn answer(door: &GitHubDoor, signed: Signed) -> Result<Answered, Failure> {
    if signed.kind == "ping" {
        return Ok(Answered::new("ping", "Docket hears you."));
    }
    let received = match receive::receive(&signed.kind, &signed.body) {
        Ok(received) => received,
        Err(why) => {
            let tenants = signed.by.tenant().into_iter().collect();
            return keep_unreadable(door, signed, tenants, &why).await;
        }
    };
    let tenants = match whose::whose(door, signed.by, &signed.kind, &received).await? {
        Whose::Tenants(tenants) => tenants,
        Whose::Nobody => {
            tracing::info!(kind = signed.kind, "a webhook of an organisation that nobody has connected");
            let words = "No team here has connected this organisation, so nothing was kept. An owner connects it on \
                         Docket's page Connect.";
            return Ok(Answered::taken("unknown_installation", words));
        }
        Whose::Foreign => {
            tracing::warn!(kind = signed.kind, "an App spoke for an installation that is not of its own tenant");
            let words = "This installation belongs to another team here, for which this App does not speak.";
            return Ok(Answered::new("foreign", (StatusCode::FORBIDDEN, words)));
        }
    };
    let event = match &received.event {
        Ok(event) => event,
        Err(why) => return keep_unreadable(door, signed, tenants, why).await,
    };
    if *event == Event::Nothing {
        let kept = keep(door, signed, tenants, &Fate::Over("ignored".to_owned())).await?;
        return Ok(answered(kept, "ignored", "Kept. Docket does nothing about it."));
    }
    let order = order(&received);
    let kept = keep(door, signed, tenants, &Fate::Work(order)).await?;
    Ok(answered(kept, "accepted", "Taken."))
}

fn answered(kept: Accepted, outcome: &'static str, words: &str) -> Answered {
    match kept {
        Accepted::New => Answered::taken(outcome, words),
        Accepted::Duplicate => Answered::taken("duplicate", "This came before."),
    }
}

/// In which order it is handled: that of its repository, else that of its installation.
fn order(received: &Received) -> Option<String> {
    let of_repository = received.repository.map(|repository| format!("github:{repository}"));
    of_repository.or_else(|| received.installation.map(|installation| format!("github:installation:{installation}")))
}

/// Keeps a body that is signed but unreadable, so that somebody can look at it.
async fn keep_unreadable(
    door: &GitHubDoor,
    signed: Signed,
    tenants: Vec<TenantId>,
    why: &str,
) -> Result<Answered, Failure> {
    tracing::warn!(kind = signed.kind, reason = why, "a signed webhook is unreadable");
    let words = format!("Kept, but it can't be read: {why}.");
    let kept = keep(door, signed, tenants, &Fate::Over(format!("unreadable: {why}"))).await?;
    Ok(answered(kept, "unreadable", &words))
}

/// What becomes of a webhook that is stored.
enum Fate {
    /// It goes to the worker, behind those before it in this order.
    Work(Option<String>),
    /// Nothing more; with the outcome that is stored.
    Over(String),
}

/// Stores a webhook for each of the tenants; where there is none, for inspection alone.
async fn keep(door: &GitHubDoor, signed: Signed, tenants: Vec<TenantId>, fate: &Fate) -> Result<Accepted, Failure> {
    let Signed { dedupe_key, mut body, at, .. } = signed;
    let tenants: Vec<_> = if tenants.is_empty() { vec![None] } else { tenants.into_iter().map(Some).collect() };
    let mut kept = Accepted::Duplicate;
    for (left, tenant) in (0..tenants.len()).rev().zip(tenants) {
        let body = if left == 0 { std::mem::take(&mut body) } else { body.clone() };
        let delivery = Delivery {
            id: door.chance.id(),
            tenant,
            source: Source::GitHub,
            dedupe_key: dedupe_key.clone(),
            body,
            received_at: at,
        };
        let (job, outcome) = match fate {
            Fate::Work(order) => (Some(handling(&delivery, order.as_ref())), None),
            Fate::Over(outcome) => (None, Some(outcome.clone())),
        };
        let stored = NewDelivery { delivery, job, job_id: door.chance.id(), outcome };
        if door.intake.accept(stored).await? == Accepted::New {
            kept = Accepted::New;
        }
    }
    Ok(kept)
}

/// A webhook: nobody waits for it, and many may come at once.
fn handling(delivery: &Delivery, order: Option<&String>) -> NewJob {
    let job = Job::HandleDelivery { delivery: delivery.id }.due(delivery.received_at).in_background();
    match order {
        Some(order) => job.in_order(order.as_str()),
        None => job,
    }
}
