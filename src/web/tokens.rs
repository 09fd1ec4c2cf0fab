//! The page of API tokens: which there are, how to make one, and how to take one back.

use std::{collections::BTreeSet, time::Duration};

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Viewer, Web,
    reply::{Frame, Trouble},
    tree::Names,
};
use crate::{
    chat::console::render::Moment,
    domain::{
        audit::AuditEntry,
        event::Venue,
        ids::TokenId,
        member::{Role, Surface},
        time::Timestamp,
        token::{ApiToken, MAX_NAME, PREFIX, Scope},
    },
    secrets::token,
    store::{self, Tx},
};

/// Tokens of one member at most.
const MOST: usize = 50;
/// For how many days a token can be made.
const DAYS: [u64; 3] = [30, 90, 365];

#[derive(Template)]
#[template(path = "tokens.html", config = "src/web/askama.toml")]
struct TokensPage {
    frame: Frame,
    /// The text of the token that was just made: it is shown now and never again.
    made: Option<Made>,
    rows: Vec<Row>,
    /// Why the form was refused, and what was typed as the name.
    trouble: Option<String>,
    typed: String,
    /// Whether whoever looks sees the tokens of everybody.
    sees_all: bool,
    /// Whether whoever looks can use a token for reading only.
    only_reads: bool,
}

struct Made {
    name: String,
    text: SecretString,
}

/// A token, for people.
struct Row {
    id: String,
    name: String,
    scopes: String,
    /// Whose it is, where that is somebody else.
    of: Option<String>,
    since: Timestamp,
    ends: Option<Timestamp>,
    used: Option<Timestamp>,
    is_over: bool,
}

/// A sent form.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    name: String,
    read: Option<String>,
    propose: Option<String>,
    decide: Option<String>,
    #[serde(default)]
    days: String,
}

/// Which token to take back.
#[derive(Deserialize)]
pub(super) struct Chosen {
    token: String,
}

/// The page.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Response {
    web.reply(load(&web, &viewer).await)
}

async fn load(web: &Web, viewer: &Viewer) -> Result<TokensPage, Trouble> {
    let mut tx = web.store.read(viewer.tenant).await?;
    let names = Names::new(tx.members().await?);
    let sees_all = looks_after(viewer);
    let mine = |token: &ApiToken| token.member == viewer.member.id;
    let tokens = tx.tokens().await?.into_iter().filter(|token| sees_all || mine(token));
    let now = web.chance.now();
    let row = |token: ApiToken| Row {
        id: token.id.to_string(),
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
        of: (!mine(&token)).then(|| names.of(token.member).to_owned()),
        since: token.created_at,
        ends: token.expires_at,
        used: token.used_at,
        is_over: token.has_expired(now),
        name: token.name,
    };
    Ok(TokensPage {
        frame: Frame::new("API tokens", "tokens").of(viewer),
        made: None,
        rows: tokens.map(row).collect(),
        trouble: None,
        typed: String::new(),
        sees_all,
        only_reads: viewer.member.effective_role() == Role::Viewer,
    })
}

/// Whether somebody looks after everybody's tokens.
fn looks_after(viewer: &Viewer) -> bool {
    viewer.member.effective_role() <= Role::Admin
}

