//! The page of a patch: everything it does and why, what was decided, and the buttons of its card.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    Viewer, Web,
    reply::{Frame, Trouble},
    tree::Names,
};
use crate::{
    chat::console::render::{Moment, Shown},
    domain::{
        audit::AuditEntry,
        event::Action,
        ids::PatchId,
        message::{Block, Message, Press, Span},
        patch::{Patch, PatchCode, PatchState},
        project::ProjectKey,
        time::Timestamp,
    },
    review,
    store::{self, Tx},
};

/// Entries of the audit trail on the page.
const TRAIL: usize = 200;

/// A patch in a list.
pub(super) struct Row {
    pub(super) code: PatchCode,
    pub(super) title: String,
    pub(super) state: &'static str,
    pub(super) author: String,
    pub(super) at: Timestamp,
}

impl Row {
    pub(super) fn new(patch: &Patch, names: &Names) -> Self {
        Self {
            code: patch.code,
            title: patch.title.clone(),
            state: patch.state.as_str(),
            author: names.of(patch.author).to_owned(),
            at: patch.created_at,
        }
    }
}

#[derive(Template)]
#[template(path = "patch.html", config = "src/web/askama.toml")]
struct PatchPage {
    frame: Frame,
    code: PatchCode,
    id: PatchId,
    revision: u32,
    title: String,
    state: &'static str,
    /// The project's key, and whether it has a page: a first plan's project does not exist yet.
    project: Option<ProjectKey>,
    details: Message,
    buttons: Message,
    approvals: Vec<String>,
    related: Vec<Related>,
    trail: Vec<Mark>,
}

/// Another patch that this one has to do with.
struct Related {
    how: &'static str,
    code: PatchCode,
    title: String,
}

/// An entry of the audit trail.
struct Mark {
    at: Timestamp,
    who: String,
    what: String,
    surface: Option<&'static str>,
}

/// The page of a patch.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>) -> Response {
    web.reply(load(&web, &viewer, &code).await)
}

async fn load(web: &Web, viewer: &Viewer, code: &str) -> Result<PatchPage, Trouble> {
    let missing = || {
        Trouble::Missing("There is no patch of that code. The page of its project lists those there are.".to_owned())
    };
    let code: PatchCode = code.parse().map_err(|()| missing())?;
    let mut tx = web.store.read(viewer.tenant).await?;
    let patch = tx.patch_by_code(code).await?.ok_or_else(missing)?;
    let names = Names::new(tx.members().await?);
    let now = web.chance.now();
    let card = review::card::show(&mut tx, &patch, now).await?;
    let details = review::card::details(&mut tx, &patch, now).await?;
    let approvals = tx.approvals(patch.id, patch.revision).await?;
    let trail = tx.audit_of(&patch.id.to_string(), TRAIL).await?;
    Ok(PatchPage {
        frame: Frame::new(format!("{code} · {}", patch.title), "projects").of(viewer),
        code,
        id: patch.id,
        revision: patch.revision,
        title: patch.title.clone(),
        state: patch.state.as_str(),
        project: tx.project(patch.project).await?.map(|project| project.key),
        details: without_own_link(details, code),
        buttons: only_buttons(card),
        approvals: approvals.into_iter().map(|member| names.of(member).to_owned()).collect(),
        related: related(&mut tx, &patch).await?,
        trail: trail.into_iter().map(|entry| mark(entry, &names)).collect(),
    })
}

/// The whole diff without what this page says itself: the title, and the link to this page.
fn without_own_link(mut message: Message, code: PatchCode) -> Message {
    let own = format!("/patches/{code}");
    message.blocks.retain(|block| match block {
        Block::Header(_) => false,
        Block::Context(spans) => !matches!(&spans[..], [Span::Link { url, .. }] if *url == own),
        _ => true,
    });
    message
}

/// The card's choices and buttons; *Details* is this page.
fn only_buttons(mut card: Message) -> Message {
    card.blocks.retain_mut(|block| match block {
        Block::Buttons(buttons) => {
            buttons.retain(|button| !matches!(button.press, Press::Patch { action: Action::Details, .. }));
            !buttons.is_empty()
        }
        block => matches!(block, Block::Choices { .. }),
    });
    card
}

async fn related(tx: &mut Tx, patch: &Patch) -> store::Result<Vec<Related>> {
    let later = match &patch.state {
        PatchState::Superseded { by, .. } => Some(("Replaced by", *by)),
        PatchState::Undone { by, .. } => Some(("Undone by", *by)),
        _ => None,
    };
    let earlier = [("Replaces", patch.supersedes), ("Takes back", patch.undoes)];
    let mut found = Vec::new();
    for (how, id) in earlier.into_iter().filter_map(|(how, id)| Some((how, id?))).chain(later) {
        if let Some(other) = tx.patch(id).await? {
            found.push(Related { how, code: other.code, title: other.title });
        }
    }
    Ok(found)
}

fn mark(entry: AuditEntry, names: &Names) -> Mark {
    let (_, verb) = entry.action.split_once('.').unwrap_or(("", &entry.action));
    Mark {
        at: entry.at,
        who: entry.actor.map_or_else(|| "Docket".to_owned(), |member| names.of(member).to_owned()),
        what: verb.replace('_', " "),
        surface: entry.venue.map(|venue| venue.words()),
    }
}
