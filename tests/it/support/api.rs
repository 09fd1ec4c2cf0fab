//! A program that speaks to the JSON API.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use docket::{
    clock::Chance,
    domain::{
        ids::{MemberId, TenantId},
        time::Timestamp,
        token::{ApiToken, Scope},
    },
    secrets::token::{fresh, hash},
    store::Store,
};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::site::ask;

/// A program with a token.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) router: Router,
    pub(crate) token: Option<String>,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Said {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer where it is a success.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.json
    }

    /// What is wrong, where something is: kind and detail. Holds the form of every problem.
    pub(crate) fn problem(&self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(self.json["status"], status);
        assert_eq!(self.json["instance"].as_str().unwrap().len(), 4, "{}", self.text);
        let kind = self.json["type"].as_str().unwrap().strip_prefix("/api/docs#").unwrap();
        (kind.to_owned(), self.json["detail"].as_str().unwrap().to_owned())
    }
}

impl Program {
    /// A program with a new token of this member for everything.
    pub(crate) async fn of(router: Router, store: &Store, chance: &Chance, tenant: TenantId, member: MemberId) -> Self {
        let token = make_token(store, chance, tenant, member, Scope::ALL, None).await;
        Self { router, token: Some(token) }
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Said {
        self.send(Method::GET, path, headers, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Said {
        self.post_with(path, &[], body).await
    }

    pub(crate) async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Said {
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
        self.send(Method::POST, path, &headers, Some(body.to_string())).await
    }

    /// Sends a request to an address below `/api/v1`, or to another one that is given wholly.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Said {
        let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let page = ask(self.router.clone(), request.body(Body::from(body.unwrap_or_default())).unwrap()).await;
        let json = serde_json::from_str(&page.body).unwrap_or(Value::Null);
        Said { status: page.status, headers: page.headers, text: page.body, json }
    }

    /// Everything of a list, page by page.
    pub(crate) async fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut next = format!("{path}{sign}limit={limit}");
        let mut items = Vec::new();
        loop {
            let said = self.get(&next).await;
            let link = said.header("link").to_owned();
            let mut page = said.ok();
            items.append(page["items"].as_array_mut().unwrap());
            if page["next"].is_null() {
                assert_eq!(link, "");
                return items;
            }
            let path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            assert!(path.contains(page["next"].as_str().unwrap()), "{path}");
            path.clone_into(&mut next);
        }
    }
}

/// Makes a token and returns its text.
pub(crate) async fn make_token(
    store: &Store,
    chance: &Chance,
    tenant: TenantId,
    member: MemberId,
    scopes: &[Scope],
    expires_at: Option<Timestamp>,
) -> String {
    let text = format!("docket_{}", fresh(chance).expose_secret());
    let token = ApiToken {
        id: chance.id(),
        name: "CI".to_owned(),
        scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
        member,
        created_at: chance.now(),
        expires_at,
        used_at: None,
    };
    let mut tx = store.write(tenant).await.unwrap();
    tx.insert_token(&token, &hash(&text)).await.unwrap();
    tx.commit().await.unwrap();
    text
}
