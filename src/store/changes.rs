//! Tells of commits: to whoever looks after everything, to whoever looks at one tenant, who hears nothing of others, and to
//! the doors, which hear only of what says whose a request is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{engine::Scope, messenger::Messenger};
use crate::domain::ids::TenantId;

/// The news of a commit, told when it is dropped: also where nobody waits any more for the commit to be made. To be told of
/// what was not committed costs a look.
pub(super) struct News {
    pub(super) changes: Changes,
    pub(super) scope: Scope,
    /// Whether it says anew whose requests are.
    pub(super) moved_doors: bool,
}

impl Drop for News {
    fn drop(&mut self) {
        if self.moved_doors {
            self.changes.tell_doors();
        }
        self.changes.tell_of_our_own(self.scope);
    }
}

/// Who is told. Cheap to clone.
#[derive(Clone)]
pub(super) struct Changes(Arc<Inner>);

struct Inner {
    all: watch::Sender<u64>,
    doors: watch::Sender<u64>,
    tenants: Mutex<HashMap<TenantId, watch::Sender<u64>>>,
    /// Tells other processes, where there are any.
    messenger: Option<Messenger>,
}

impl Changes {
    pub(super) fn new(messenger: Option<Messenger>) -> Self {
        let (all, doors) = (watch::channel(0).0, watch::channel(0).0);
        Self(Arc::new(Inner { all, doors, tenants: Mutex::default(), messenger }))
    }

    /// Hears of every commit.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.all.subscribe()
    }

    /// Hears of what says whose a request is.
    pub(super) fn subscribe_for_doors(&self) -> watch::Receiver<u64> {
        self.0.doors.subscribe()
    }

    /// Hears of what one tenant commits.
    pub(super) fn subscribe_to(&self, tenant: TenantId) -> watch::Receiver<u64> {
        let mut tenants = self.tenants();
        tenants.retain(|_, sender| sender.receiver_count() > 0);
        tenants.entry(tenant).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Tells of a commit of this process, also the other ones.
    pub(super) fn tell_of_our_own(&self, scope: Scope) {
        self.tell(scope);
        if let Some(messenger) = &self.0.messenger {
            messenger.take(scope);
        }
    }

    /// Tells of a commit in this scope.
    pub(super) fn tell(&self, scope: Scope) {
        count(&self.0.all);
        if let Scope::Tenant(tenant) = scope
            && let Some(sender) = self.tenants().get(&tenant)
        {
            count(sender);
        }
    }

    /// Tells the doors that requests may be somebody else's from now on.
    pub(super) fn tell_doors(&self) {
        count(&self.0.doors);
    }

    /// Tells everybody, because commits may have been missed.
    pub(super) fn tell_everybody(&self) {
        count(&self.0.all);
        self.tell_doors();
        self.tenants().values().for_each(count);
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, watch::Sender<u64>>> {
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}
