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
        member::Surface,
        message::Message,
    },
    jobs::worker::Worker,
    review::card,
    secrets::Keyring,
    store::{ServeLock, Store, Tx},
};

/// How long to wait for a running server to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait while a draft is being made, which takes as long as its model.
const DRAFT_PATIENCE: Duration = Duration::from_mins(5);
/// How often to look.
const LOOK: Duration = Duration::from_millis(50);

/// Sends `line` as the local user and writes the answers and cards to `out` as text.
///
/// Works beside a running server, which then does the work, and without one.
///
/// # Errors
/// When the database can't be opened or nobody answers in time.
pub async fn say(config: Config, line: &str, out: &mut dyn Write) -> anyhow::Result<()> {
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
    let worker = Worker::new(Arc::new(desk(&config, store.clone(), chance.clone(), Keyring::of(&config)?)?));
    let mut waiting = Waiting::default();
    let answer = loop {
        // Where no server does the work, it is done here; another `say` may be at it in this moment.
        if let Ok(lock) = ServeLock::acquire(&config.database_url) {
            store.end_leases_of_the_dead(&lock, chance.now()).await?;
            worker.drain().await;
        }
        if let Some(answer) = answer(&store, tenant, &chance, id, seen).await? {
            break answer;
        }
        waiting.go_on(is_drafting(&store, tenant).await?)?;
        tokio::time::sleep(LOOK).await;
    };
    out.write_all(answer.as_bytes())?;
    store.close().await;
    Ok(())
}

/// How long it took so far.
#[derive(Default)]
struct Waiting {
    /// Altogether.
    long: Duration,
    /// Since a draft was last in the making.
    idle: Duration,
}

impl Waiting {
    /// Waits for one more look, or says why that is too long.
    fn go_on(&mut self, is_drafting: bool) -> anyhow::Result<()> {
        if self.long >= DRAFT_PATIENCE {
            bail!("there is no answer after {DRAFT_PATIENCE:?}; it will appear in the console when it is there");
        }
        if self.idle >= PATIENCE {
            bail!("nobody answered within {PATIENCE:?}; is the server that uses this database still running?");
        }
        self.long += LOOK;
        self.idle = if is_drafting { Duration::ZERO } else { self.idle + LOOK };
        Ok(())
    }
}

/// Whether a draft is being made for the console: this line's, or one that this line waits for.
async fn is_drafting(store: &Store, tenant: TenantId) -> anyhow::Result<bool> {
    let drafts = store.read(tenant).await?.open_progress(Surface::Console).await?;
    Ok(drafts.iter().any(|draft| !draft.is_over))
}

/// What answers the delivery, as text; `None` while it is not handled or its answer is still on the way.
async fn answer(
    store: &Store,
    tenant: TenantId,
    chance: &Chance,
    id: DeliveryId,
    seen: i64,
) -> anyhow::Result<Option<String>> {
    let mut tx = store.read(tenant).await?;
    let mut said = String::new();
    // Others may speak in the same moment: only what belongs to this delivery is ours.
    for entry in tx.entries(seen, 1_000).await? {
        if let Some(message) = ours(&mut tx, chance, id, entry).await? {
            said.push_str(message.to_plain().trim_end());
            said.push('\n');
        }
    }
    Ok((tx.is_handled(id).await? && !said.is_empty()).then_some(said))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How often it looks while a draft is in the making from one look to another, and why it gives up.
    fn looks(from: u128, to: u128) -> (u128, String) {
        let mut waiting = Waiting::default();
        for look in 0.. {
            if let Err(why) = waiting.go_on((from..to).contains(&look)) {
                return (look, why.to_string());
            }
        }
        unreachable!("it gives up some time")
    }

    #[test]
    fn it_waits_longer_while_a_draft_is_being_made_but_not_for_ever() {
        let (patience, most) = (PATIENCE.as_millis() / LOOK.as_millis(), DRAFT_PATIENCE.as_millis() / LOOK.as_millis());
        assert_eq!(looks(0, 0).0, patience);
        assert_eq!(looks(10, 100).0, 100 + patience);
        assert_eq!(looks(patience + 1, most).0, patience, "it began when nobody waited any more");
        let (all, why) = looks(0, most * 2);
        assert_eq!(all, most);
        assert!(why.contains("appear in the console"), "{why}");
    }
}
