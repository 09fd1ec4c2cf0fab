//! The power is cut between an acknowledgement and its card, twenty times at random moments: nothing
//! that was acknowledged is lost, and nothing happens twice.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use docket::{
    clock::{Chance, Entropy, SystemEntropy},
    domain::patch::{Patch, PatchState},
};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::support::{
    app::{SECRET, words},
    binary::{Binary, client},
    db::{TestDb, for_each_db},
    fake_slack::{FakeSlack, SignedRequest, SlackUser},
    peers::note,
};

use super::story_binary::{connected, eventually, with_slack};

for_each_db!(nothing_acknowledged_is_lost_and_nothing_happens_twice);

/// How often the power is cut.
const CUTS: usize = 20;
/// Commands sent before each cut.
const COMMANDS: usize = 4;

async fn send(client: &reqwest::Client, base: &str, request: SignedRequest) -> reqwest::Result<reqwest::Response> {
    let mut post = client.post(format!("{base}{}", request.path));
    for (name, value) in request.headers {
        post = post.header(name, value);
    }
    post.body(request.body).send().await
}

async fn nothing_acknowledged_is_lost_and_nothing_happens_twice(db: &TestDb) {
    let slack = FakeSlack::start().await;
    let folder = TempDir::new().unwrap();
    let settings = with_slack(db, &slack, folder.path());
    let ana = SlackUser::new(&slack, "U1", "C1", SECRET.into());
    let client = client();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut binary = Binary::start(&settings).await;
    connected(&binary, &client, &ana).await;
    let mut told = 0;

    for cut in 0..CUTS {
        let mut sending = Vec::new();
        for command in 0..COMMANDS {
            let goal = format!("Build the import of ledger{cut}x{command}");
            let request = ana.slash(&format!("plan {goal}"), Chance::system().now());
            let (client, base, acknowledged) = (client.clone(), binary.base.clone(), Arc::clone(&acknowledged));
            sending.push(tokio::spawn(async move {
                if send(&client, &base, request).await.is_ok_and(|response| response.status() == 200) {
                    acknowledged.lock().await.push(goal);
                }
            }));
        }
        // Some of the cards of the rounds before are being decided in the same moment.
        if let Some(card) = slack.messages("C1").iter().rfind(|message| words(&message.payload).contains("Approve")) {
            let click = ana.click(card, "patch.approve", Chance::system().now());
            let (client, base) = (client.clone(), binary.base.clone());
            sending.push(tokio::spawn(async move {
                let _ = send(&client, &base, click).await;
            }));
        }
        // Every other time something was acknowledged for certain, however slow the machine is.
        if cut % 2 == 0 {
            let before = told;
            eventually("an acknowledgement", || {
                acknowledged.try_lock().ok().filter(|all| all.len() > before).map(drop)
            })
            .await;
        }
        let pause = u64::try_from(SystemEntropy.bits() % 60).unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        binary.kill();
        for sent in sending {
            sent.await.unwrap();
        }
        told = acknowledged.lock().await.len();
        binary = Binary::start(&settings).await;
    }

    let acknowledged = acknowledged.lock().await.clone();
    assert!(acknowledged.len() >= CUTS / 2, "only {} of the commands were acknowledged", acknowledged.len());
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    // The leases of killed workers lapse within a minute; what they held is then taken up again.
    let patches = settled(db, tenant, &acknowledged).await;
    let mut of_goal: BTreeMap<&str, Vec<&Patch>> = BTreeMap::new();
    for patch in &patches {
        of_goal.entry(patch.origin.words.trim_start_matches("plan ")).or_default().push(patch);
    }
    for goal in &acknowledged {
        let count = of_goal.get(goal.as_str()).map_or(0, Vec::len);
        assert_eq!(count, 1, "{goal} has {count} proposals");
    }
    assert!(of_goal.values().all(|patches| patches.len() == 1), "a command was carried out twice");

    let mut tx = db.store.read(tenant).await.unwrap();
    for project in tx.projects().await.unwrap() {
        let of_project: Vec<_> = patches.iter().filter(|patch| patch.project == project.id).collect();
        let applied = of_project.iter().filter(|patch| matches!(patch.state, PatchState::Applied { .. })).count();
        assert_eq!(project.revision.0 as usize, applied, "{} changed more often than it was decided", project.key);
    }
    for patch in &patches {
        let audit = tx.audit_of(&patch.id.to_string(), 100).await.unwrap();
        let decided = audit.iter().filter(|entry| entry.action == "patch.applied").count();
        assert!(decided <= 1, "{} was decided {decided} times", patch.code);
    }
    drop(tx);
    every_proposal_has_its_card(&slack, &patches).await;
    drop(binary);
}

/// Waits until every acknowledged command has become a proposal; returns all proposals.
async fn settled(db: &TestDb, tenant: docket::domain::ids::TenantId, acknowledged: &[String]) -> Vec<Patch> {
    for _ in 0..1_200 {
        let mut tx = db.store.read(tenant).await.unwrap();
        let patches = tx.recent_patches(10_000).await.unwrap();
        let has = |goal: &String| patches.iter().any(|patch| patch.origin.words.ends_with(goal.as_str()));
        if acknowledged.iter().all(has) {
            return patches;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("acknowledged commands were lost");
}

/// Waits until each proposal stands in the channel. A card may stand there twice only where its
/// posting was cut off before Slack's answer was stored, so at most once for each cut and job that ran.
async fn every_proposal_has_its_card(slack: &FakeSlack, patches: &[Patch]) {
    let heads = || -> Vec<String> { slack.messages("C1").iter().map(|message| words(&message.payload)).collect() };
    for patch in patches {
        let head = format!("{} ·", patch.code);
        eventually(&format!("the card of {}", patch.code), || {
            heads().iter().any(|card| card.starts_with(&head)).then_some(())
        })
        .await;
    }
    let doubles = heads().len() - patches.len();
    note(&format!(
        "{} cards for {} proposals after {CUTS} cuts, {doubles} of them posted twice",
        heads().len(),
        patches.len()
    ));
}
