//! What a decision teaches is stored with it.

use std::slice;

use crate::{
    domain::{
        lesson::{Lesson, MAX_CHAIN},
        patch::Patch,
    },
    error::Result,
    store::Tx,
};

/// Stores what the decision on `decided` teaches; nothing where it is not the end of its chain.
///
/// Of a chain longer than [`MAX_CHAIN`] the newest part counts.
pub async fn learn(tx: &mut Tx, decided: &Patch) -> Result<()> {
    if Lesson::of(slice::from_ref(decided)).is_none() {
        return Ok(());
    }
    let mut chain = vec![decided.clone()];
    while chain.len() < MAX_CHAIN
        && let Some(id) = chain.last().and_then(|patch| patch.supersedes)
        && let Some(patch) = tx.patch(id).await?
    {
        chain.push(patch);
    }
    if let Some(lesson) = Lesson::of(&chain) {
        tx.insert_lesson(&lesson).await?;
    }
    Ok(())
}
