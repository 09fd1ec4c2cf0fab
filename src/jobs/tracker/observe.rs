//! Facts of trackers, merged with what is known. Of repositories that nobody knows, nothing is kept.

use crate::{
    domain::tracker::{Happening, TrackerEvent},
    store::{Result, Tx},
};

/// Keeps what an event says.
pub(super) async fn observe(tx: &mut Tx, event: &TrackerEvent) -> Result<()> {
    let Some(seen) = &event.repository else { return Ok(()) };
    if tx.repository(seen.id).await?.is_none() {
        return Ok(());
    }
    if let Happening::Remark { remark } = &event.happening {
        tx.put_remark(remark).await?;
    }
    Ok(())
}
