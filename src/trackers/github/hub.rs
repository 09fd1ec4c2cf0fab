//! The ways to GitHub: one client for each connection, which shares what was used of its limits.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use http::Uri;
use octocrab::{AuthState, OctocrabBuilder, service::middleware::base_uri::BaseUriLayer};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    Client,
    limits::{self, Limits, Tenants},
    sign::{Sign, Whose},
    transport::Transport,
};
use crate::{
    clock::Chance,
    connect::{github, vault::Vault},
    domain::ids::{ConnectionId, TenantId},
    store::Store,
};

/// How many connections are looked through at the same time: far fewer than there are jobs at once, so that what people
/// ask for is never behind them.
const LOOKS: usize = 8;
/// Of them, for one tenant: its slow answers keep no other waiting.
const OF_ONE: usize = 2;
/// Clients that are kept at most; beyond that, those that nobody uses now are built anew.
const MANY: usize = 4_096;

/// The ways to GitHub. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    transport: Transport,
    vault: Vault,
    store: Store,
    chance: Chance,
    api: Uri,
    tenants: Arc<Tenants>,
    clients: Mutex<BTreeMap<(TenantId, ConnectionId), Client>>,
    looks: Semaphore,
    looking: Mutex<BTreeMap<TenantId, usize>>,
}

/// Room for looking through a connection, given back when it is dropped.
pub struct Room<'a> {
    _one: SemaphorePermit<'a>,
    looking: &'a Mutex<BTreeMap<TenantId, usize>>,
    tenant: TenantId,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_one) = looking.get_mut(&self.tenant) {
            *of_one -= 1;
        }
        looking.retain(|_, of_one| *of_one > 0);
    }
}

impl Hub {
    /// To the GitHub whose API is at this address. Calls nobody.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(api_url: &str, vault: Vault, store: Store, chance: Chance) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            transport: Transport::new()?,
            vault,
            store,
            api: api_url.parse().context("GITHUB_API_URL is no address")?,
            tenants: Arc::new(limits::tenants(&chance)),
            chance,
            clients: Mutex::default(),
            looks: Semaphore::new(LOOKS),
            looking: Mutex::default(),
        })))
    }

    /// The way for a connection, with the token that is live at each request.
    pub fn client(&self, tenant: TenantId, connection: ConnectionId) -> Client {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MANY {
            clients.clear();
        }
        let Inner { vault, store, chance, tenants, .. } = &*self.0;
        let client = clients.entry((tenant, connection)).or_insert_with(|| {
            let whose = Whose::Connection { vault: vault.clone(), store: store.clone(), tenant, id: connection };
            self.build(whose, Limits::new(Some((tenant, Arc::clone(tenants))), chance))
        });
        client.clone()
    }

    /// The way for an App itself, which sees its own deliveries and installations.
    pub fn app(&self, app: github::App) -> Client {
        let chance = &self.0.chance;
        self.build(Whose::App { app: Arc::new(app), chance: chance.clone() }, Limits::new(None, chance))
    }

    /// Room for looking through a connection; `None` where as many are looked through as may be at once, of this tenant
    /// or of all.
    pub fn room(&self, tenant: TenantId) -> Option<Room<'_>> {
        let Inner { looks, looking, .. } = &*self.0;
        let one = looks.try_acquire().ok()?;
        let mut count = looking.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = count.entry(tenant).or_default();
        if *of_one >= OF_ONE {
            return None;
        }
        *of_one += 1;
        Some(Room { _one: one, looking, tenant })
    }

    fn build(&self, whose: Whose, limits: Limits) -> Client {
        let Inner { transport, api, .. } = &*self.0;
        let limits = Arc::new(limits);
        let sign = Sign { whose, limits: Arc::clone(&limits), api: api.clone() };
        let Ok(crab) = OctocrabBuilder::new_empty()
            .with_service(transport.clone())
            .with_layer(&sign)
            .with_layer(&BaseUriLayer::new(api.clone()))
            .with_auth(AuthState::None)
            .build();
        Client::new(crab, limits)
    }
}
