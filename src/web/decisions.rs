//! The page of decisions: which tasks conversations were about, what was proposed, and what people decided.
//!
//! What was said in private channels is not on it, for a page does not know who is in which.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    Viewer, Web,
    reply::{Frame, Trouble},
};
use crate::{
    answers::decisions::Decision,
    chat::console::render::{Moment, safe_url},
    domain::{patch::PatchCode, time::Timestamp},
};

/// Decisions on one page.
const ROWS: usize = 50;
/// The last page that is shown: whoever looks further back asks for a conversation.
const LAST: usize = 200;

#[derive(Template)]
#[template(path = "decisions.html", config = "src/web/askama.toml")]
struct DecisionsPage {
    frame: Frame,
    rows: Vec<Row>,
    page: usize,
    has_more: bool,
}

/// A decision in the list.
struct Row {
    number: u32,
    url: Option<String>,
    verdict: &'static str,
    words: String,
    finding: Option<String>,
    patch: Option<(PatchCode, &'static str)>,
    by: String,
    at: Timestamp,
}

/// What the page's address may say.
#[derive(Deserialize)]
pub(super) struct Wish {
    page: Option<usize>,
}

/// The page of decisions.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer, Query(wish): Query<Wish>) -> Response {
    let page = wish.page.unwrap_or(1).clamp(1, LAST);
    web.reply(load(&web, &viewer, page).await)
}

async fn load(web: &Web, viewer: &Viewer, page: usize) -> Result<DecisionsPage, Trouble> {
    let mut tx = web.store.read(viewer.tenant).await?;
    let mut matches = tx.matches_page(None, None, (page - 1) * ROWS, ROWS + 1).await?;
    let has_more = matches.len() > ROWS && page < LAST;
    matches.truncate(ROWS);
    let decisions = Decision::load(&mut tx, matches).await?;
    Ok(DecisionsPage {
        frame: Frame::new("Decisions", "decisions").of(viewer),
        rows: decisions.into_iter().map(row).collect(),
        page,
        has_more,
    })
}

fn row(decision: Decision) -> Row {
    Row {
        number: decision.made.number,
        url: decision.address().filter(|url| safe_url(url).is_some()),
        verdict: decision.made.verdict.as_str(),
        words: decision.words(),
        finding: decision.finding(),
        patch: decision.patch.as_ref().map(|patch| (patch.code, patch.state.as_str())),
        by: decision.by.unwrap_or_else(|| "the rules".to_owned()),
        at: decision.made.at,
    }
}
