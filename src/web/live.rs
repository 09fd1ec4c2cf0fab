//! Tells open pages that something changed. The page then reads itself again; what changed is not said here.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use tokio::{sync::watch, time::sleep};

use super::{Viewer, Web};
use crate::{
    domain::{
        ids::{DeliveryId, PatchId},
        member::Surface,
        project::{ProjectKey, Revision},
    },
    store,
};

/// Changes that come this close together are told once.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// How often the database is looked at for what other processes changed, such as `docket say`: SQLite tells nobody.
const POLL: Duration = Duration::from_millis(1500);
/// The same on PostgreSQL, where they tell, unless they end between a change and its news.
const SELDOM: Duration = Duration::from_secs(15);
/// How often a silent stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Patches whose state is watched; older ones do not change without a newer one.
const WATCHED: usize = 50;

/// The stream of changes: an event `changed` for each, with a growing id.
pub(super) async fn stream(
    State(web): State<Web>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let watcher = Watcher { changes: web.store.changes_of(viewer.tenant), seen: None, told: 0, web, viewer, headers };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let id = watcher.next().await?;
        Some((Ok(Event::default().event("changed").id(id.to_string()).data(id.to_string())), watcher))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive"))
}

struct Watcher {
    web: Web,
    viewer: Viewer,
    /// What let the viewer in. It is shown again before each event: a session may have ended meanwhile.
    headers: HeaderMap,
    changes: watch::Receiver<u64>,
    seen: Option<Marks>,
    told: u64,
}

/// What the pages show, in brief: equal marks, equal pages.
#[derive(PartialEq, Eq)]
struct Marks {
    entry: i64,
    patches: Vec<(PatchId, u32, &'static str)>,
    projects: Vec<(ProjectKey, Revision)>,
    /// The drafts that are being made, and whether each was stopped.
    drafts: Vec<(DeliveryId, bool)>,
}

impl Watcher {
    /// Waits for the next change; `None` when Docket stops.
    async fn next(&mut self) -> Option<u64> {
        let is_told = self.web.store.engine() == "postgres";
        let pause = if is_told { SELDOM } else { POLL };
        if self.seen.is_none() {
            self.look().await;
        }
        let stopping = self.web.stopping.clone();
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => return None,
                changed = self.changes.changed() => {
                    changed.ok()?;
                    sleep(DEBOUNCE).await;
                    self.changes.mark_unchanged();
                    if !is_told {
                        self.look().await;
                    }
                    break;
                }
                () = sleep(pause) => if self.look().await { break },
            }
        }
        if !self.may_stay().await {
            return None;
        }
        self.told += 1;
        Some(self.told)
    }

    /// Whether whoever opened the stream is still who they were then.
    async fn may_stay(&self) -> bool {
        let is_local = self.viewer.session.is_none();
        match self.web.viewer(&self.headers, is_local).await {
            Ok(viewer) => viewer.is_some_and(|viewer| viewer.session == self.viewer.session),
            // The page finds out itself when it reads itself again.
            Err(_) => true,
        }
    }

    /// Looks at the database, and says whether it differs from the last look. A failed
    /// look says no: the next one tells.
    async fn look(&mut self) -> bool {
        match self.marks().await {
            Ok(marks) => {
                let differs = self.seen.as_ref() != Some(&marks);
                self.seen = Some(marks);
                differs
            }
            Err(error) => {
                tracing::warn!(%error, "the live view could not look at the database");
                false
            }
        }
    }

    async fn marks(&self) -> store::Result<Marks> {
        let mut tx = self.web.store.read(self.viewer.tenant).await?;
        let entry = tx.latest_entries(self.viewer.member.id, 1).await?.last().map_or(0, |entry| entry.seq);
        let patches = tx.recent_patches(WATCHED).await?;
        let projects = tx.projects().await?;
        let drafts = tx.open_progress(Surface::Console).await?.into_iter().filter(|draft| !draft.is_over);
        Ok(Marks {
            entry,
            patches: patches.iter().map(|patch| (patch.id, patch.revision, patch.state.as_str())).collect(),
            projects: projects.into_iter().map(|project| (project.key, project.revision)).collect(),
            drafts: drafts.map(|draft| (draft.delivery, draft.stopped_by.is_some())).collect(),
        })
    }
}
