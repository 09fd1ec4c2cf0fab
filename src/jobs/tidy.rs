//! Forgetting what nobody asks for any more.

use std::time::Duration;

use crate::{
    clock::Chance,
    domain::{heard::MOST_DAYS, ids::TenantId},
    shutdown::Shutdown,
    store::{self, Store},
};

/// How long a webhook of GitHub is kept once it was dealt with: GitHub sends one again for 3 days at most, a GitHub
/// Enterprise Server for 7.
const WEBHOOKS: Duration = Duration::from_hours(7 * 24);
/// How long it is kept what somebody typed or pressed in Slack once it was dealt with: it holds the way to answer, which
/// works for half an hour.
const ANSWERABLE: Duration = Duration::from_hours(1);
/// How long it is kept what could not be dealt with or not be read, for somebody who looks into it, that a request came,
/// and a job that was given up.
const INSPECTABLE: Duration = Duration::from_hours(14 * 24);
/// How long it is known that a message came: Slack sends one again for a day at most.
const REPEATED: Duration = Duration::from_hours(2 * 24);
/// How long a private answer is kept once it reached its reader.
const ANSWERED: Duration = DAY;
/// How long it is known what was made of a conversation that is gone itself.
const DECIDED: Duration = Duration::from_hours(180 * 24);
/// How long a draft is kept after the instant of its digest: who answers it late is told that it is over.
const DRAFTS: Duration = DAY;
/// A day, as messages are kept.
const DAY: Duration = Duration::from_hours(24);
/// How often it is looked.
const EVERY: Duration = Duration::from_hours(1);
/// How many are forgotten at once: they can be large, and others wait for the database meanwhile.
const MANY: i64 = 100;

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Webhooks of GitHub.
    pub webhooks: u64,
    /// What requests of Slack said.
    pub bodies: u64,
    /// That messages came.
    pub heard: u64,
    /// That other requests of people came.
    pub requests: u64,
    /// Private answers.
    pub answers: u64,
    /// Jobs that were given up.
    pub jobs: u64,
    /// Messages of channels.
    pub messages: u64,
    /// What was made of conversations.
    pub matches: u64,
    /// Drafts of digests.
    pub drafts: u64,
}

/// Forgets what is old, and says how much that was.
///
/// # Errors
/// When the database fails.
pub async fn tidy(store: &Store, chance: &Chance) -> store::Result<Forgotten> {
    let now = chance.now();
    let (handled, any) = (now.minus(ANSWERABLE), now.minus(INSPECTABLE));
    let mut forgotten = Forgotten {
        webhooks: bit_by_bit(|| store.forget_webhooks(now.minus(WEBHOOKS), MANY)).await?,
        bodies: bit_by_bit(|| store.forget_bodies(handled, any, MANY)).await?,
        heard: bit_by_bit(|| store.forget_heard_deliveries(now.minus(REPEATED), MANY)).await?,
        requests: bit_by_bit(|| store.forget_requests(any, MANY)).await?,
        answers: bit_by_bit(|| store.forget_answers(now.minus(ANSWERED), MANY)).await?,
        jobs: bit_by_bit(|| store.forget_dead_jobs(any, MANY)).await?,
        messages: 0,
        matches: 0,
        drafts: bit_by_bit(|| store.forget_drafts(now.minus(DRAFTS), MANY)).await?,
    };
    for tenant in store.tenants().await? {
        forgotten.messages += bit_by_bit(|| forget_messages(store, chance, tenant.id)).await?;
        forgotten.matches += bit_by_bit(|| forget_matches(store, chance, tenant.id)).await?;
    }
    Ok(forgotten)
}

/// Does something until there is nothing left to do.
async fn bit_by_bit<F: Future<Output = store::Result<u64>>>(forget: impl Fn() -> F) -> store::Result<u64> {
    let mut forgotten = 0;
    loop {
        let rows = forget().await?;
        forgotten += rows;
        if rows == 0 {
            return Ok(forgotten);
        }
    }
}

/// Forgets messages of a tenant that are older than it wants to keep them.
async fn forget_messages(store: &Store, chance: &Chance, tenant: TenantId) -> store::Result<u64> {
    let now = chance.now();
    let mut tx = store.write(tenant).await?;
    let before = now.minus(DAY * tx.kept_days().await?);
    let messages = tx.forget_said_before(before, MANY).await?;
    tx.forget_withdrawn_before(now.minus(DAY * MOST_DAYS)).await?;
    tx.commit().await?;
    Ok(u64::try_from(messages).unwrap_or(u64::MAX))
}

/// Forgets what was made of a tenant's conversations long ago.
async fn forget_matches(store: &Store, chance: &Chance, tenant: TenantId) -> store::Result<u64> {
    let mut tx = store.write(tenant).await?;
    let matches = tx.forget_matches_before(chance.now().minus(DECIDED), MANY).await?;
    tx.commit().await?;
    Ok(matches)
}

/// Does so now and then, until `shutdown`. Any number of processes may.
pub async fn keep_tidy(store: Store, chance: Chance, shutdown: Shutdown) {
    loop {
        match tidy(&store, &chance).await {
            Ok(forgotten) if forgotten == Forgotten::default() => {}
            Ok(forgotten) => tracing::info!(?forgotten, "what is old was forgotten"),
            Err(error) => tracing::warn!(%error, "what is old could not be forgotten yet"),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
