//! Background work: the one match from [`Job`] to the feature that does it.

mod availability;
mod backfill;
mod calendars;
mod cards;
mod changes;
mod connections;
mod consult;
mod conversation;
mod drafting;
mod errand;
mod handle;
mod heard;
mod issues;
mod links;
mod people;
mod privacy;
mod process;
mod pulls;
mod reminders;
mod roles;
mod settings;
mod standups;
mod think;
mod ticket;
pub mod tidy;
mod tracker;
mod trail;
pub mod understand;
mod wish;
pub mod worker;

use tokio::sync::Semaphore;

pub use calendars::queue_calendars;
pub use consult::room;
pub use process::queue_nights;
pub use tracker::{queue_looks, sweep};

use crate::{
    chat::slack::teams::Teams,
    chat::slack::{SlackClient, SlackError},
    clock::Chance,
    connect::{feed::Feeds, vault::Vault},
    domain::{
        ids::TenantId,
        job::{Job, JobError},
        patch::PatchState,
    },
    error::Error,
    llm::models::Models,
    planner::templates::Templates,
    review::{change, consensus, decide},
    store::{self, Claimed, Store},
    trackers::github::Hub,
};

/// What jobs work with.
pub struct Desk {
    /// Where everything is kept.
    pub store: Store,
    /// Time and randomness.
    pub chance: Chance,
    /// How plans begin where no model is connected.
    pub templates: Templates,
    /// Language models, where any are connected.
    pub models: Models,
    /// Room for drafts that are made at the same time.
    pub drafts: Semaphore,
    /// The Slack teams, where Slack is configured.
    pub slack: Option<Teams>,
    /// The tokens of everything that is connected.
    pub vault: Vault,
    /// The ways to GitHub.
    pub github: Hub,
    /// The way to feeds of calendars.
    pub feeds: Feeds,
}

impl Desk {
    /// The way to a Slack team of this tenant, with the token of that team.
    ///
    /// # Errors
    /// When Slack is not configured any more, the team is not the tenant's, or its token no longer works.
    async fn slack(&self, tenant: TenantId, team: &str) -> Result<SlackClient, SlackError> {
        let Some(teams) = &self.slack else {
            let (code, advice) = ("not_configured".to_owned(), "Slack is not configured any more".to_owned());
            return Err(SlackError::Denied { code, advice });
        };
        teams.client(tenant, team).await
    }
}

