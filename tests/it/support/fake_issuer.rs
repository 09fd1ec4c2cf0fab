//! An OpenID Connect provider that signs what it is told to, with the keys it is told to: for what no honest one does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use docket::config::OidcConfig;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// Two keys, made for these tests alone, and their public halves.
const KEYS: [(&str, &str, &str); 2] = [
    (
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgti2w7ARZVCSt6O2s\nYt9ipqQvTjxbDqi1uEtFprS+E6qhRANCAATWVCpDtgieU/klgD5AQLI4I6TiIkQY\nAlgxsBa0FtoVpc8gsl9C+3qIy88S9MjfbVEDj+wqCG3Czfkuh0lqdCQy\n-----END PRIVATE KEY-----\n",
        "1lQqQ7YInlP5JYA-QECyOCOk4iJEGAJYMbAWtBbaFaU",
        "zyCyX0L7eojLzxL0yN9tUQOP7CoIbcLN-S6HSWp0JDI",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsfjz3m5bFw7adsNV\nj5dh20y2a2bQUBX0EQB+LtTyVZuhRANCAARFZFGbEj3jCTAFEicx6NZ9anraLhDB\ngZpI9RPjv8EP85kbCb1Gz26lMcWH7C7Z3TWen8AXVHJvN6WvATVnfvg5\n-----END PRIVATE KEY-----\n",
        "RWRRmxI94wkwBRInMejWfWp62i4QwYGaSPUT47_BD_M",
        "mRsJvUbPbqUxxYfsLtndNZ6fwBdUcm83pa8BNWd--Dk",
    ),
];
const SECRET: &str = "issuer-secret-2b9e";

/// How the next statement is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signed {
    /// With the key of this number, under its name.
    Key(usize),
    /// With the key of the first number under the name of the second.
    KeyAs(usize, usize),
    /// With what the client and the provider share.
    Secret,
    /// Not at all.
    Not,
}

/// The running provider.
#[derive(Clone)]
pub(crate) struct FakeIssuer(Arc<Inner>);

struct Inner {
    issuer: String,
    published: Mutex<Vec<usize>>,
    next: Mutex<(Signed, Value)>,
    asked_for_keys: Mutex<usize>,
}

impl FakeIssuer {
    /// Serves discovery, keys and tokens; it publishes its first key.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self(Arc::new(Inner {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            published: Mutex::new(vec![0]),
            next: Mutex::new((Signed::Key(0), json!({}))),
            asked_for_keys: Mutex::default(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn config(&self) -> OidcConfig {
        OidcConfig { issuer: self.0.issuer.clone(), client_id: "docket".to_owned(), client_secret: SECRET.into() }
    }

    /// Publishes these keys instead.
    pub(crate) fn publish(&self, keys: &[usize]) {
        *self.0.published.lock().unwrap() = keys.to_vec();
    }

    /// What is stated next, beside the issuer and the audience, and how it is signed.
    pub(crate) fn state(&self, signed: Signed, claims: Value) {
        *self.0.next.lock().unwrap() = (signed, claims);
    }

    /// How often the keys were read.
    pub(crate) fn asked_for_keys(&self) -> usize {
        *self.0.asked_for_keys.lock().unwrap()
    }
}

async fn discovery(State(fake): State<FakeIssuer>) -> Json<Value> {
    let issuer = &fake.0.issuer;
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }))
}

async fn keys(State(fake): State<FakeIssuer>) -> Json<Value> {
    *fake.0.asked_for_keys.lock().unwrap() += 1;
    let key = |number: &usize| {
        let (_, x, y) = KEYS[*number];
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": format!("key-{number}"), "x": x, "y": y })
    };
    let mut all: Vec<_> = fake.0.published.lock().unwrap().iter().map(key).collect();
    // One of a kind that nobody knows yet.
    all.push(json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "key-9", "pub": "AA" }));
    Json(json!({ "keys": all }))
}

async fn token(
    State(fake): State<FakeIssuer>,
    headers: HeaderMap,
    Form(sent): Form<BTreeMap<String, String>>,
) -> Response {
    let has = |name: &str, value: &str| sent.get(name).is_some_and(|sent| sent == value);
    let is_client =
        has("client_id", "docket") && has("client_secret", SECRET) && !headers.contains_key(header::AUTHORIZATION);
    if !is_client || !sent.contains_key("code_verifier") {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let (signed, more) = fake.0.next.lock().unwrap().clone();
    let mut claims = json!({ "iss": fake.0.issuer, "aud": "docket", "sub": "ana", "name": "Ana" });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let with_key = |number: usize, named: usize| {
        let header = Header { kid: Some(format!("key-{named}")), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims, &EncodingKey::from_ec_pem(KEYS[number].0.as_bytes()).unwrap()).unwrap()
    };
    let with_secret = |header: &Header| encode(header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    let id_token = match signed {
        Signed::Key(number) => with_key(number, number),
        Signed::KeyAs(number, named) => with_key(number, named),
        Signed::Secret => with_secret(&Header { kid: Some("key-0".to_owned()), ..Header::new(Algorithm::HS256) }),
        Signed::Not => {
            let signed = with_secret(&Header::new(Algorithm::HS256));
            let claims = signed.split('.').nth(1).unwrap().to_owned();
            // {"alg":"none"}
            format!("eyJhbGciOiJub25lIn0.{claims}.")
        }
    };
    Json(json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token })).into_response()
}
