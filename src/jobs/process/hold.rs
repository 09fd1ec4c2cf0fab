//! Whether what was read still holds when it is proposed: reading is long, and others go on meanwhile.

use super::read::{Read, Reading, Waiting};
use crate::{
    domain::patch::Operation,
    store::{Result, Tx},
};

/// What proposals that wait say of tasks.
pub(super) async fn waiting(tx: &mut Tx) -> Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for patch in tx.open_patches().await? {
        for operation in patch.operations() {
            if let Operation::UpdateTask { number, changes } = operation {
                waiting.push((patch.project, *number, changes.clone()));
            }
        }
    }
    Ok(waiting)
}

impl Reading {
    /// Whether what follows from it still does: meanwhile nobody said, made of these conversations, changed or proposed
    /// anything that it rests on.
    pub(super) async fn holds(&self, tx: &mut Tx) -> Result<bool> {
        let threads: Vec<_> = self.reads.iter().map(|read| read.thread.id).collect();
        let made = tx.matches_of_all(&threads).await?;
        if self.reads.iter().any(|read| made.get(&read.thread.id).map_or(0, Vec::len) != read.earlier) {
            return Ok(false);
        }
        if waiting(tx).await? != self.waiting {
            return Ok(false);
        }
        for read in &self.reads {
            if !read.found.is_empty() && !read.holds(tx).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Read {
    async fn holds(&self, tx: &mut Tx) -> Result<bool> {
        let Some(now) = tx.thread_by_id(self.thread.id).await? else { return Ok(false) };
        let is_said = self.thread.messages.iter().all(|message| now.messages.contains(message));
        if !is_said || now.last_at != self.thread.last_at || now.is_private != self.thread.is_private {
            return Ok(false);
        }
        for found in &self.found {
            let holds = match &found.task {
                Some(about) => {
                    let task = tx.task(found.project, about.code.number).await?;
                    task.is_some_and(|task| task.fields == about.fields)
                }
                None => tx.channel_project(&self.thread.venue).await? == Some(found.project),
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
