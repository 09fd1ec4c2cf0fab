//! Docket as a whole in this process, over a fake Slack, with a clock that the test owns.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::{body::to_bytes, extract::connect_info::MockConnectInfo, http::StatusCode};
use docket::{
    app::{self, App},
    config::Config,
    connect::{
        call::{Access, Tokens},
        feed::Feeds,
    },
    domain::{
        ids::TenantId,
        member::{Identity, Surface},
        patch::{Patch, PatchCode},
        provider::Provider,
        tenant::Installation,
    },
    llm::reach::Reach,
    shutdown::Shutdown,
    store::Store,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    db::TestDb,
    fake_slack::{BOT, FakeSlack, Shown, SignedRequest, SlackUser, TOKEN},
    sample, secrets,
};

/// What Slack signs with in tests.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// What Docket encrypts with in tests.
pub(crate) const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Docket with a Slack workspace of three people: Ana (`U1`) and Ben (`U2`), full members, and Gus (`U3`), a guest.
pub(crate) struct TestApp<'a> {
    pub(crate) app: App,
    pub(crate) slack: FakeSlack,
    pub(crate) db: &'a TestDb,
    /// Forms that were filled in.
    filled: AtomicUsize,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Ack {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl Ack {
    /// The answer as JSON; null where there is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl<'a> TestApp<'a> {
    /// Docket, connected to a fresh fake Slack.
    pub(crate) async fn start(db: &'a TestDb) -> Self {
        Self::start_with(db, &[]).await
    }

    /// Docket with more settings, connected to a fresh fake Slack.
    pub(crate) async fn start_with(db: &'a TestDb, more: &[(&str, &str)]) -> Self {
        let docket = Self::build(db, more).await;
        docket.introduce().await;
        docket
    }

    /// Asks Slack which workspace it is, as Docket does right after its start.
    pub(crate) async fn introduce(&self) {
        let client = self.app.desk.slack.as_ref().unwrap().own().unwrap();
        app::introduce(&self.app.desk, client, self.app.tenant).await.unwrap();
    }

    /// Docket in the moment after its start, when it has not reached Slack yet.
    pub(crate) async fn before_it_reaches_slack(db: &'a TestDb) -> Self {
        Self::build(db, &[]).await
    }

    /// Another replica, over the same Slack and this way to the same database.
    pub(crate) async fn another(&self, store: Store) -> App {
        let config = config(self.db, &self.slack, &[]);
        App::build(&config, store, self.db.clock.chance(2), Shutdown::new()).await.unwrap()
    }

    async fn build(db: &'a TestDb, more: &[(&str, &str)]) -> Self {
        let slack = FakeSlack::start().await;
        let config = config(db, &slack, more);
        // Feeds are served by this machine; where clouds keep credentials stays out of reach.
        let feeds = Feeds::new(Reach::NotLinkLocal).unwrap();
        let (store, chance) = (db.store.clone(), db.chance.clone());
        let mut app = App::build_with(&config, store, chance, Shutdown::new(), feeds).await.unwrap();
        // Whoever asks does so from this machine, as a browser beside it would.
        let near = MockConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 40_000)));
        app.router = app.router.layer(near);
        Self { app, slack, db, filled: AtomicUsize::new(0) }
    }

    /// Somebody in the channel `C1`.
    pub(crate) fn user(&self, id: &str) -> SlackUser {
        SlackUser::new(&self.slack, id, "C1", SECRET.into())
    }

    /// A second tenant: the Slack workspace `T2` with a token of its own and the channel `C2`, and Zoe (`U9`) in it.
    pub(crate) async fn second_tenant(&self) -> (TenantId, SlackUser) {
        let tenant = self.db.store.create_tenant("Other", &self.db.chance).await.unwrap();
        let owner = sample::member(&self.db.chance, "Owner");
        let mut tx = self.db.store.write(tenant).await.unwrap();
        let (team, name, bot_user) = ("T2".to_owned(), "Other".to_owned(), BOT.to_owned());
        let installation = Installation { surface: Surface::Slack, team, name, bot_user, removed: None };
        tx.put_installation(&installation).await.unwrap();
        let identity = Identity { surface: Surface::Slack, team: "T2".to_owned(), user: "U8".to_owned() };
        tx.put_member(&owner, &identity).await.unwrap();
        let access = slack_access("T2", "Other", "xoxb-fake-2", None);
        self.app.desk.vault.connect(&mut tx, Provider::Slack, access, owner.id, None).await.unwrap();
        tx.commit().await.unwrap();
        self.slack.add_token("xoxb-fake-2", "T2", "Other");
        self.slack.add_user("U9", "Zoe", &json!({ "team_id": "T2" }));
        self.slack.add_channel_of("T2", "C2", &["U9", BOT]);
        (tenant, SlackUser { team: "T2".to_owned(), channel: "C2".to_owned(), ..self.user("U9") })
    }

    /// The tenant's patch of this code.
    pub(crate) async fn patch(&self, tenant: TenantId, code: u32) -> Option<Patch> {
        self.db.store.read(tenant).await.unwrap().patch_by_code(PatchCode(code)).await.unwrap()
    }

    /// The states of the tenant's patches, oldest first.
    pub(crate) async fn states(&self) -> Vec<&'static str> {
        let mut patches = self.db.store.read(self.app.tenant).await.unwrap().recent_patches(1_000).await.unwrap();
        patches.sort_by_key(|patch| patch.code);
        patches.iter().map(|patch| patch.state.as_str()).collect()
    }

    /// Sends a request of somebody and lets everything happen; returns the acknowledgement.
    pub(crate) async fn act(&self, request: SignedRequest) -> Ack {
        let ack = self.send(request).await;
        assert_eq!(ack.status, StatusCode::OK, "{}", ack.body);
        self.run_jobs().await;
        ack
    }

    /// Sends a request and returns the acknowledgement; nothing else has happened yet.
    pub(crate) async fn send(&self, request: SignedRequest) -> Ack {
        let response = self.app.router.clone().oneshot(request.into_request()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Ack { status, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Runs everything that is due, and what follows from it.
    pub(crate) async fn run_jobs(&self) {
        self.app.worker.drain().await;
    }

    /// Types a command and lets everything happen; returns the acknowledgement.
    pub(crate) async fn slash(&self, user: &str, text: &str) -> Ack {
        self.act(self.user(user).slash(text, self.db.chance.now())).await
    }

    /// Mentions Docket in the channel and lets everything happen.
    pub(crate) async fn mention(&self, user: &str, text: &str) -> Ack {
        let ts = self.slack.say("C1");
        self.act(self.user(user).mention(text, &ts, self.db.chance.now())).await
    }

    /// Mentions Docket in a thread and lets everything happen.
    pub(crate) async fn mention_in(&self, user: &str, thread: &str, text: &str) -> Ack {
        self.act(self.user(user).mention_in(thread, text, self.db.chance.now())).await
    }

    /// Says something in a thread, to whoever reads it, and lets everything happen.
    pub(crate) async fn reply(&self, user: &str, thread: &str, text: &str) -> Ack {
        self.act(self.user(user).reply(thread, text, self.db.chance.now())).await
    }

    /// Presses a button of what only this user was told last, and lets everything happen.
    pub(crate) async fn press_private(&self, user: &str, action: &str) -> Ack {
        let message = self.slack.private(user).last().cloned().unwrap();
        self.click_on(user, &message, action).await
    }

    /// Presses a button of the newest message that has it and lets everything happen.
    pub(crate) async fn click(&self, user: &str, action: &str) -> Ack {
        let message = self.newest_with(action);
        self.click_on(user, &message, action).await
    }

    /// Presses a button of this message as the user sees it.
    pub(crate) async fn click_on(&self, user: &str, message: &Shown, action: &str) -> Ack {
        // Two clicks are two clicks: Slack stamps each with its own time.
        self.db.clock.advance(std::time::Duration::from_secs(1));
        let ack = self.send(self.user(user).click(message, action, self.db.chance.now())).await;
        assert_eq!(ack.status, StatusCode::OK, "{}", ack.body);
        self.run_jobs().await;
        ack
    }

    /// Fills in the form that was opened last and sends it.
    pub(crate) async fn submit(&self, user: &str, words: &str) -> Ack {
        let view = self.opened().await;
        let ack = self.send(self.user(user).submit_view(&view, words, self.db.chance.now())).await;
        assert_eq!(ack.status, StatusCode::OK, "{}", ack.body);
        self.run_jobs().await;
        ack
    }

    /// Fills in the form that opens now, field by field, and sends it.
    pub(crate) async fn fill(&self, user: &str, fields: &[(&str, &str)]) -> Ack {
        let view = self.opened().await;
        self.act(self.user(user).submit_form(&view, fields, self.db.chance.now())).await
    }

    /// The form that opens now: it does so beside the acknowledgement.
    async fn opened(&self) -> Value {
        for _ in 0..500 {
            if self.slack.views().len() > self.filled.load(Ordering::Relaxed) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let views = self.slack.views();
        self.filled.store(views.len(), Ordering::Relaxed);
        views.last().cloned().unwrap()
    }

    /// The newest message of the channel that has this button.
    pub(crate) fn newest_with(&self, action: &str) -> Shown {
        let wanted = json!(action);
        let has = |message: &Shown| buttons(&message.payload).any(|button| button["action_id"] == wanted);
        self.slack.messages("C1").into_iter().rfind(has).unwrap_or_else(|| panic!("no message has {action}"))
    }

    /// The texts of the cards in the channel, oldest first.
    pub(crate) fn cards(&self) -> Vec<String> {
        self.slack.messages("C1").iter().map(|message| words(&message.payload)).collect()
    }

    /// The text of the newest card.
    pub(crate) fn card(&self) -> String {
        self.cards().pop().unwrap_or_default()
    }

    /// What only this user was told last.
    pub(crate) fn told(&self, user: &str) -> String {
        self.slack.private(user).last().map(|message| words(&message.payload)).unwrap_or_default()
    }
}

/// The settings of a Docket that is connected to this Slack, and more of them.
fn config(db: &TestDb, slack: &FakeSlack, more: &[(&str, &str)]) -> Config {
    let settings = [
        ("DATABASE_URL", db.url.clone()),
        ("SLACK_BOT_TOKEN", TOKEN.to_owned()),
        ("SLACK_SIGNING_SECRET", SECRET.to_owned()),
        ("SLACK_API_URL", slack.api_url()),
        ("DOCKET_MASTER_KEY", MASTER_KEY.to_owned()),
    ];
    // What a test sets comes before what all have.
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let settings: Vec<(&str, String)> = more.chain(settings).collect();
    for (name, value) in &settings {
        secrets::setting(name, value);
    }
    let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    Config::read(&read).unwrap()
}

/// What an installation in a workspace gives: a token, and with `refresh` one that rotates.
pub(crate) fn slack_access(team: &str, name: &str, token: &str, refresh: Option<&str>) -> Access {
    Access {
        realm: team.to_owned(),
        name: name.to_owned(),
        account: "docket".to_owned(),
        url: format!("https://app.slack.com/client/{team}"),
        tokens: Tokens {
            access: token.into(),
            refresh: refresh.map(Into::into),
            life: refresh.map(|_| Duration::from_hours(12)),
            scopes: Some(Vec::new()),
        },
    }
}

fn buttons(payload: &Value) -> impl Iterator<Item = &Value> {
    let blocks = payload["blocks"].as_array().into_iter().flatten();
    blocks.flat_map(|block| block["elements"].as_array().into_iter().flatten())
}

/// Everything that a payload says, in reading order.
pub(crate) fn words(payload: &Value) -> String {
    fn collect(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
            Value::Object(fields) => {
                if let Some(text) = fields.get("text").and_then(Value::as_str) {
                    out.push(text.to_owned());
                }
                for (name, field) in fields {
                    if name != "options" && name != "initial_options" {
                        collect(field, out);
                    }
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    match &payload["blocks"] {
        Value::Null => collect(payload, &mut out),
        blocks => collect(blocks, &mut out),
    }
    out.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}