/// Makes a token and shows it, once.
pub(super) async fn make(State(web): State<Web>, viewer: Viewer, Form(wanted): Form<Wanted>) -> Response {
    let typed = wanted.name.clone();
    let (made, trouble) = match wanted.read(&web, &viewer) {
        Err(trouble) => (None, Some(trouble)),
        Ok(token) => match store_token(&web, &viewer, token).await {
            Ok(Ok(made)) => (Some(made), None),
            Ok(Err(trouble)) => (None, Some(trouble)),
            Err(error) => return web.unreadable(error),
        },
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let typed = if trouble.is_some() { typed } else { String::new() };
    let mut response = web.reply(load(&web, &viewer).await.map(|page| TokensPage { made, trouble, typed, ..page }));
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

impl Wanted {
    /// The token that the form asks for, or what is wrong with it.
    fn read(self, web: &Web, viewer: &Viewer) -> Result<ApiToken, String> {
        let name: String = self.name.trim().chars().filter(|c| !c.is_control()).collect();
        let length = name.chars().count();
        if !(1..=MAX_NAME).contains(&length) {
            return Err(format!(
                "Give the token a name of 1 to {MAX_NAME} characters, such as the program that uses it."
            ));
        }
        let chosen = [(Scope::Read, self.read), (Scope::Propose, self.propose), (Scope::Decide, self.decide)];
        let scopes: BTreeSet<Scope> = chosen.into_iter().filter_map(|(scope, ticked)| ticked.map(|_| scope)).collect();
        if scopes.is_empty() {
            return Err("Tick at least one thing that the token may do.".to_owned());
        }
        let now = web.chance.now();
        let expires_at = match self.days.as_str() {
            "never" => None,
            days => {
                let days = days.parse().ok().filter(|days| DAYS.contains(days));
                let days = days.ok_or_else(|| "Choose how long the token is to work.".to_owned())?;
                Some(now.plus(Duration::from_hours(days * 24)))
            }
        };
        let (id, member) = (web.chance.id(), viewer.member.id);
        Ok(ApiToken { id, name, scopes, member, created_at: now, expires_at, used_at: None })
    }
}

/// Stores a token; the inner error says why it may not be.
async fn store_token(web: &Web, viewer: &Viewer, token: ApiToken) -> store::Result<Result<Made, String>> {
    let mut tx = web.store.write(viewer.tenant).await?;
    tx.lock_tenant().await?;
    let own = tx.tokens().await?.iter().filter(|other| other.member == viewer.member.id).count();
    if own >= MOST {
        return Ok(Err(format!("You have {MOST} tokens. Take back those that you don't need any more.")));
    }
    let text = SecretString::from(format!("{PREFIX}{}", token::fresh(&web.chance).expose_secret()));
    tx.insert_token(&token, &token::hash(text.expose_secret())).await?;
    let after = json!({ "name": token.name, "scopes": token.scopes, "expires_at": token.expires_at });
    record(web, &mut tx, viewer, token.id, "token.made", (Value::Null, after)).await?;
    tx.commit().await?;
    Ok(Ok(Made { name: token.name, text }))
}

/// Takes a token back: it is worth nothing from then on.
pub(super) async fn revoke(State(web): State<Web>, viewer: Viewer, Form(chosen): Form<Chosen>) -> Response {
    let missing = || {
        let words = "There is no such token any more. Open the page of API tokens to see those there are.";
        web.trouble(StatusCode::NOT_FOUND, "Not found", words)
    };
    let Ok(id) = chosen.token.parse::<TokenId>() else { return missing() };
    match remove(&web, &viewer, id).await {
        Ok(true) => Redirect::to("/tokens").into_response(),
        Ok(false) => missing(),
        Err(error) => web.unreadable(error),
    }
}

async fn remove(web: &Web, viewer: &Viewer, id: TokenId) -> store::Result<bool> {
    let mut tx = web.store.write(viewer.tenant).await?;
    let may = |token: &ApiToken| token.member == viewer.member.id || looks_after(viewer);
    let found = tx.tokens().await?.into_iter().find(|token| token.id == id && may(token));
    let Some(token) = found else { return Ok(false) };
    if !tx.remove_token(id).await? {
        return Ok(false);
    }
    let before = json!({ "name": token.name, "scopes": token.scopes, "member": token.member });
    record(web, &mut tx, viewer, id, "token.revoked", (before, Value::Null)).await?;
    tx.commit().await?;
    Ok(true)
}

async fn record(
    web: &Web,
    tx: &mut Tx,
    viewer: &Viewer,
    token: TokenId,
    action: &str,
    (before, after): (Value, Value),
) -> store::Result<()> {
    let venue =
        Venue { surface: Surface::Console, team: "local".to_owned(), channel: "tokens".to_owned(), thread: None };
    let entry = AuditEntry {
        id: web.chance.id(),
        at: web.chance.now(),
        actor: Some(viewer.member.id),
        action: action.to_owned(),
        subject: token.to_string(),
        venue: Some(venue),
        before,
        after,
    };
    tx.record(&entry).await
}
