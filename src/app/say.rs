//! `docket say`: one line as the local user, without a browser.

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::bail;

use crate::{
    app::desk,
    chat::console::receive::Sent,
    clock::Chance,
    config::Config,
    domain::{
        card::{Entry, EntryContent},
        ids::{DeliveryId, TenantId},
    },
    jobs::worker::Worker,
    review::card,
    store::{ServeLock, Store},
};

/// How long to wait for a running server to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often to look.
const LOOK: Duration = Duration::from_millis(50);

/// Sends `line` as the local user and writes the answers and cards to `out` as text.
///
/// Works beside a running server, which then does the work, and without one.
///
/// # Errors
/// When the database can't be opened or nobody answers in time.
pub async fn say(config: Config, line: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let lock = ServeLock::acquire(&config.database_url).ok();
    let store = Store::open(&config.database_url).await?;
    store.migrate().await?;
    let chance = Chance::system();
    let tenant = store.local_tenant(&chance).await?;
    let seen = store.read(tenant).await?.latest_entries(1).await?.last().map_or(0, |entry| entry.seq);

    let delivery = {
        let id = chance.id::<DeliveryId>().to_string();
        Sent::Say { id, text: format!("/docket {line}") }.delivery(tenant, &chance)?
    };
    let id = delivery.delivery.id;
    store.accept(&[delivery]).await?;
    if let Some(lock) = &lock {
        store.end_leases_of_the_dead(lock, chance.now()).await?;
        Worker::new(Arc::new(desk(&config, store.clone(), chance.clone())?)).drain().await;
    }
    for entry in answers(&store, tenant, id, seen).await? {
        print(&store, tenant, &chance, &entry, out).await?;
    }
    store.close().await;
    Ok(())
}

/// Waits until the delivery is handled and its answer or card stands in the conversation.
async fn answers(store: &Store, tenant: TenantId, id: DeliveryId, seen: i64) -> anyhow::Result<Vec<Entry>> {
    let mut waited = Duration::ZERO;
    loop {
        let mut tx = store.read(tenant).await?;
        let entries = tx.entries(seen, 100).await?;
        let answered = entries.iter().any(|entry| !matches!(entry.content, EntryContent::Said { .. }));
        if tx.is_handled(id).await? && answered {
            return Ok(entries);
        }
        if waited >= PATIENCE {
            bail!("nobody answered within {PATIENCE:?}; is the server that uses this database still running?");
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
}

async fn print(
    store: &Store,
    tenant: TenantId,
    chance: &Chance,
    entry: &Entry,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match &entry.content {
        EntryContent::Said { .. } => {}
        EntryContent::Answered { message } => writeln!(out, "{}", message.to_plain().trim_end())?,
        EntryContent::Card { card: id } => {
            let mut tx = store.read(tenant).await?;
            let Some(found) = tx.card(*id).await? else { return Ok(()) };
            let Some(patch) = tx.patch(found.patch).await? else { return Ok(()) };
            let message = card::show(&mut tx, &patch, chance.now()).await?;
            writeln!(out, "{}", message.to_plain().trim_end())?;
        }
    }
    Ok(())
}
