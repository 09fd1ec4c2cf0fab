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
        message::Message,
    },
    jobs::worker::Worker,
    review::card,
    store::{ServeLock, Store, Tx},
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
    out.write_all(answer(&store, tenant, &chance, id, seen).await?.as_bytes())?;
    store.close().await;
    Ok(())
}

/// Waits until the delivery is handled and its answer or card stands in the conversation; gives it as text.
async fn answer(store: &Store, tenant: TenantId, chance: &Chance, id: DeliveryId, seen: i64) -> anyhow::Result<String> {
    let mut waited = Duration::ZERO;
    loop {
        let mut tx = store.read(tenant).await?;
        let mut said = String::new();
        // Others may speak in the same moment: only what belongs to this delivery is ours.
        for entry in tx.entries(seen, 1_000).await? {
            if let Some(message) = ours(&mut tx, chance, id, entry).await? {
                said.push_str(message.to_plain().trim_end());
                said.push('\n');
            }
        }
        if tx.is_handled(id).await? && !said.is_empty() {
            return Ok(said);
        }
        drop(tx);
        if waited >= PATIENCE {
            bail!("nobody answered within {PATIENCE:?}; is the server that uses this database still running?");
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
}

/// What a line of the conversation says, where it answers this delivery.
async fn ours(tx: &mut Tx, chance: &Chance, id: DeliveryId, entry: Entry) -> anyhow::Result<Option<Message>> {
    match entry.content {
        EntryContent::Answered { message, to } if to == Some(id) => Ok(Some(message)),
        EntryContent::Card { card: shown } => {
            let Some(card) = tx.card(shown).await? else { return Ok(None) };
            let Some(patch) = tx.patch(card.patch).await? else { return Ok(None) };
            if patch.origin.delivery != Some(id) {
                return Ok(None);
            }
            Ok(Some(card::show(tx, &patch, chance.now()).await?))
        }
        EntryContent::Said { .. } | EntryContent::Answered { .. } => Ok(None),
    }
}
