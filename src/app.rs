//! The composition root: builds the store, the clients, the doors and the worker, and runs them.

mod calendars;
mod front;
mod looks;
mod say;
mod schedules;
mod serving;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;

use self::front::{ConsoleDoor, DeskFront};
pub use self::say::say;
use crate::{
    chat::slack::teams::Teams,
    chat::slack::{SlackApi, SlackClient},
    clock::Chance,
    config::{ClientConfig, Config},
    connect::{Providers, feed::Feeds, http::Http, oidc::Oidc, slack_login::SlackLogin, vault::Vault},
    domain::{ids::TenantId, job::backoff, member::Surface, session::Party, tenant::Installation},
    health::{self, Health},
    ingest::{
        github::{self, GitHubDoor},
        intake::Intake,
        slack::{self, SlackDoor},
    },
    jobs::{self, Desk, worker::Worker},
    keys,
    llm::{
        models::Models,
        openai::{OpenAi, Timeouts},
        reach::Reach,
    },
    planner::templates::Templates,
    secrets::{Keyring, Seal, account_key},
    shutdown::Shutdown,
    store::{DURABLE, ORDINARY_ROLE, ServeLock, Store, behind_others},
    telemetry::{self, Metrics},
    trackers::github::Hub,
    web::{self, Limits, Ways, Web},
};

/// How old the worker's last sign of life may be before Docket calls itself not ready.
const WORKER_SILENCE: Duration = Duration::from_secs(15);

/// How long requests may take to come in wholly once Docket is asked to stop.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

/// Docket, put together and ready to run.
pub struct App {
    /// What jobs work with.
    pub desk: Arc<Desk>,
    /// Runs them.
    pub worker: Worker,
    /// Everything that is served over HTTP, but for health.
    pub router: Router,
    /// The tenant that the console and a single Slack workspace share.
    pub tenant: TenantId,
    /// Stores what comes in by every door.
    pub intake: Intake,
}

impl App {
    /// Builds everything on an open, migrated store. Talks to nobody yet.
    ///
    /// # Errors
    /// When the database fails, a plan template can't be read, or a client can't be built.
    pub async fn build(config: &Config, store: Store, chance: Chance, shutdown: Shutdown) -> anyhow::Result<Self> {
        Self::build_with(config, store, chance, shutdown, Feeds::new(Reach::Public)?).await
    }

    /// The same with another way to feeds of calendars than to those that are open to everybody.
    ///
    /// # Errors
    /// As above.
    pub async fn build_with(
        config: &Config,
        store: Store,
        chance: Chance,
        shutdown: Shutdown,
        feeds: Feeds,
    ) -> anyhow::Result<Self> {
        let tenant = store.local_tenant(&chance).await?;
        let keyring = Keyring::of(config)?;
        let desk = desk(config, tenant, store.clone(), chance.clone(), keyring.clone())?;
        let desk = Arc::new(Desk { feeds, ..desk });
        let seal = sealer(keyring, chance.clone());
        let intake = Intake::start(store.clone());
        let http = Http::new()?;
        let mut router = web::router(Web {
            store: store.clone(),
            chance: chance.clone(),
            local: tenant,
            public_url: config.public_url.clone(),
            accept: Arc::new(ConsoleDoor(intake.clone())),
            models: desk.models.clone(),
            seal: Arc::clone(&seal),
            ways: ways(config, &http, &chance),
            http,
            limits: Limits::new(config.trusted_proxies.clone(), chance.clone()),
            vault: desk.vault.clone(),
            teams: desk.slack.clone(),
            has_slack_token: config.slack.as_ref().is_some_and(|slack| slack.bot_token.is_some()),
            stopping: shutdown.token(),
        });
        let door = GitHubDoor::new(intake.clone(), store.clone(), chance.clone(), desk.vault.clone(), &config.github);
        router = router.merge(github::router(door));
        if let (Some(teams), Some(config)) = (&desk.slack, &config.slack) {
            router = router.merge(slack::router(SlackDoor {
                intake: intake.clone(),
                store,
                chance,
                config: config.clone(),
                teams: teams.clone(),
                front: Arc::new(DeskFront(Arc::clone(&desk))),
                seal,
            }));
        }
        Ok(Self { worker: Worker::new(Arc::clone(&desk)), desk, router, tenant, intake })
    }
}

