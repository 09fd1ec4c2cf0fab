//! Slack's OpenID Connect endpoints, as strict as the real ones: codes work once, for the client, the address and the
//! verifier that they were made for, and unknown fields are refused.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use docket::domain::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The client that the fake knows.
pub(crate) const CLIENT: (&str, &str) = ("1234.5678", "slack-secret-7d1b");

/// A person of a workspace.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) team: &'static str,
    /// The organisation of workspaces that the workspace belongs to.
    pub(crate) organisation: Option<&'static str>,
    pub(crate) user: &'static str,
    pub(crate) name: &'static str,
}

/// What a code was made for.
struct Granted {
    redirect_uri: String,
    challenge: String,
    nonce: String,
    person: Person,
}

/// The endpoints, with whoever is signed in at Slack.
#[derive(Clone)]
pub(crate) struct FakeOpenId(Arc<Inner>);

struct Inner {
    base: String,
    redirect_uri: String,
    now: Timestamp,
    person: Mutex<Person>,
    codes: Mutex<BTreeMap<String, Granted>>,
    tokens: Mutex<BTreeMap<String, Person>>,
    /// What is changed in the next statements about people.
    forged: Mutex<Value>,
}

impl FakeOpenId {
    /// Serves them for one client, which has registered this address.
    pub(crate) async fn start(redirect_uri: &str, now: Timestamp, person: Person) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self(Arc::new(Inner {
            base: format!("http://{}", listener.local_addr().unwrap()),
            redirect_uri: redirect_uri.to_owned(),
            now,
            person: Mutex::new(person),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            forged: Mutex::new(json!({})),
        }));
        let router = Router::new()
            .route("/openid/connect/authorize", get(authorize))
            .route("/api/openid.connect.token", post(token))
            .route("/api/openid.connect.userInfo", post(user_info))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn api_url(&self) -> String {
        format!("{}/api", self.0.base)
    }

    /// Lets somebody else be signed in at Slack.
    pub(crate) fn set_person(&self, person: Person) {
        *self.0.person.lock().unwrap() = person;
    }

    /// Changes what is stated about people from now on.
    pub(crate) fn forge(&self, claims: Value) {
        *self.0.forged.lock().unwrap() = claims;
    }

    /// Follows an address to Slack and agrees; where Slack sends the browser back to.
    pub(crate) async fn agree(&self, address: &str) -> String {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client.get(address).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }
}

async fn authorize(State(fake): State<FakeOpenId>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let known = [
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    ];
    let names: Vec<_> = asked.keys().map(String::as_str).collect();
    let is_good = names == known
        && asked["client_id"] == CLIENT.0
        && asked["redirect_uri"] == fake.0.redirect_uri
        && asked["response_type"] == "code"
        && asked["code_challenge_method"] == "S256"
        && asked["scope"].split(' ').any(|scope| scope == "openid");
    if !is_good {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let code = format!("code-{}", fake.0.codes.lock().unwrap().len());
    let granted = Granted {
        redirect_uri: asked["redirect_uri"].clone(),
        challenge: asked["code_challenge"].clone(),
        nonce: asked["nonce"].clone(),
        person: fake.0.person.lock().unwrap().clone(),
    };
    fake.0.codes.lock().unwrap().insert(code.clone(), granted);
    Redirect::to(&format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"])).into_response()
}

fn no(error: &str) -> Json<Value> {
    Json(json!({ "ok": false, "error": error }))
}

async fn token(State(fake): State<FakeOpenId>, Form(sent): Form<BTreeMap<String, String>>) -> Json<Value> {
    let known = ["client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri"];
    if sent.keys().any(|name| !known.contains(&name.as_str())) {
        return no("invalid_arguments");
    }
    let get = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    if (get("client_id"), get("client_secret")) != CLIENT {
        return no("bad_client_secret");
    }
    // A code that was shown is used up, whatever comes of it.
    let Some(granted) = fake.0.codes.lock().unwrap().remove(get("code")) else { return no("invalid_code") };
    if get("grant_type") != "authorization_code" || get("redirect_uri") != granted.redirect_uri {
        return no("bad_redirect_uri");
    }
    if URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier"))) != granted.challenge {
        return no("invalid_code_verifier");
    }
    let now = fake.0.now.as_millis() / 1000;
    let Person { team, user, name, .. } = granted.person.clone();
    let mut claims = json!({
        "iss": fake.0.base, "sub": user, "aud": CLIENT.0, "exp": now + 300, "iat": now, "nonce": granted.nonce,
        "https://slack.com/team_id": team, "https://slack.com/user_id": user, "name": name,
    });
    let forged = fake.0.forged.lock().unwrap().clone();
    claims.as_object_mut().unwrap().extend(forged.as_object().unwrap().clone());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "slack-1" });
    let id_token = format!("{}.{}.{}", part(&header), part(&claims), URL_SAFE_NO_PAD.encode("signature"));
    let access = format!("xoxp-{}", fake.0.tokens.lock().unwrap().len());
    fake.0.tokens.lock().unwrap().insert(access.clone(), granted.person);
    Json(json!({ "ok": true, "access_token": access, "token_type": "Bearer", "id_token": id_token }))
}

async fn user_info(State(fake): State<FakeOpenId>, headers: HeaderMap) -> Json<Value> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let person = bearer.and_then(|token| fake.0.tokens.lock().unwrap().get(token).cloned());
    let Some(Person { team, organisation, user, name }) = person else { return no("invalid_auth") };
    let mut info = json!({
        "ok": true, "sub": user, "name": name, "email": "somebody@example.com", "email_verified": true,
        "https://slack.com/team_id": team, "https://slack.com/user_id": user,
    });
    if let Some(organisation) = organisation {
        info["https://slack.com/enterprise_id"] = organisation.into();
    }
    Json(info)
}
