//! Everything that is remembered, on SQLite or PostgreSQL. `sqlx` lives only here.
//!
//! One SQL text runs on both engines (see `engine`); the few statements that can't are in `dialect`.
//! Two doors lead in:
//!
//! * [`Tx`], a transaction bound to one tenant. Every statement of it has `tenant_id = $1`, so that an
//!   id from a button or a URL that belongs to another tenant is simply not found.
//! * [`Store`] itself, for the little that happens before a tenant is known or across all of them:
//!   opening, finding the tenant, storing deliveries, the job queue.
//!
//! Rules that are kept here and nowhere else: a patch, a plan and a task counter change by
//! compare-and-set; a job that must follow a change is queued in the transaction of that change; the audit
//! trail can only grow.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::domain::ids::TenantId;

#[macro_use]
mod engine;
mod accounts;
mod announcements;
mod answers;
mod audit;
mod availability;
mod calendars;
mod calls;
mod cards;
mod changes;
mod claims;
mod codec;
mod connections;
mod deliveries;
mod dialect;
mod drafts;
mod durable;
mod entries;
mod flows;
mod heard;
mod hooks;
mod jobs;
mod lessons;
mod lock;
mod log;
mod logins;
mod matches;
mod members;
mod messenger;
mod migrate;
mod moves;
mod objections;
mod old;
mod open;
mod packing;
mod patches;
mod plans;
mod policies;
mod progress;
mod projects;
mod reach;
mod reminders;
mod requests;
mod routes;
#[cfg(test)]
mod scans;
mod schedules;
mod sealed;
mod sessions;
mod stats;
mod tables;
mod tenants;
mod tickets;
mod tokens;
mod trackers;
mod wall;

pub use claims::{Claimed, Room, Turn};
pub use connections::Renewed;
pub use deliveries::{Accepted, NewDelivery, Parcel};
pub use durable::DURABLE;
pub use engine::behind_others;
pub use jobs::JobRow;
pub use lock::ServeLock;
pub use migrate::schema;
pub use moves::MovedTenant;
pub use open::FRESH;
pub use patches::PatchFilter;
pub use plans::TaskFilter;
pub use requests::{Kept, Request};
pub use sealed::{Column, StoredSecret};
pub use sessions::{IDLE, LIFE};
pub use stats::Stats;
pub use tables::{MovedRow, Moves, Table};
pub use tenants::TenantRow;
pub use trackers::{PullTask, StoredIssue};
pub use wall::ORDINARY_ROLE;

use changes::Changes;
use engine::{Db, Scope, Session};

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused, or could not be reached.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row holds something that this version of Docket does not understand.
    #[error("the stored {what} can't be read: {why}")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else has it already. Nothing was written.
    #[error("the {what} is taken: {why}")]
    Taken {
        /// What was to be written.
        what: &'static str,
        /// By whom.
        why: String,
    },
}

impl Error {
    /// Whether the database refused a single row, because of what it says or refers to, and would take others.
    pub fn is_of_one_row(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                error.is_foreign_key_violation() || error.is_check_violation() || error.is_unique_violation()
            }
            Self::Database(_) | Self::Taken { .. } => false,
            Self::Corrupt { .. } => true,
        }
    }

    /// Whether the same may succeed a moment later: the connection was lost, the server is being started anew, or somebody
    /// else stood in the way.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(_)) => true,
            // admin_shutdown, crash_shutdown, serialization_failure, deadlock_detected (PostgreSQL, appendix A).
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| ["57P01", "57P02", "40001", "40P01"].contains(&&*code))
            }
            Self::Database(_) | Self::Taken { .. } | Self::Corrupt { .. } => false,
        }
    }
}

/// The result of asking the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> Self {
        Self::Internal(error.into())
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    changes: Changes,
    /// Hears of the commits of other processes and tells them of ours on PostgreSQL, moves the log on SQLite; ends with the
    /// last clone.
    beside: Arc<AbortOnDropHandle<()>>,
}

/// A transaction bound to one tenant. Dropped without [`commit`](Tx::commit), it rolls back.
pub struct Tx {
    session: Session,
    tenant: TenantId,
    /// The tenant's id as it is stored.
    key: String,
}

impl Store {
    /// The engine's name: `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        self.db.name()
    }

    /// Changes after every commit that wrote something: of this process and, on PostgreSQL, of the
    /// others. A hint to look again; what is true stands in the database.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The same for what one tenant changes, whose pages hear of nobody else.
    pub fn changes_of(&self, tenant: TenantId) -> watch::Receiver<u64> {
        self.changes.subscribe_to(tenant)
    }

    /// Changes after every commit that says anew whose requests are: connections, own apps, tenants.
    pub fn changes_for_doors(&self) -> watch::Receiver<u64> {
        self.changes.subscribe_for_doors()
    }

    /// A consistent view for reading.
    pub async fn read(&self, tenant: TenantId) -> Result<Tx> {
        Ok(Tx::new(self.db.begin_read(Scope::Tenant(tenant)).await?, tenant))
    }

    /// A transaction for writing. SQLite has one writer at a time: keep it short, and never wait for a
    /// network inside.
    pub async fn write(&self, tenant: TenantId) -> Result<Tx> {
        Ok(Tx::new(self.db.begin_write(Scope::Tenant(tenant), self.changes.clone()).await?, tenant))
    }

    /// Waits for open transactions and closes every connection.
    pub async fn close(&self) {
        self.db.tell_the_last().await;
        self.beside.abort();
        self.db.close().await;
    }

    /// A consistent view across all tenants.
    async fn look(&self) -> Result<Session> {
        self.db.begin_read(Scope::Across).await
    }

    /// A write transaction across all tenants.
    async fn begin(&self) -> Result<Session> {
        self.db.begin_write(Scope::Across, self.changes.clone()).await
    }
}

impl Tx {
    fn new(session: Session, tenant: TenantId) -> Self {
        Self { session, tenant, key: tenant.to_string() }
    }

    /// The tenant it is bound to.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Makes everything that was written permanent and visible, all at once.
    pub async fn commit(self) -> Result<()> {
        self.session.commit().await
    }
}
