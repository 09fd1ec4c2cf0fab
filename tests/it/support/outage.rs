//! A PostgreSQL that goes away, and comes back.

use std::{process::Command, time::Duration};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::cluster::Cluster;

impl Cluster {
    /// Stops it as an administrator does who waits for nobody: open transactions come to nothing.
    pub(crate) fn stop(&mut self) {
        let id = self.server.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &id]).status().is_ok_and(|status| status.success()));
        let _stopped = self.server.wait();
    }

    /// Starts it again, where it was.
    pub(crate) async fn again(&mut self) {
        for _ in 0..50 {
            self.server = self.place.serve().unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            // Those who worked for the last one may still be ending; it does not start beside them.
            if self.server.try_wait().unwrap().is_none() {
                return self.wait().await.unwrap();
            }
        }
        panic!("PostgreSQL did not start again");
    }

    /// Runs a statement in a database as whoever may do everything.
    pub(crate) async fn admin(&self, database: &str, sql: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres", database)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