/// What jobs work with, by the settings.
fn desk(config: &Config, local: TenantId, store: Store, chance: Chance, keyring: Keyring) -> anyhow::Result<Desk> {
    let mut templates = Templates::built_in()?;
    if let Some(folder) = &config.templates {
        templates = templates.with_folder(folder)?;
    }
    let llm = Arc::new(OpenAi::new(Timeouts::default())?);
    let models = Models::new(llm, store.clone(), chance.clone(), keyring.clone(), config.openai.as_ref())?;
    let vault = Vault::new(store.clone(), chance.clone(), keyring, Arc::new(Providers::new(config)?));
    let slack = match &config.slack {
        Some(slack) => {
            let api = SlackApi::new(slack, Some(&config.public_url))?;
            Some(Teams::new(api, slack.bot_token.as_ref(), local, store.clone(), chance.clone(), vault.clone()))
        }
        None => None,
    };
    let github = Hub::new(&config.github.api_url, vault.clone(), store.clone(), chance.clone())?;
    Ok(Desk {
        store,
        chance,
        templates,
        models,
        drafts: jobs::room(),
        slack,
        vault,
        github,
        feeds: Feeds::new(Reach::Public)?,
    })
}

/// The ways to sign in, by the settings.
fn ways(config: &Config, http: &Http, chance: &Chance) -> Ways {
    let back = |party: Party| format!("{}/oauth/{}/callback", config.public_url, party.as_str());
    let oidc = config.oidc.clone().map(|oidc| Oidc::new(oidc, back(Party::Oidc), http.clone(), chance.clone()));
    let slack = config.slack.as_ref().and_then(|slack| {
        let ClientConfig { id, secret } = slack.client.clone()?;
        Some(SlackLogin::new(id, secret, &slack.api_url, back(Party::Slack), http.clone(), chance.clone()))
    });
    Ways { slack, oidc }
}

/// Encrypts the keys of accounts that come in by the doors.
fn sealer(keyring: Keyring, chance: Chance) -> Seal {
    Arc::new(move |tenant, name, key| {
        keyring.seal(tenant, &account_key(name), &key, &chance).map_err(|why| format!("{why}."))
    })
}

