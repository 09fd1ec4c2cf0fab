//! The pages over a database of their own, asked as a browser asks them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::connect_info::MockConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use docket::{
    chat::console::receive::{Sent, venue},
    clock::Chance,
    config::Config,
    connect::{Providers, http::Http, vault::Vault},
    domain::{
        ids::{DeliveryId, MemberId, TenantId},
        member::{Identity, Member, Role, Surface},
        model::{Account, Call, CallOutcome, JsonMode, Use},
        progress::Progress,
        secret::Sealed,
    },
    llm::{Completion, Endpoint, Llm, LlmError, Request as Prompted, models::Models},
    secrets::{Keyring, token::hash},
    store::{Accepted, NewDelivery, Store},
    web::{Accept, Limits, Ways, Web},
};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    clock::START,
    db::TestDb,
    sample::{
        acme::{NOW, Sample, sample},
        member,
    },
};

/// Where the pages are that others can reach.
pub(crate) const PUBLIC: &str = "https://docket.example.com";

/// Stores what comes in, one by one, and remembers what it was told.
struct Direct(Store, Arc<Mutex<Vec<NewDelivery>>>);

#[async_trait]
impl Accept for Direct {
    async fn accept(&self, delivery: NewDelivery) -> anyhow::Result<Accepted> {
        let accepted = self.0.accept(std::slice::from_ref(&delivery)).await?;
        self.1.lock().unwrap().push(delivery);
        accepted.into_iter().next().ok_or_else(|| anyhow::anyhow!("no answer for a delivery"))
    }
}

/// A database that takes nothing.
struct Full;

#[async_trait]
impl Accept for Full {
    async fn accept(&self, _: NewDelivery) -> anyhow::Result<Accepted> {
        anyhow::bail!("database or disk is full")
    }
}

/// Models of which none is connected.
pub(crate) fn no_models(store: &Store, chance: &Chance) -> Models {
    Models::new(Arc::new(Silent), store.clone(), chance.clone(), Keyring::new(&[]).unwrap(), None).unwrap()
}

/// Providers of which none is configured.
pub(crate) fn no_providers(store: &Store, chance: &Chance) -> Vault {
    let providers = Arc::new(Providers::new(&Config::read(&|_| None).unwrap()).unwrap());
    Vault::new(store.clone(), chance.clone(), Keyring::new(&[]).unwrap(), providers)
}

/// A model that nobody reaches: pages only look at what is known of it.
struct Silent;

#[async_trait]
impl Llm for Silent {
    async fn complete(&self, _: &Endpoint, _: &Prompted) -> Result<Completion, LlmError> {
        Err(LlmError::Unreachable("nobody is there".to_owned()))
    }
}

/// Seals a key so that a test can tell that it was sealed, for whom, and that nothing of it is left.
#[expect(clippy::needless_pass_by_value, reason = "the signature of the product")]
fn sealed_by_length(tenant: TenantId, name: &str, key: SecretString) -> Result<Sealed, String> {
    match key.expose_secret() {
        "unsealable" => Err("Docket has no master key to encrypt it with. Set DOCKET_MASTER_KEY.".to_owned()),
        key => Ok(Sealed(format!("{tenant} {name} {}", key.len()))),
    }
}

/// The pages of one tenant.
pub(crate) struct Site {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    /// Whoever sits at the machine itself, who is who asks unless a session says otherwise.
    pub(crate) owner: MemberId,
    pub(crate) chance: Chance,
    pub(crate) stopping: CancellationToken,
    taken: Arc<Mutex<Vec<NewDelivery>>>,
    web: Web,
    own: Option<TestDb>,
}

