//! The console: the conversation, the box to type into, and the plan beside it.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{Redirect, Response},
};
use serde::Deserialize;

use super::{
    Viewer, Web,
    reply::{Frame, Trouble},
    tree::{Names, Tree},
    working::{Working, working},
};
use crate::{
    chat::console::render::{Moment, Shown},
    domain::{
        card::{Entry, EntryContent},
        ids::{CardId, DeliveryId},
        message::Message,
        patch::PatchCode,
        project::{Project, ProjectKey},
        time::Timestamp,
    },
    review,
    store::{self, Tx},
};

/// Lines of the conversation on the page, unless somebody asks for more.
const LINES: usize = 60;
/// Lines that somebody can ask for.
const MOST_LINES: usize = 960;
/// Proposals to look through for the project that was last spoken of.
const RECENT: usize = 20;

/// What the console's address may say.
#[derive(Deserialize)]
pub(super) struct Wish {
    project: Option<String>,
    lines: Option<String>,
}

#[derive(Template)]
#[template(path = "console.html", config = "src/web/askama.toml")]
struct ConsolePage {
    frame: Frame,
    lines: Vec<Line>,
    working: Vec<Working>,
    /// How many lines to ask for to see earlier ones; `None` where these are all.
    earlier: Option<usize>,
    projects: Vec<Project>,
    chosen: Option<ProjectKey>,
    tree: Option<Tree>,
    /// The newest proposal of the conversation that waits for a decision.
    waiting: Option<PatchCode>,
    /// What the box offers to type.
    example: &'static str,
    /// The key of the form's next line.
    key: String,
}

/// A line of the conversation.
struct Line {
    id: String,
    seq: i64,
    at: Timestamp,
    content: Content,
}

enum Content {
    Said { by: String, words: String },
    Answered(Message),
    Card { message: Message, code: PatchCode, state: &'static str },
    Gone,
}

/// The start: the console.
pub(super) async fn home(_: Viewer) -> Redirect {
    Redirect::to("/console")
}

/// The console.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer, Query(wish): Query<Wish>) -> Response {
    web.reply(load(&web, &viewer, wish).await)
}

async fn load(web: &Web, viewer: &Viewer, wish: Wish) -> Result<ConsolePage, Trouble> {
    let mut tx = web.store.read(viewer.tenant).await?;
    let limit = wish.lines.and_then(|lines| lines.parse().ok()).unwrap_or(LINES).clamp(LINES, MOST_LINES);
    let entries = tx.latest_entries(viewer.member.id, limit).await?;
    let earlier = (entries.len() == limit && limit < MOST_LINES).then_some((limit * 2).min(MOST_LINES));
    let mut lines = Vec::with_capacity(entries.len());
    for entry in entries {
        lines.push(line(web, &mut tx, entry).await?);
    }
    let working = working(&mut tx, web.chance.now()).await?;
    let projects = tx.projects().await?;
    let chosen = match wish.project {
        Some(key) => Some(find(&projects, &key)?),
        None => latest(&mut tx, &projects).await?,
    };
    let tree = match &chosen {
        Some(project) => {
            let names = Names::new(tx.members().await?);
            tx.plan(project.id).await?.map(|plan| Tree::beside(&plan, &names))
        }
        None => None,
    };
    let waiting = lines.iter().rev().find_map(|line| match line.content {
        Content::Card { code, state: "proposed", .. } => Some(code),
        _ => None,
    });
    let example = example(waiting.is_some(), !projects.is_empty());
    Ok(ConsolePage {
        frame: Frame::new("Console", "console").of(viewer),
        lines,
        working,
        earlier,
        projects,
        chosen: chosen.map(|project| project.key),
        tree,
        waiting,
        example,
        key: web.chance.id::<DeliveryId>().to_string(),
    })
}

fn find(projects: &[Project], key: &str) -> Result<Project, Trouble> {
    let found = projects.iter().find(|project| project.key.as_str().eq_ignore_ascii_case(key));
    found
        .cloned()
        .ok_or_else(|| Trouble::Missing("There is no project of that key. Choose one from the list.".to_owned()))
}

/// What somebody could say next.
const fn example(is_waiting: bool, has_plan: bool) -> &'static str {
    match (is_waiting, has_plan) {
        (true, _) => "add a task for documentation",
        (false, true) => "what is next?",
        (false, false) => "/docket plan Build a user authentication flow",
    }
}

/// Where a line stands that the conversation does not have yet.
fn next_seq(lines: &[Line]) -> i64 {
    lines.last().map_or(1, |line| line.seq + 1)
}

/// Whether a card in this state is history: what it would have done is folded away.
fn is_history(state: &str) -> bool {
    matches!(state, "superseded" | "rejected" | "undone")
}

/// The project that the newest proposals are about.
async fn latest(tx: &mut Tx, projects: &[Project]) -> store::Result<Option<Project>> {
    let recent = tx.recent_patches(RECENT).await?;
    let spoken_of = recent.iter().find_map(|patch| projects.iter().find(|project| project.id == patch.project));
    Ok(spoken_of.or(projects.first()).cloned())
}

async fn line(web: &Web, tx: &mut Tx, entry: Entry) -> store::Result<Line> {
    let Entry { id, seq, at, content, .. } = entry;
    let content = match content {
        EntryContent::Said { by, words } => Content::Said { by, words },
        EntryContent::Answered { message, .. } => Content::Answered(message),
        EntryContent::Card { card } => card_now(web, tx, card).await?,
        EntryContent::Pull { card } => match tx.pull_card(card).await? {
            Some(card) => match review::pull_card::show(tx, &card, web.chance.now()).await? {
                Some(message) => Content::Answered(message),
                None => Content::Gone,
            },
            None => Content::Gone,
        },
        EntryContent::Change { change } => match tx.change(change).await? {
            Some(change) => Content::Answered(review::change::card(tx, &change).await?),
            None => Content::Gone,
        },
    };
    Ok(Line { id: id.to_string(), seq, at, content })
}

/// The card as its patch is now, whatever it said when it was posted.
async fn card_now(web: &Web, tx: &mut Tx, card: CardId) -> store::Result<Content> {
    let Some(card) = tx.card(card).await? else { return Ok(Content::Gone) };
    let Some(patch) = tx.patch(card.patch).await? else { return Ok(Content::Gone) };
    let message = review::card::show(tx, &patch, web.chance.now()).await?;
    Ok(Content::Card { message, code: patch.code, state: patch.state.as_str() })
}
