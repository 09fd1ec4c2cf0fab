//! The PostgreSQL server that the tests make their databases on.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use docket::store::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::{Mutex, OnceCell};

use crate::support::{cluster::Cluster, peers};

/// The ordinary role that the tests connect as.
pub(super) const ROLE: &str = "docket";

/// A server with a migrated template database.
pub(super) struct Server {
    pub(super) place: Place,
    template: String,
}

pub(super) enum Place {
    Own(Cluster),
    Given(String),
}

/// Copying a template fails while another copy of it begins.
static COPYING: Mutex<()> = Mutex::const_new(());

/// The server of this run; `None`, with a line that says so, where there is none.
pub(super) async fn server() -> Option<&'static Server> {
    static SERVER: OnceCell<Result<Server, String>> = OnceCell::const_new();
    match SERVER.get_or_init(Server::start).await {
        Ok(server) => Some(server),
        Err(why) => {
            peers::missing(&format!("not run on PostgreSQL: {why}"));
            None
        }
    }
}

impl Server {
    async fn start() -> Result<Self, String> {
        let place = match setting("TEST_DATABASE_URL") {
            Some(url) => Place::Given(url),
            None => Place::Own(Cluster::start(false).await?),
        };
        let server = Self { place, template: format!("docket_template_{}", std::process::id()) };
        if let Place::Own(_) = server.place {
            server.admin(&format!("CREATE ROLE {ROLE} LOGIN NOSUPERUSER")).await;
        }
        let owner = server.owner();
        server.admin(&format!("CREATE DATABASE {}{owner}", server.template)).await;
        let store = Store::open_with(&server.url(&server.template), 1).await.map_err(|error| format!("{error:#}"))?;
        store.migrate().await.map_err(|error| format!("{error:#}"))?;
        store.close().await;
        Ok(server)
    }

    pub(super) fn url(&self, database: &str) -> String {
        match &self.place {
            Place::Own(cluster) => cluster.url(ROLE, database),
            Place::Given(url) => {
                let (url, options) = url.split_once('?').map_or((url.as_str(), ""), |(url, options)| (url, options));
                let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
                format!("{server}/{database}?{options}")
            }
        }
    }

    fn owner(&self) -> String {
        match self.place {
            Place::Own(_) => format!(" OWNER {ROLE}"),
            Place::Given(_) => String::new(),
        }
    }

    pub(super) async fn create_database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("docket_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let _copying = COPYING.lock().await;
        let owner = self.owner();
        self.admin(&format!("CREATE DATABASE {name}{owner} TEMPLATE {}", self.template)).await;
        name
    }

    pub(super) async fn drop_database(&self, name: &str) {
        self.admin(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }

    /// Runs a statement as whoever may create databases.
    async fn admin(&self, sql: &str) {
        let url = match &self.place {
            Place::Own(cluster) => cluster.url("postgres", "postgres"),
            Place::Given(url) => url.clone(),
        };
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for left in (0..20).rev() {
            match sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await {
                Ok(_) => break,
                // The template's last connection may still be closing.
                Err(error) if left == 0 => panic!("{sql}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        connection.close().await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "settings of the tests themselves")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
