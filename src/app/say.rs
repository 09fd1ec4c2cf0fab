//! `docket say`: one line as the local user, without a browser.

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};

use crate::{
    app::desk,
    chat::console::receive::Sent,
    clock::Chance,
    config::Config,
    domain::{
        card::{Entry, EntryContent},
        ids::{DeliveryId, MemberId, TenantId},
        message::Message,
    },
    jobs::worker::Worker,
    review::card,
    secrets::Keyring,
    store::{ServeLock, Store, Tx},
};

/// How long to wait while nobody is at it.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait while somebody is at it: as long as the handling of a delivery may take, with its models.
const LONG_PATIENCE: Duration = Duration::from_mins(8);
/// Jobs that are looked through for one that runs.
const JOBS: usize = 1_000;
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
    let owner = store.local_owner(tenant).await?.context("the console has no local owner")?.id;
    let seen = store.read(tenant).await?.latest_entries(owner, 1).await?.last().map_or(0, |entry| entry.seq);

    let delivery = {
        let id = chance.id::<DeliveryId>().to_string();
        Sent::Say { id, text: format!("/docket {line}") }.delivery(tenant, owner, &chance)?
    };
    let id = delivery.delivery.id;
    store.accept(&[delivery]).await?;
    let worker = Worker::new(Arc::new(desk(&config, tenant, store.clone(), chance.clone(), Keyring::of(&config)?)?));
    let mut waiting = Waiting::default();
    let answer = loop {
        // Where no server does the work, it is done here; another `say` may be at it in this moment.
        let is_served = match ServeLock::acquire(&config.database_url) {
            Ok(lock) => {
                store.end_leases_of_the_dead(&lock, chance.now()).await?;
                worker.drain().await;
                false
            }
            Err(_) => true,
        };
        if let Some(answer) = answer(&store, tenant, owner, &chance, id, seen).await? {
            break answer;
        }
        waiting.go_on(is_at_it(&store, tenant, id, is_served).await?)?;
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
    /// Since somebody was last at it.
    idle: Duration,
}

impl Waiting {
    /// Waits for one more look, or says why that is too long.
    fn go_on(&mut self, is_at_it: bool) -> anyhow::Result<()> {
        if self.long >= LONG_PATIENCE {
            let minutes = LONG_PATIENCE.as_secs() / 60;
            bail!("there is no answer after {minutes} minutes; it will appear in the console when it is there");
        }
        if self.idle >= PATIENCE {
            let seconds = PATIENCE.as_secs();
            bail!(
                "nobody answered within {seconds} seconds. The line is kept, and is handled once a server runs; \
                 docket jobs list shows what stands in its way"
            );
        }
        self.long += LOOK;
        self.idle = if is_at_it { Duration::ZERO } else { self.idle + LOOK };
        Ok(())
    }
}

/// Whether the delivery is still to be handled, and somebody is there to do so: the server that holds the database, or
/// one of several that runs a job just now, which may be this one or one that it waits for.
async fn is_at_it(store: &Store, tenant: TenantId, id: DeliveryId, is_served: bool) -> anyhow::Result<bool> {
    if store.read(tenant).await?.is_handled(id).await? {
        return Ok(false);
    }
    Ok(is_served || store.jobs(JOBS).await?.iter().any(|job| job.state == "running" && job.tenant == tenant))
}

/// What answers the delivery, as text; `None` while it is not handled or its answer is still on the way.
async fn answer(
    store: &Store,
    tenant: TenantId,
    owner: MemberId,
    chance: &Chance,
    id: DeliveryId,
    seen: i64,
) -> anyhow::Result<Option<String>> {
    let mut tx = store.read(tenant).await?;
    let mut said = String::new();
    // Others may speak in the same moment: only what belongs to this delivery is ours.
    for entry in tx.entries(owner, seen, 1_000).await? {
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
        // Whoever proposes a change of the policy gets an answer as well.
        EntryContent::Said { .. }
        | EntryContent::Answered { .. }
        | EntryContent::Change { .. }
        | EntryContent::Pull { .. } => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often it looks while somebody is at it from one look to another, and why it gives up.
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
    fn it_waits_longer_while_somebody_is_at_it_but_not_for_ever() {
        let (patience, most) = (PATIENCE.as_millis() / LOOK.as_millis(), LONG_PATIENCE.as_millis() / LOOK.as_millis());
        assert_eq!(looks(0, 0).0, patience);
        assert_eq!(looks(10, 100).0, 100 + patience);
        assert_eq!(looks(patience + 1, most).0, patience, "it began when nobody waited any more");
        let (all, why) = looks(0, most * 2);
        assert_eq!(all, most);
        assert!(why.contains("8 minutes") && why.contains("appear in the console"), "{why}");
        assert!(looks(0, 0).1.contains("docket jobs list"), "{}", looks(0, 0).1);
    }
}