/// Runs one claimed job.
pub async fn run(desk: &Desk, claimed: &Claimed) -> Result<(), JobError> {
    let tries = cards::Tries { is_first: claimed.attempt == 1, is_last: claimed.attempt >= claimed.max_attempts };
    match claimed.job {
        Job::HandleDelivery { delivery } => handle::handle(desk, claimed.tenant, delivery).await,
        Job::SyncCard { card } => cards::sync(desk, claimed.tenant, card, tries).await,
        Job::SyncPull { card } => pulls::sync(desk, claimed.tenant, card, tries).await,
        Job::PostNotice { notice } => pulls::post_notice(desk, claimed.tenant, notice).await,
        Job::SendAnswer { answer } => cards::send_answer(desk, claimed.tenant, answer).await,
        Job::EndProgress { delivery } => consult::take_away(desk, claimed.tenant, delivery).await,
        Job::RefreshConnection { connection } => connections::refresh(desk, claimed.tenant, connection, tries).await,
        Job::RevokeConnection { connection } => connections::revoke(desk, claimed.tenant, connection, tries).await,
        Job::TellBroken { connection } => connections::tell_broken(desk, claimed.tenant, connection).await,
        Job::ExpirePatch { patch } => {
            let mut tx = desk.store.write(claimed.tenant).await?;
            if let Some(patch) = tx.lock_patch(patch).await? {
                decide::expire(&mut tx, &patch, &desk.chance).await?;
                if patch.state == PatchState::Proposed && patch.expires_at > desk.chance.now() {
                    // It was renewed while this job was waiting.
                    let again = Job::ExpirePatch { patch: patch.id }.due(patch.expires_at);
                    tx.enqueue(desk.chance.id(), &again).await?;
                }
                tx.commit().await?;
            }
            Ok(())
        }
        Job::SyncConnection { connection } => tracker::look(desk, claimed.tenant, connection).await,
        Job::SyncChange { change } => changes::sync(desk, claimed.tenant, change).await,
        Job::ExpireChange { change } => {
            let mut tx = desk.store.write(claimed.tenant).await?;
            change::expire(&mut tx, change, &desk.chance).await?;
            Ok(tx.commit().await?)
        }
        Job::Remind { reminder } => reminders::tell(desk, claimed.tenant, reminder).await,
        Job::ReadThreads => process::night(desk, claimed.tenant).await,
        Job::Backfill { backfill } => backfill::read(desk, claimed.tenant, backfill).await,
        Job::OpenIssue { order } => tracker::order::open(desk, claimed.tenant, order, tries).await,
        Job::FetchCalendar { calendar } => calendars::fetch(desk, claimed.tenant, calendar).await,
        Job::TieIssue { project, task } => tracker::tie::tie(desk, claimed.tenant, project, task).await,
        Job::PostDigest { digest } => standups::post::post(desk, claimed.tenant, digest).await,
        Job::OfferDraft { schedule, slot, member } => {
            standups::drafts::offer(desk, claimed.tenant, (schedule, slot, member)).await
        }
        Job::ApplyUnopposed { patch, .. } => {
            let mut tx = desk.store.write(claimed.tenant).await?;
            if !consensus::apply_unopposed(&mut tx, patch, &desk.chance).await? {
                return Err(JobError::Retry(anyhow::anyhow!("the plan changed in this very moment")));
            }
            Ok(tx.commit().await?)
        }
    }
}

/// Makes good what a job may still have said after its lease was lost, when somebody else had said something newer.
pub async fn overtaken(desk: &Desk, claimed: &Claimed) -> Result<(), JobError> {
    match claimed.job {
        Job::SyncCard { card } => cards::again(desk, claimed.tenant, card).await,
        Job::SyncPull { card } => pulls::again(desk, claimed.tenant, card).await,
        _ => Ok(()),
    }
}

/// Tells whoever waits for a job that it is dead. Called once, when nobody will try it again by itself.
pub async fn abandoned(desk: &Desk, claimed: &Claimed, error: &anyhow::Error) -> Result<(), Error> {
    match claimed.job {
        Job::HandleDelivery { delivery } => handle::apologise(desk, claimed.tenant, delivery, error).await,
        Job::OpenIssue { order } => tracker::order::abandon(desk, claimed.tenant, order).await,
        Job::PostDigest { digest } => standups::post::abandon(desk, claimed.tenant, digest, error).await,
        Job::Backfill { backfill } => backfill::abandon(desk, claimed.tenant, backfill).await,
        // A card's author is told by the job itself; an answer that can't be brought can't be apologised for.
        Job::SyncCard { .. }
        | Job::SyncPull { .. }
        | Job::PostNotice { .. }
        | Job::SendAnswer { .. }
        | Job::EndProgress { .. }
        | Job::ExpirePatch { .. }
        | Job::TieIssue { .. }
        | Job::FetchCalendar { .. }
        | Job::SyncChange { .. }
        | Job::ExpireChange { .. }
        | Job::RefreshConnection { .. }
        | Job::RevokeConnection { .. }
        | Job::TellBroken { .. }
        | Job::SyncConnection { .. }
        | Job::Remind { .. }
        | Job::ReadThreads
        // The digest comes without it.
        | Job::OfferDraft { .. }
        | Job::ApplyUnopposed { .. } => Ok(()),
    }
}

impl From<store::Error> for JobError {
    fn from(error: store::Error) -> Self {
        Self::Retry(error.into())
    }
}

impl From<Error> for JobError {
    fn from(error: Error) -> Self {
        match error {
            Error::User(words) => Self::Fatal(words.into()),
            Error::Internal(error) => Self::Retry(error),
        }
    }
}
