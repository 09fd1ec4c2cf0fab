//! Real programs on one database, between Slack, GitHub and a crowd.

use std::time::Duration;

use docket::domain::{connection::Connection, provider::Provider};
use tempfile::TempDir;

use super::{
    binary::{Binary, Settings},
    crowd::{CHANNELS, Crowd, Rush, millis},
    db::TestDb,
    github::{HOOK_SECRET, INSTALLATION},
    sample,
    sound::{self, Posts},
};
use crate::story_binary::{connected, eventually, with_slack};

/// For how long nothing may reach Slack any more after a death.
const ECHO: Duration = Duration::from_millis(60);

/// Programs that serve one database.
pub(crate) struct Servers<'a> {
    pub(crate) db: &'a TestDb,
    pub(crate) crowd: Crowd,
    pub(crate) settings: Settings,
    pub(crate) running: Vec<Binary>,
    pub(crate) posts: Posts,
    _folder: TempDir,
}

impl<'a> Servers<'a> {
    /// One program, with a project in each channel, and a repository that is known.
    pub(crate) async fn open(db: &'a TestDb) -> Self {
        Self::open_with(db, |settings| settings).await
    }

    /// The same with other settings.
    pub(crate) async fn open_with(db: &'a TestDb, change: impl FnOnce(Settings) -> Settings) -> Self {
        let crowd = Crowd::gather().await;
        let folder = TempDir::new().unwrap();
        let settings = with_slack(db, &crowd.slack, folder.path())
            .with("GITHUB_WEBHOOK_SECRET", HOOK_SECRET)
            // Nothing listens there.
            .with("GITHUB_API_URL", "http://127.0.0.1:9");
        let (settings, running, posts) = (change(settings), Vec::new(), Posts::default());
        let mut servers = Self { db, crowd, settings, running, posts, _folder: folder };
        sound::watch(db).await;
        servers.start().await;
        servers.prepare().await;
        servers
    }

    /// One more program, which takes part from now on.
    pub(crate) async fn start(&mut self) {
        self.running.push(Binary::start(&self.settings).await);
        self.turn();
    }

    /// From now on those that run are spoken to.
    pub(crate) fn turn(&self) {
        let doors: Vec<&str> = self.running.iter().map(|binary| binary.base.as_str()).collect();
        self.crowd.turn_to(&doors);
    }

    async fn prepare(&self) {
        let (ana, client) = (self.crowd.person("U1", "C1"), super::binary::client());
        let base = &self.running[0].base;
        connected(&self.running[0], &client, &ana).await;
        let goals = ["Build a user authentication flow", "Migrate to the new billing", "Fix the broken search"];
        for (channel, goal) in CHANNELS.into_iter().zip(goals) {
            let ana = self.crowd.person("U1", channel);
            let now = docket::clock::Chance::system().now();
            ana.slash(&format!("plan {goal}"), now).send(&client, base).await;
            let card = eventually("a card", || self.crowd.slack.messages(channel).pop()).await;
            ana.click(&card, "patch.approve", now).send(&client, base).await;
        }
        let tenant = self.db.store.local_tenant(&self.db.chance).await.unwrap();
        let planned = CHANNELS.len();
        for left in (0..1_000).rev() {
            if self.db.count("projects").await == i64::try_from(planned).unwrap() {
                break;
            }
            assert!(left > 0, "the projects were not planned");
            tokio::time::sleep(millis(20)).await;
        }
        let mut tx = self.db.store.write(tenant).await.unwrap();
        let mut tasks = Vec::new();
        for project in tx.projects().await.unwrap() {
            let plan = tx.plan(project.id).await.unwrap().unwrap();
            tasks.extend(plan.leaves().map(|task| format!("{}-{}", project.key, task.number.0)));
        }
        self.crowd.work_on(tasks);
        let by = tx.members().await.unwrap()[0].id;
        let sample = sample::connection(&self.db.chance, Provider::GitHub, &INSTALLATION.to_string(), by);
        let connection = Connection { access: None, refresh: None, ..sample };
        tx.put_connection(&connection).await.unwrap();
        tx.put_repository(&sample::trackers::repository(connection.id)).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Cuts the power of all of them, and notes what was under way.
    pub(crate) async fn cut(&mut self) {
        self.crowd.turn_to(&[]);
        for binary in self.running.drain(..) {
            binary.kill();
        }
        tokio::time::sleep(ECHO).await;
        self.crowd.slack.let_go();
        self.crowd.slack.forget_faults();
        self.posts.note(self.db, &self.crowd.slack).await;
        self.lapse().await;
    }

    /// Notes what is under way while those that run stand still: where the database was away, or one of them died.
    pub(crate) async fn note_standing(&mut self) {
        self.running.iter().for_each(|program| program.send("STOP"));
        tokio::time::sleep(ECHO).await;
        self.posts.note(self.db, &self.crowd.slack).await;
        self.running.iter().for_each(|program| program.send("CONT"));
    }

    /// Lets the minute pass for which a lease outlives its holder where others may run. Nobody may be running.
    pub(crate) async fn lapse(&self) {
        if self.db.store.engine() == "postgres" {
            self.db.raw("UPDATE jobs SET due_at = 0 WHERE state = 'running'").await.unwrap();
        }
    }

    /// Has all of this come in and waits until everybody was heard.
    pub(crate) async fn rush(&self, much: Rush) {
        self.crowd.rush(much).join_all().await;
    }

    /// Waits until nothing is left to do, and looks whether everything is as it has to be. Says how many cards and answers
    /// were given twice.
    pub(crate) async fn sound(&self) -> (usize, i64) {
        sound::settled(self.db).await;
        sound::database(self.db).await;
        sound::handled(self.db, &self.crowd.heard().promised).await;
        self.posts.check(self.db, &self.crowd.slack).await
    }
}
