//! Asking GitHub to send again what did not arrive: it never does so by itself (docs.github.com,
//! handling-failed-webhook-deliveries).

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    connect::vault::Unusable,
    domain::{ids::TenantId, provider::Provider, time::Timestamp, tracker::Sweep},
    jobs::Desk,
    store,
    trackers::github::{Client, Fetched, Trouble},
};

/// How long what failed can be asked for again; a little less than GitHub's three days.
const WINDOW: Duration = Duration::from_hours(3 * 24 - 1);
/// How far a look goes back behind the one before it: attempts are listed a little later than they are made.
const OVERLAP: Duration = Duration::from_hours(1);
/// Pages of attempts at most, of a hundred.
const PAGES: usize = 50;

/// An attempt to tell something, as it is listed.
#[derive(Deserialize)]
struct Attempt {
    id: u64,
    guid: String,
    delivered_at: chrono::DateTime<chrono::Utc>,
    status_code: u16,
}

/// Looks through the deliveries of every App whose turn it is: the operator's, and those of tenants. Of several processes
/// one does.
///
/// # Errors
/// When the database fails.
pub async fn sweep(desk: &Desk) -> store::Result<()> {
    // Whose it is, only matters for where its secrets are; an App that several tenants made is one and the same.
    let mut apps: BTreeMap<u64, Option<TenantId>> = BTreeMap::new();
    for (tenant, number) in desk.store.own_apps(Provider::GitHub).await? {
        apps.insert(number, Some(tenant));
    }
    if let Some(app) = &desk.vault.providers().github_app {
        apps.insert(app.id, None);
    }
    for (number, tenant) in apps {
        let now = desk.chance.now();
        let Some(mut sweep) = desk.store.take_sweep(number, now, now.plus(Sweep::EVERY)).await? else { continue };
        let next = match one(desk, tenant, &mut sweep, now).await {
            // An App without a hook has no deliveries.
            Ok(()) | Err(Trouble::NotFound | Trouble::Denied(_)) => now.plus(Sweep::EVERY),
            Err(Trouble::Wait(pause)) => now.plus(pause.min(Sweep::EVERY)),
            Err(trouble) => {
                tracing::warn!(app = number, %trouble, "the deliveries of a GitHub App could not be looked through");
                now.plus(Sweep::EVERY)
            }
        };
        desk.store.put_sweep(number, &sweep, next).await?;
    }
    Ok(())
}

async fn one(desk: &Desk, tenant: Option<TenantId>, sweep: &mut Sweep, now: Timestamp) -> Result<(), Trouble> {
    let app = match tenant {
        Some(tenant) => desk.vault.github_app(tenant).await?,
        None => desk.vault.providers().github_app.clone(),
    };
    let client = desk.github.app(app.ok_or(Unusable::Gone)?);
    let from = now.minus(WINDOW);
    let back_to = sweep.through.map_or(from, |through| through.minus(OVERLAP)).max(from);
    let attempts = listed(&client, back_to).await?;
    sweep.take_up(&attempts, from);
    sweep.through = Some(now);
    let mut asked = 0;
    for (delivery, attempt) in sweep.due(now) {
        let route = format!("/app/hook/deliveries/{attempt}/attempts");
        match client.post::<Value>(&route, &json!({})).await {
            Ok(_) => asked += 1,
            // It can't be asked for any more.
            Err(Trouble::NotFound | Trouble::Invalid(_)) => {}
            Err(trouble) => return Err(trouble),
        }
        if let Some(failed) = sweep.unhealed.get_mut(&delivery) {
            failed.asked = Some((failed.asked.map_or(0, |(times, _)| times) + 1, now));
        }
    }
    if asked > 0 {
        tracing::info!(asked, "GitHub was asked to send again what had not arrived");
    }
    Ok(())
}

/// The attempts back to a time, the newest first.
async fn listed(client: &Client, back_to: Timestamp) -> Result<Vec<(u64, String, bool, Timestamp)>, Trouble> {
    let (mut all, mut route) = (Vec::new(), "/app/hook/deliveries?per_page=100".to_owned());
    for _ in 0..PAGES {
        let Fetched::Fresh(page, _) = client.page::<Attempt>(&route, None).await? else { break };
        let mut is_older = false;
        for Attempt { id, guid, delivered_at, status_code } in page.items {
            let at = Timestamp::from_millis(delivered_at.timestamp_millis());
            is_older |= at < back_to;
            all.push((id, guid, (200..300).contains(&status_code), at));
        }
        match page.next {
            Some(next) if !is_older => route = next,
            _ => break,
        }
    }
    Ok(all)
}
