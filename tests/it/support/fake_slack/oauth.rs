//! How workspaces let the app in: codes, tokens, rotation and removal (docs.slack.dev, installing-with-oauth).

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{BOT, FakeSlack, Owner, World};

/// The app's client id.
pub(crate) const CLIENT_ID: &str = "1.2";

/// The app's client secret.
pub(crate) const CLIENT_SECRET: &str = "slack-client-secret";

/// What the app's page holds, and who let it in.
#[derive(Default)]
pub(super) struct OAuth {
    /// Codes that were given out, each good for one exchange.
    codes: BTreeMap<String, Code>,
    /// Refresh tokens that were not used yet, with whose they are.
    refresh: BTreeMap<String, Owner>,
    /// Whether tokens end after 12 hours and come with a refresh token.
    pub(super) rotates: bool,
    /// What the installer leaves out.
    pub(super) without: BTreeSet<String>,
    /// The workspaces of organisations, by team.
    pub(super) parts: BTreeMap<String, String>,
    /// Who presses Allow on the page, and where.
    pub(super) installer: Option<Installer>,
}

/// Who presses Allow, and where.
#[derive(Debug, Clone)]
pub(crate) struct Installer {
    /// The workspace, or the organisation.
    pub(crate) team: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// The person.
    pub(crate) user: &'static str,
    /// Whether the app goes into the whole organisation.
    pub(crate) whole: bool,
}

#[derive(Clone)]
struct Code {
    redirect: String,
    scopes: Vec<String>,
    installer: Installer,
}

impl OAuth {
    pub(super) fn is_part_of(&self, team: &str, organisation: &str) -> bool {
        self.parts.get(team).is_some_and(|whole| whole == organisation)
    }
}

impl FakeSlack {
    /// Says who presses Allow next.
    pub(crate) fn set_installer(&self, installer: Installer) {
        self.world().oauth.installer = Some(installer);
    }

    /// Turns token rotation on, as the operator can at the app's page.
    pub(crate) fn rotate_tokens(&self) {
        self.world().oauth.rotates = true;
    }

    /// The installer leaves these permissions out from now on.
    pub(crate) fn leave_out(&self, scopes: &[&str]) {
        self.world().oauth.without = scopes.iter().map(|&scope| scope.to_owned()).collect();
    }

    /// Puts a workspace into an organisation.
    pub(crate) fn put_into(&self, team: &str, organisation: &str) {
        self.world().oauth.parts.insert(team.to_owned(), organisation.to_owned());
    }

    /// Revokes every token of a workspace, as somebody there can.
    pub(crate) fn revoke_team(&self, team: &str) {
        let mut world = self.world();
        world.oauth.refresh.retain(|_, owner| owner.team != team);
        world.tokens.values_mut().filter(|owner| owner.team == team).for_each(|owner| owner.revoked = true);
    }

    /// A refresh token of a workspace, as an earlier installation got it.
    pub(crate) fn add_refresh(&self, token: &str, team: &str, name: &str) {
        let owner = Owner { team: team.to_owned(), name: name.to_owned(), revoked: false };
        self.world().oauth.refresh.insert(token.to_owned(), owner);
    }

    /// Whether a workspace has any token that works.
    pub(crate) fn is_let_in(&self, team: &str) -> bool {
        self.world().tokens.values().any(|owner| owner.team == team && !owner.revoked)
    }

    /// Presses Allow on the page at `address`; where the browser is sent then.
    pub(crate) fn allow(&self, address: &str) -> String {
        let url = url::Url::parse(address).unwrap();
        assert!(address.starts_with(&format!("{}/oauth/v2/authorize?", self.origin)), "{address}");
        let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        self.world().allow(&query).unwrap()
    }

    #[expect(clippy::unused_async, reason = "axum wants a future of every handler")]
    pub(super) async fn authorize(State(fake): State<Self>, Query(query): Query<BTreeMap<String, String>>) -> Response {
        match fake.world().allow(&query) {
            Ok(back) => {
                let back = back.replace('&', "&amp;");
                Html(format!("<!doctype html><title>Slack</title><a id=\"allow\" href=\"{back}\">Allow</a>"))
                    .into_response()
            }
            Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
        }
    }