/// What a page answered.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    /// An empty SQLite database of its own with its pages.
    pub(crate) async fn new() -> Self {
        let db = TestDb::in_file().await;
        Self { own: Some(db.clone()), ..Self::over(&db).await }
    }

    /// The same, with the sample in it.
    pub(crate) async fn with_sample() -> (Self, Sample) {
        let site = Self::new().await;
        let sample = site.filled().await;
        (site, sample)
    }

    /// An empty database with its pages at `http://127.0.0.1:8080`, at [`NOW`].
    pub(crate) async fn over(db: &TestDb) -> Self {
        db.clock.advance(NOW.since(START));
        let (store, chance) = (db.store.clone(), db.chance.clone());
        let tenant = store.local_tenant(&chance).await.unwrap();
        let owner = store.local_owner(tenant).await.unwrap().unwrap().id;
        let taken = Arc::default();
        let stopping = CancellationToken::new();
        let web = Web {
            store: store.clone(),
            chance: chance.clone(),
            local: tenant,
            public_url: "http://127.0.0.1:8080".to_owned(),
            accept: Arc::new(Direct(store.clone(), Arc::clone(&taken))),
            models: no_models(&store, &chance),
            seal: Arc::new(sealed_by_length),
            http: Http::new().unwrap(),
            ways: Ways::default(),
            limits: Limits::new(vec!["10.0.0.0/8".parse().unwrap()], chance.clone()),
            vault: no_providers(&store, &chance),
            teams: None,
            has_slack_token: false,
            stopping: stopping.clone(),
        };
        Self { store, tenant, owner, chance, stopping, taken, web, own: None }
    }

    /// The same, with the sample in it.
    pub(crate) async fn over_sample(db: &TestDb) -> (Self, Sample) {
        let site = Self::over(db).await;
        let sample = site.filled().await;
        (site, sample)
    }

    /// The pages of another tenant of the same database.
    pub(crate) async fn of_new_tenant(&self) -> Self {
        let tenant = self.store.create_tenant("Another", &self.chance).await.unwrap();
        let owner = Member { role: Role::Owner, ..member(&self.chance, "Another owner") };
        let identity = Identity { surface: Surface::Console, team: "local".to_owned(), user: "local".to_owned() };
        let mut tx = self.store.write(tenant).await.unwrap();
        tx.put_member(&owner, &identity).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            tenant,
            owner: owner.id,
            store: self.store.clone(),
            chance: self.chance.clone(),
            stopping: self.stopping.clone(),
            taken: Arc::clone(&self.taken),
            web: Web { local: tenant, ..self.web.clone() },
            own: None,
        }
    }

    async fn filled(&self) -> Sample {
        let sample = sample(&self.chance);
        sample.write(&self.store, self.tenant).await;
        sample
    }

    /// The same database, opened by somebody else, such as `docket say`.
    pub(crate) async fn beside(&self) -> Store {
        self.own.as_ref().unwrap().another().await
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.own.as_ref().unwrap().clock.advance(time);
    }

    /// The pages as somebody with this `PUBLIC_URL` would have them.
    pub(crate) fn at(&self, public_url: &str) -> Router {
        near(Web { public_url: public_url.to_owned(), ..self.web.clone() })
    }

    /// What the pages need, over another store.
    pub(crate) fn web_over(&self, store: Store) -> Web {
        Web { store, ..self.web.clone() }
    }

    /// The pages at [`PUBLIC`] with these ways to sign in.
    pub(crate) fn public(&self, ways: &Ways) -> Router {
        near(Web { public_url: PUBLIC.to_owned(), ways: ways.clone(), ..self.web.clone() })
    }

    /// The pages at [`PUBLIC`] as somebody at this address has them.
    pub(crate) fn public_from(&self, peer: &str) -> Router {
        let router = docket::web::router(Web { public_url: PUBLIC.to_owned(), ..self.web.clone() });
        router.layer(MockConnectInfo(SocketAddr::new(peer.parse().unwrap(), 40_000)))
    }

    /// Serves the pages on a free port under a name that only our browser knows, and says where. The ways to sign in are
    /// those for that address.
    pub(crate) async fn serve_public(&self, ways: impl AsyncFnOnce(&str) -> Ways) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public_url = format!("http://docket.test:{}", listener.local_addr().unwrap().port());
        let router = near(Web { ways: ways(&public_url).await, public_url: public_url.clone(), ..self.web.clone() });
        tokio::spawn(async move { axum::serve(listener, router).await });
        public_url
    }

    /// A private link's token for a member, as `/docket connect` would make it.
    pub(crate) async fn ticket(&self, tenant: TenantId, member: MemberId, token: &str) {
        let mut tx = self.store.write(tenant).await.unwrap();
        tx.insert_ticket(&hash(token), member, self.chance.now().plus(Duration::from_mins(10))).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A member of a tenant whom no platform knows.
    pub(crate) async fn join(&self, tenant: TenantId, name: &str) -> Member {
        let member = member(&self.chance, name);
        let mut tx = self.store.write(tenant).await.unwrap();
        tx.add_member(&member).await.unwrap();
        tx.commit().await.unwrap();
        member
    }

    /// The pages.
    pub(crate) fn router(&self) -> Router {
        near(self.web.clone())
    }

    /// The pages as somebody at this address has them; `None` where nobody knows the address.
    pub(crate) fn from(&self, peer: Option<&str>) -> Router {
        let router = docket::web::router(self.web.clone());
        match peer {
            Some(peer) => router.layer(MockConnectInfo(SocketAddr::new(peer.parse().unwrap(), 40_000))),
            None => router,
        }
    }

    /// The pages over a database that takes nothing more.
    pub(crate) fn full(&self) -> Router {
        near(Web { accept: Arc::new(Full), ..self.web.clone() })
    }

    /// Begins to show a draft that is being made.
    pub(crate) async fn put_progress(&self, progress: &Progress) {
        let mut tx = self.store.write(self.tenant).await.unwrap();
        tx.put_progress(progress).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What was stored so far, but for who sent it.
    pub(crate) fn taken(&self) -> Vec<serde_json::Value> {
        let without_sender = |mut sent: serde_json::Value| {
            assert!(sent.as_object_mut().unwrap().remove("member").is_some(), "nobody sent it: {sent}");
            sent
        };
        self.stored().into_iter().map(without_sender).collect()
    }

    /// What was stored so far.
    pub(crate) fn stored(&self) -> Vec<serde_json::Value> {
        self.taken.lock().unwrap().iter().map(|new| serde_json::from_slice(&new.delivery.body).unwrap()).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        ask(self.router(), Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Page {
        ask(self.router(), post(path, "application/json", body)).await
    }

    pub(crate) async fn post_form(&self, path: &str, body: &str) -> Page {
        ask(self.router(), post(path, "application/x-www-form-urlencoded", body)).await
    }

    /// Serves the pages on a free port until the site is dropped, and says where.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

/// A line of the console that nobody has handled yet.
pub(crate) async fn asked(site: &Site, text: &str) -> DeliveryId {
    let sent = Sent::Say { id: site.chance.id::<DeliveryId>().to_string(), text: text.to_owned() };
    let new = sent.delivery(site.tenant, site.owner, &site.chance).unwrap();
    let id = new.delivery.id;
    site.store.accept(&[new]).await.unwrap();
    id
}

/// A draft for that line which began now.
pub(crate) fn drafting(site: &Site, delivery: DeliveryId, what: &str) -> Progress {
    Progress {
        delivery,
        venue: venue(),
        what: what.to_owned(),
        started_at: site.chance.now(),
        message: None,
        stopped_by: None,
        is_over: false,
    }
}

/// The pages for somebody at this machine.
fn near(web: Web) -> Router {
    docket::web::router(web).layer(MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))))
}

pub(crate) fn post(path: &str, kind: &str, body: &str) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, kind).body(Body::from(body.to_owned())).unwrap()
}

