//! A tenant that leaves.

use std::time::Duration;

use crate::{
    domain::ids::TenantId,
    store::{self, Store},
};

/// Whoever came in before may write something yet; then it is tried again, so often.
const ATTEMPTS: u32 = 5;
/// In between.
const PAUSE: Duration = Duration::from_millis(300);

/// Deletes everything that is stored of a tenant, while others are served: first it is closed, then all of it goes in
/// one transaction. Cut off in between, it stays closed, and can be deleted again. Gives the number of rows.
///
/// # Errors
/// When there is no such tenant any more, or the database fails.
pub async fn delete(store: &Store, tenant: TenantId) -> anyhow::Result<u64> {
    let mut tx = store.write(tenant).await?;
    anyhow::ensure!(tx.begin_leaving().await?, "there is no tenant {tenant} any more");
    tx.commit().await?;
    let mut attempt = 1;
    loop {
        match sweep(store, tenant).await {
            Ok(rows) => return Ok(rows),
            Err(_) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn sweep(store: &Store, tenant: TenantId) -> store::Result<u64> {
    let mut tx = store.write(tenant).await?;
    let rows = tx.delete_tenant().await?;
    tx.commit().await?;
    Ok(rows)
}
