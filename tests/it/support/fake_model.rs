//! A provider of models that answers what the test says, and is as strict as the real ones.
//!
//! It speaks chat completions in the [`Dialect`] of one provider or another: it checks the key, the model, the path,
//! every field and the schema, holds each body against OpenAI's own description where that is at hand, and keeps all
//! requests. A request that nobody has scripted an answer for is refused and is one of the [`FakeModel::problems`].
//!
//! ```ignore
//! let model = FakeModel::start().await;
//! model.answer(json!({"tasks": []}));                              // the next request
//! model.script([Answer::RateLimited(Some(7)), Answer::Hang]);     // and the two after it
//! model.respond(|asked| Answer::Json(plan_for(&asked.user())));   // all others
//! ```

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use serde_json::{Value, json};
use tokio::sync::watch;

mod dialect;
mod speak;
mod spec;

pub(crate) use dialect::Dialect;

/// What comes back for one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// The text of this value, in a few pieces.
    Json(Value),
    /// This text, in a few pieces.
    Text(String),
    /// Each of these as an event of its own, and nothing else but the end.
    Events(Vec<Value>),
    /// The whole answer in one piece, though a stream was asked for.
    Whole(Value),
    /// The model refuses in these words.
    Refusal(String),
    /// This text, cut off at the limit of tokens.
    Length(String),
    /// The provider's filter stops the answer after this text.
    Filtered(String),
    /// This text, whose connection is cut after so many pieces.
    Cut(String, usize),
    /// This text, of which nothing more comes after so many pieces.
    Stalled(String, usize),
    /// This text, in whose place an error comes after so many pieces.
    BrokenOff(String, usize, Value),
    /// Nothing ever comes.
    Hang,
    /// 429 with Retry-After in seconds.
    RateLimited(Option<u64>),
    /// 429 because the account is out of money.
    QuotaExhausted,
    /// This status with this body.
    Status(u16, Value),
    /// Exactly this.
    Raw { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// The other one, later.
    After(Duration, Box<Answer>),
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Value,
}

impl Asked {
    /// What a speaker (`system`, `user`, `assistant`) said, all messages of theirs.
    pub(crate) fn said(&self, role: &str) -> String {
        let messages = self.body["messages"].as_array().into_iter().flatten();
        let texts =
            messages.filter(|message| message["role"] == role).filter_map(|message| message["content"].as_str());
        texts.collect::<Vec<_>>().join("\n\n")
    }

    /// The rules.
    pub(crate) fn system(&self) -> String {
        self.said("system")
    }

    /// What was asked.
    pub(crate) fn user(&self) -> String {
        self.said("user")
    }

    /// The name of the schema, which says what kind of answer is wanted; empty where there is none.
    pub(crate) fn schema_name(&self) -> &str {
        self.body["response_format"]["json_schema"]["name"].as_str().unwrap_or_default()
    }

    /// The schema, where it was sent as such.
    pub(crate) fn schema(&self) -> Option<&Value> {
        self.body["response_format"]["json_schema"].get("schema")
    }
}

type Responder = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

#[derive(Default)]
struct World {
    dialect: Dialect,
    key: Option<String>,
    models: Option<Vec<String>>,
    script: VecDeque<Answer>,
    responder: Option<Responder>,
    requests: Vec<Asked>,
    problems: Vec<String>,
}

/// The fake, and the way to look into it.
#[derive(Clone)]
pub(crate) struct FakeModel {
    world: Arc<Mutex<World>>,
    origin: String,
    /// How many went away before they had their answer.
    left: watch::Sender<usize>,
    arrived: watch::Sender<usize>,
}

impl FakeModel {
    /// A provider like OpenAI that knows every model and takes every key.
    pub(crate) async fn start() -> Self {
        Self::speaking(Dialect::OpenAi).await
    }

    /// A provider like this one.
    pub(crate) async fn speaking(dialect: Dialect) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World { dialect, ..World::default() }));
        let fake = Self { world, origin, left: watch::Sender::new(0), arrived: watch::Sender::new(0) };
        let router = Router::new().fallback(Self::serve).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// The base URL: `http://127.0.0.1:…/v1`.
    pub(crate) fn url(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// From now on only this key is taken.
    pub(crate) fn expect_key(&self, key: &str) {
        self.world().key = Some(key.to_owned());
    }

    /// From now on only these models are known.
    pub(crate) fn only_models(&self, models: &[&str]) {
        self.world().models = Some(models.iter().map(|&model| model.to_owned()).collect());
    }

    /// Answers the next unscripted request with this value.
    pub(crate) fn answer(&self, value: Value) {
        self.script([Answer::Json(value)]);
    }

    /// Answers the next unscripted requests with these.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.world().script.extend(answers);
    }

    /// Forgets what is scripted and was not asked for.
    pub(crate) fn drop_script(&self) {
        self.world().script.clear();
    }

    /// Answers every request for which nothing is scripted.
    pub(crate) fn respond(&self, responder: impl Fn(&Asked) -> Answer + Send + Sync + 'static) {
        self.world().responder = Some(Arc::new(responder));
    }

    /// The requests so far, the refused ones included.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.world().requests.clone()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Asked {
        self.requests().pop().expect("nothing was asked")
    }

    /// What no provider would take, and what nobody scripted. Empty where all is well.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.world().problems.clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn until_asked(&self, times: usize) {
        self.arrived.subscribe().wait_for(|arrived| *arrived >= times).await.unwrap();
    }

    /// Waits until so many went away before they had their whole answer.
    pub(crate) async fn until_left(&self, times: usize) {
        self.left.subscribe().wait_for(|left| *left >= times).await.unwrap();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn serve(State(fake): State<Self>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let asked = Asked { headers, body };
        let (dialect, answer) = {
            let mut world = fake.world();
            world.requests.push(asked.clone());
            let answer = if method == Method::POST && uri.path() == "/v1/chat/completions" {
                world.answer(&asked)
            } else {
                world.problems.push(format!("{method} {} is no call of this API", uri.path()));
                Answer::Status(404, json!({"detail": "Not Found"}))
            };
            (world.dialect, answer)
        };
        fake.arrived.send_modify(|arrived| *arrived += 1);
        speak::speak(dialect, &asked, answer, Guard(Some(fake.left.clone()))).await
    }
}

impl World {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.problems.extend(spec::problems(&asked.body));
        if let Some(refusal) = self.dialect.refusal(asked, self.key.as_deref(), self.models.as_deref()) {
            return refusal;
        }
        let scripted = self.script.pop_front();
        scripted.or_else(|| self.responder.clone().map(|responder| responder(asked))).unwrap_or_else(|| {
            let number = self.requests.len();
            self.problems.push(format!("nobody scripted an answer for request {number}"));
            Answer::Status(500, json!({"error": {"message": "no answer is scripted", "type": "server_error"}}))
        })
    }
}

/// Notices who goes away before the end.
struct Guard(Option<watch::Sender<usize>>);

impl Guard {
    fn done(&mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(left) = self.0.take() {
            left.send_modify(|left| *left += 1);
        }
    }
}