/// Serves until `shutdown`: takes requests, runs jobs, and stops in order.
///
/// # Errors
/// When another process serves the same database, the database can't be opened or migrated, or the address can't be
/// listened on.
pub async fn serve(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let lock = ServeLock::acquire(&config.database_url)?;
    let metrics = Metrics::install()?;
    let store = Store::open(&config.database_url).await?;
    store.migrate().await?;
    tell_of_a_role_without_bounds(&store).await?;
    tell_of_a_forgetful_database(&store).await?;
    keys::all_there(&store, &Keyring::of(&config)?).await?;
    let chance = Chance::system();
    match store.end_leases_of_the_dead(&lock, chance.now()).await? {
        0 => {}
        jobs => tracing::info!(jobs, "took over what the last process left unfinished"),
    }
    let app = App::build(&config, store.clone(), chance.clone(), shutdown.clone()).await?;
    let listener = TcpListener::bind((config.host.as_str(), config.port)).await.with_context(|| {
        format!("cannot listen on {}:{}; set HOST and PORT to an address that is free", config.host, config.port)
    })?;
    let worker = app.worker.clone();
    let intake = app.intake.clone();
    let health = Health {
        store: store.clone(),
        metrics: metrics.clone(),
        worker_alive: Arc::new(move || worker.silence() < WORKER_SILENCE),
        intake_full: Arc::new(move || intake.is_full()),
        shutdown: shutdown.clone(),
        chance: chance.clone(),
    };
    let router = telemetry::traced(app.router.merge(health::router(health)), chance.clone());
    announce(&config, &listener)?;

    tokio::spawn(metrics.keep_small());
    let working = tokio::spawn(app.worker.run(shutdown.clone()));
    tokio::spawn(behind_others(jobs::tidy::keep_tidy(store.clone(), chance.clone(), shutdown.clone())));
    tokio::spawn(meet_slack(Arc::clone(&app.desk), app.tenant, shutdown.clone()));
    tokio::spawn(looks::look_after(Arc::clone(&app.desk), shutdown.clone()));
    tokio::spawn(calendars::keep_read(Arc::clone(&app.desk), shutdown.clone()));
    tokio::spawn(schedules::keep_time(store.clone(), chance.clone(), shutdown.clone()));
    tokio::spawn(schedules::keep_offering(store.clone(), chance.clone(), shutdown.clone()));
    tokio::select! {
        () = serving::serve(listener, router, shutdown.token()) => {}
        () = too_long(&shutdown) => tracing::warn!("requests that were still coming in were cut off"),
    }
    app.intake.shutdown().await;
    working.await?;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// With such a role nothing goes wrong today; but a mistake in a statement would show one tenant another's rows.
async fn tell_of_a_role_without_bounds(store: &Store) -> anyhow::Result<()> {
    if store.bypasses_row_security().await? {
        tracing::warn!(
            "the database's role is a superuser or has BYPASSRLS, so row-level security does not hold it back. {ORDINARY_ROLE}"
        );
    }
    Ok(())
}

/// Docket's promise that nothing acknowledged is lost holds only as far as that of its database.
async fn tell_of_a_forgetful_database(store: &Store) -> anyhow::Result<()> {
    let settings = store.forgetful_settings().await?.join(", ");
    if !settings.is_empty() {
        tracing::warn!(settings, "the database acknowledges before it is on the disk. {DURABLE}");
    }
    Ok(())
}

/// Ends [`REQUEST_GRACE`] after the request to stop.
async fn too_long(shutdown: &Shutdown) {
    shutdown.requested().await;
    tokio::time::sleep(REQUEST_GRACE).await;
}

fn announce(config: &Config, listener: &TcpListener) -> anyhow::Result<()> {
    let mut address = listener.local_addr()?;
    if web::is_loopback(&config.public_url) {
        // The console answers on this machine alone, also where every interface is listened on.
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        tracing::info!("Docket is ready: open http://{address}/console");
    } else {
        tracing::info!("Docket is ready on {address}, reached as {}", config.public_url);
    }
    Ok(())
}

/// Learns which workspace the bot token belongs to, and binds it to the tenant. Tries until it works:
/// until then requests of an unknown workspace are turned away with words.
async fn meet_slack(desk: Arc<Desk>, tenant: TenantId, shutdown: Shutdown) {
    let Some(slack) = desk.slack.as_ref().and_then(Teams::own) else { return };
    for attempt in 1.. {
        match introduce(&desk, slack, tenant).await {
            Ok(workspace) => return tracing::info!(workspace, "connected to Slack"),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "Slack does not answer; `docket doctor` says more");
            }
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(backoff(attempt, desk.chance.fraction())) => {}
        }
    }
}

/// Asks Slack who we are and stores it. Returns the workspace's name.
///
/// # Errors
/// When Slack refuses the token or can't be reached, or the workspace belongs to another tenant.
pub async fn introduce(desk: &Desk, slack: &SlackClient, tenant: TenantId) -> anyhow::Result<String> {
    let us = slack.auth_test().await?;
    let mut tx = desk.store.write(tenant).await?;
    tx.put_installation(&Installation {
        surface: Surface::Slack,
        team: us.team,
        name: us.name.clone(),
        bot_user: us.bot_user,
        removed: None,
    })
    .await?;
    tx.commit().await?;
    Ok(us.name)
}