    /// The methods that take a form.
    pub(super) async fn grant(&self, method: &str, headers: &HeaderMap, body: &[u8]) -> Response {
        let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        self.world().calls.push((method.to_owned(), json!(form.keys().collect::<Vec<_>>())));
        self.with_fault(method, || {
            let mut world = self.world();
            let answer = match method {
                "oauth.v2.access" => world.access(headers, &form),
                _ => world.uninstall(headers, &form),
            };
            Json(answer.unwrap_or_else(|error| json!({ "ok": false, "error": error }))).into_response()
        })
        .await
    }
}

impl World {
    fn allow(&mut self, query: &BTreeMap<String, String>) -> Result<String, String> {
        let field = |name: &str| query.get(name).cloned().unwrap_or_default();
        let known = ["client_id", "scope", "user_scope", "redirect_uri", "state"];
        if let Some(unknown) = query.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("{unknown} is unknown"));
        }
        if field("client_id") != CLIENT_ID {
            return Err("invalid_client_id".to_owned());
        }
        let (redirect, state) = (field("redirect_uri"), field("state"));
        if redirect.is_empty() || state.is_empty() {
            return Err("bad_redirect_uri".to_owned());
        }
        let installer = self.oauth.installer.clone().ok_or("nobody is there to press Allow")?;
        let without = self.oauth.without.clone();
        let scopes = field("scope").split(',').filter(|scope| !without.contains(*scope)).map(str::to_owned).collect();
        let code = format!("code-{}", self.tick());
        self.oauth.codes.insert(code.clone(), Code { redirect: redirect.clone(), scopes, installer });
        let query = serde_urlencoded::to_string([("code", &code), ("state", &state)]).unwrap();
        Ok(format!("{redirect}?{query}"))
    }

    fn access(&mut self, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Result<Value, &'static str> {
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(basic.as_str()) {
            return Err("bad_client_secret");
        }
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") == "refresh_token" {
            // Used once, it is gone.
            let owner = self.oauth.refresh.remove(field("refresh_token")).ok_or("invalid_refresh_token")?;
            return Ok(self.tokens_for(&owner, &Value::Null, &[]));
        }
        let code = self.oauth.codes.remove(field("code")).ok_or("invalid_code")?;
        if code.redirect != field("redirect_uri") {
            return Err("bad_redirect_uri");
        }
        let Installer { team, name, user, whole } = code.installer;
        let owner = Owner { team: team.to_owned(), name: name.to_owned(), revoked: false };
        Ok(self.tokens_for(&owner, &json!({ "user": user, "whole": whole }), &code.scopes))
    }

    fn tokens_for(&mut self, owner: &Owner, how: &Value, scopes: &[String]) -> Value {
        let number = self.tick();
        let kind = if self.oauth.rotates { "xoxe.xoxb" } else { "xoxb" };
        let token = format!("{kind}-{}-{number}", owner.team);
        self.tokens.insert(token.clone(), owner.clone());
        let mut answer =
            json!({ "ok": true, "access_token": token, "token_type": "bot", "bot_user_id": BOT, "app_id": "A1" });
        if !how.is_null() {
            let named = json!({ "id": owner.team, "name": owner.name });
            let whole = how["whole"] == true;
            answer["is_enterprise_install"] = json!(whole);
            answer["team"] = if whole { Value::Null } else { named.clone() };
            answer["enterprise"] = if whole { named } else { Value::Null };
            answer["authed_user"] = json!({ "id": how["user"] });
            answer["scope"] = json!(scopes.join(","));
        }
        if self.oauth.rotates {
            let refresh = format!("xoxe-1-{}-{number}", owner.team);
            self.oauth.refresh.insert(refresh.clone(), owner.clone());
            answer["refresh_token"] = json!(refresh);
            answer["expires_in"] = json!(43_200);
        }
        answer
    }

    fn uninstall(&mut self, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Result<Value, &'static str> {
        let owner = self.owner(headers)?;
        let field = |name: &str| form.get(name).map(String::as_str);
        if (field("client_id"), field("client_secret")) != (Some(CLIENT_ID), Some(CLIENT_SECRET)) {
            return Err("bad_client_secret");
        }
        self.oauth.refresh.retain(|_, other| other.team != owner.team);
        self.tokens.values_mut().filter(|other| other.team == owner.team).for_each(|other| other.revoked = true);
        Ok(json!({ "ok": true }))
    }
}
