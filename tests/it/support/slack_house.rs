//! Docket behind its doors for Slack: a database, an intake and a workspace in front of them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use docket::{
    chat::slack::teams::Teams,
    chat::slack::{SlackApi, receive::incoming},
    config::{Config, SlackConfig},
    connect::{Providers, vault::Vault},
    domain::{
        delivery::Delivery,
        event::{Action, Event, Incoming},
        ids::{DeliveryId, Id, PatchId, TenantId},
        job::Job,
        member::Surface,
        message::{Block, Button, ButtonStyle, Message, Press, Span},
        secret::Sealed,
        tenant::Installation,
    },
    ingest::{
        intake::Intake,
        slack::{Front, SlackDoor, router},
    },
    secrets::Keyring,
    store::Store,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

use super::{
    clock::START,
    db::TestDb,
    fake_slack::{BOT, FakeSlack, Shown, SignedRequest, SlackUser, TEAM, TOKEN},
    sample,
};

/// Answers lines that start with `show`, and says of `nonsense` that it is.
struct TestFront;

#[async_trait]
impl Front for TestFront {
    async fn immediate(&self, _tenant: TenantId, incoming: &Incoming) -> Option<Message> {
        match &incoming.event {
            Event::Command(line) if line.starts_with("show") => Some(Message::text("AUTH is at revision 3.")),
            Event::Command(line) if line == "nonsense" => Some(Message::text("\"nonsense\" is not a command.")),
            Event::Command(line) if line == "slow" => std::future::pending().await,
            _ => None,
        }
    }
}

/// Docket behind its doors, with a workspace in front of them.
pub(crate) struct House {
    pub(crate) fake: FakeSlack,
    pub(crate) ana: SlackUser,
    pub(crate) router: Router,
    pub(crate) intake: Intake,
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    /// The keys that were sealed, each with whose and the name of its account.
    pub(crate) sealed: Arc<Mutex<Vec<(TenantId, String, String)>>>,
}

/// What a request got.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) no_retry: bool,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn is_empty_ok(&self) -> bool {
        self.status == StatusCode::OK && self.body.is_empty()
    }
}

impl House {
    pub(crate) async fn open(db: &TestDb) -> Self {
        let (store, chance) = (db.store.clone(), db.chance.clone());
        let tenant = store.local_tenant(&chance).await.unwrap();
        let mut tx = store.write(tenant).await.unwrap();
        let (team, name, bot_user) = (TEAM.to_owned(), "Acme".to_owned(), BOT.to_owned());
        let installation = Installation { surface: Surface::Slack, team, name, bot_user, removed: None };
        tx.put_installation(&installation).await.unwrap();
        tx.commit().await.unwrap();
        let fake = FakeSlack::start().await;
        let config = SlackConfig {
            bot_token: Some(TOKEN.into()),
            client: None,
            signing_secrets: vec!["new".into(), "old".into()],
            api_url: fake.api_url(),
        };
        let api = SlackApi::new(&config, Some("https://docket.example.com")).unwrap();
        let providers = Arc::new(Providers::new(&Config::read(&|_| None).unwrap()).unwrap());
        let vault = Vault::new(store.clone(), chance.clone(), Keyring::new(&[]).unwrap(), providers);
        let own = config.bot_token.as_ref();
        let teams = Teams::new(api, own, tenant, store.clone(), chance.clone(), vault);
        let intake = Intake::start(store.clone());
        let sealed = Arc::new(Mutex::new(Vec::new()));
        let safe = Arc::clone(&sealed);
        let door = SlackDoor {
            intake: intake.clone(),
            store: store.clone(),
            chance,
            config,
            teams,
            front: Arc::new(TestFront),
            seal: Arc::new(move |tenant, name, key| {
                if name == "no master key" {
                    return Err("Docket has no master key.".to_owned());
                }
                safe.lock().unwrap().push((tenant, name.to_owned(), key.expose_secret().to_owned()));
                Ok(Sealed(format!("v1.{name}")))
            }),
        };
        let ana = SlackUser::new(&fake, "U1", "C1", "new".into());
        Self { ana, router: router(door), intake, store, tenant, fake, sealed }
    }

    pub(crate) async fn send(&self, request: SignedRequest) -> Reply {
        self.send_raw(request.into_request()).await
    }

    pub(crate) async fn send_raw(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (no_retry, retry_after) = (header("x-slack-no-retry").is_some(), header("retry-after"));
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Reply { status, no_retry, retry_after, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// The deliveries that wait for the worker, with what they mean.
    pub(crate) async fn waiting(&self) -> Vec<Incoming> {
        let mut found = VecDeque::new();
        // One job of each ordering key at a time: finish each to see the next.
        loop {
            let claimed = self.store.claim("test", START, Duration::from_mins(1), 10).await.unwrap();
            if claimed.is_empty() {
                return found.into();
            }
            for job in claimed {
                let Job::HandleDelivery { delivery } = job.job else { panic!("{:?}", job.job) };
                let delivery: Delivery =
                    self.store.read(self.tenant).await.unwrap().delivery(delivery).await.unwrap().unwrap();
                found.push_back(incoming(delivery.source, &delivery.body).unwrap());
                assert!(sample::done(&self.store, &job).await);
            }
        }
    }

    /// A card with every button, as it is shown in the channel.
    pub(crate) async fn card(&self) -> Shown {
        let button = |action: Action| Button {
            label: action.as_str().to_owned(),
            style: ButtonStyle::Plain,
            press: Press::Patch { action, patch: patch(), revision: 2 },
        };
        let plain = |label: &str, press| Button { label: label.to_owned(), style: ButtonStyle::Plain, press };
        let choose = Press::Choose { words: "how's it \"looking\"".to_owned(), line: "status AUTH".to_owned() };
        let others = [
            Button::say("AUTH", "plan AUTH"),
            plain("Status", choose),
            plain("Stop", Press::Stop(draft())),
            plain("Add account", Press::AddAccount),
        ];
        let message = Message {
            summary: "P-41".to_owned(),
            blocks: vec![
                Block::Text(vec![Span::plain("P-41")]),
                Block::Choices { patch: patch(), options: (0..3).map(|n| (n, format!("AUTH-{n}"))).collect() },
                Block::Buttons(Action::ALL.iter().map(|&action| button(action)).chain(others).collect()),
            ],
        };
        let api_url = self.fake.api_url();
        let config = SlackConfig { bot_token: None, client: None, signing_secrets: vec![], api_url };
        let client = SlackApi::new(&config, Some("https://docket.example.com")).unwrap().client(&TOKEN.into());
        client.post("C1", None, &client.render(&message)).await.unwrap();
        self.fake.messages("C1").pop().unwrap()
    }
}

/// The patch on the card.
pub(crate) fn patch() -> PatchId {
    PatchId::from_ulid(ulid::Ulid::from_parts(1_795_000_000_000, 41))
}

/// The delivery whose draft the card's button stops.
pub(crate) fn draft() -> DeliveryId {
    DeliveryId::from_ulid(ulid::Ulid::from_parts(1_795_000_000_000, 7))
}

/// Waits for something that happens after the answer.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..300 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within 3 seconds");
}