/// Asks with the host of the machine itself, unless the request names another.
pub(crate) async fn ask(router: Router, mut request: Request<Body>) -> Page {
    request.headers_mut().entry(header::HOST).or_insert("127.0.0.1:8080".parse().unwrap());
    let answer = router.oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Page { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// Two accounts: `openai`, whose key is stored, and `home`, which needs none.
pub(crate) async fn connected(site: &Site, by: MemberId) {
    let account = |name: &str, base_url: &str, key: Option<&str>, models: &[&str], position| Account {
        id: site.chance.id(),
        name: name.to_owned(),
        base_url: base_url.to_owned(),
        key: key.map(|key| Sealed(key.to_owned())),
        models: models.iter().map(ToString::to_string).collect(),
        json: JsonMode::Schema,
        position,
        by,
        created_at: site.chance.now(),
    };
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let openai = account("openai", "https://api.openai.com/v1", Some("sealed-1"), &["gpt-5-mini", "gpt-5"], 0);
    tx.put_account(&openai).await.unwrap();
    tx.put_account(&account("home", "http://127.0.0.1:11434/v1", None, &["qwen3:8b"], 1)).await.unwrap();
    tx.commit().await.unwrap();
}

/// A call of a model that ended like this, and used 2,500 tokens.
pub(crate) async fn called(site: &Site, outcome: CallOutcome) {
    let call = Call {
        id: site.chance.id(),
        delivery: None,
        purpose: Use::Plan,
        model: "openai/gpt-5".parse().unwrap(),
        prompt: "1a2b3c4d".to_owned(),
        reserved: 9_000,
        prompt_tokens: 1_800,
        answer_tokens: 700,
        outcome,
        at: site.chance.now(),
        millis: 12_400,
    };
    let mut tx = site.store.write(site.tenant).await.unwrap();
    tx.insert_call(&call).await.unwrap();
    tx.finish_call(&call).await.unwrap();
    tx.commit().await.unwrap();
}

/// Tests an account of [`connected`], which fails, until it rests.
pub(crate) async fn fails(site: &Site, account: &str) {
    for _ in 0..5 {
        assert!(site.web.models.test(site.tenant, account).await.unwrap().is_err());
    }
}
