//! Patches, approvals, what takes a patch back, and cards.

use std::collections::BTreeSet;

use docket::domain::{
    card::Card,
    event::Venue,
    ids::{DeliveryId, PatchId},
    member::Surface,
    patch::{Decision, Founding, Mode, Operation, PatchCode, PatchState},
    project::Revision,
    task::TaskNumber,
};

use crate::support::{
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    codes_count_from_one_for_each_tenant,
    a_patch_reads_back_as_it_was_stored,
    a_patch_is_decided_once,
    patches_are_listed_newest_first,
    approvals_count_once_for_each_revision,
    an_inverse_is_remembered,
    cards_are_found_by_patch_and_message,
    a_thread_is_ours_where_a_card_or_a_draft_starts_it_or_stands_in_it,
    the_open_patch_of_a_channel_is_the_newest_with_a_card_there,
}

async fn codes_count_from_one_for_each_tenant(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let taking = (0..6).map(|_| {
        let store = db.store.clone();
        tokio::spawn(async move {
            let mut tx = store.write(tenant).await.unwrap();
            let code = tx.next_patch_code().await.unwrap();
            tx.commit().await.unwrap();
            code.0
        })
    });
    let mut codes = Vec::new();
    for taker in taking.collect::<Vec<_>>() {
        codes.push(taker.await.unwrap());
    }
    codes.sort_unstable();
    assert_eq!(codes, [1, 2, 3, 4, 5, 6]);
    assert_eq!(db.store.write(other).await.unwrap().next_patch_code().await.unwrap(), PatchCode(1));
}

async fn a_patch_reads_back_as_it_was_stored(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut patch = sample::patch(&db.chance, 7, db.chance.id(), ana);
    patch.founding =
        Some(Founding { key: "AUTH".parse().unwrap(), title: "Auth".to_owned(), summary: "In".to_owned() });
    patch.mode = Mode::Task { number: TaskNumber(3) };
    patch.before.tasks.insert(TaskNumber(3), sample::task(3, None, &[1]));
    patch.supersedes = Some(db.chance.id());
    patch.undoes = Some(db.chance.id());
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    assert_eq!(tx.patch(patch.id).await.unwrap().as_ref(), Some(&patch));
    assert_eq!(tx.patch_by_code(PatchCode(7)).await.unwrap().as_ref(), Some(&patch));
    assert_eq!(tx.patch(db.chance.id()).await.unwrap(), None);
    assert_eq!(tx.patch_by_code(PatchCode(8)).await.unwrap(), None);

    patch.revision = 2;
    patch.founding = None;
    patch.base = Revision(5);
    patch.title = "another title".into();
    patch.steps.clear();
    patch.before.tasks.clear();
    patch.supersedes = None;
    assert!(tx.update_patch(&patch, &PatchState::Proposed, 1).await.unwrap());
    assert_eq!(tx.patch(patch.id).await.unwrap(), Some(patch));
}

async fn a_patch_is_decided_once(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let patch = sample::patch(&db.chance, 1, db.chance.id(), ana);
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    tx.commit().await.unwrap();

    let decision = Decision { by: ana, at: db.chance.now() };
    let ends = [
        PatchState::Applied { decision: decision.clone(), revision: Revision(1), steps: BTreeSet::from([0]) },
        PatchState::Rejected { decision: decision.clone(), reason: "no".to_owned() },
        PatchState::Superseded { decision, by: db.chance.id() },
        PatchState::Expired { at: db.chance.now() },
    ];
    let deciding = ends.map(|state| {
        let (store, mut patch) = (db.store.clone(), patch.clone());
        patch.state = state;
        tokio::spawn(async move {
            let mut tx = store.write(tenant).await.unwrap();
            let won = tx.update_patch(&patch, &PatchState::Proposed, 1).await.unwrap();
            tx.commit().await.unwrap();
            won.then_some(patch)
        })
    });
    let mut won = Vec::new();
    for decider in deciding {
        won.extend(decider.await.unwrap());
    }
    let [winner] = won.as_slice() else { panic!("{won:?}") };
    let mut tx = db.store.write(tenant).await.unwrap();
    assert_eq!(tx.patch(patch.id).await.unwrap().as_ref(), Some(winner));
    // An old revision is refused, whatever the state.
    assert!(!tx.update_patch(&patch, &winner.state, 2).await.unwrap());
}

async fn patches_are_listed_newest_first(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let (project, other) = (db.chance.id(), db.chance.id());
    let mut tx = db.store.write(tenant).await.unwrap();
    for (code, project) in [(1, project), (2, other), (3, project), (10, project)] {
        let mut patch = sample::patch(&db.chance, code, project, ana);
        if code == 3 {
            patch.state = PatchState::Expired { at: db.chance.now() };
        }
        tx.insert_patch(&patch).await.unwrap();
    }
    let codes = |patches: Vec<docket::domain::patch::Patch>| patches.iter().map(|p| p.code.0).collect::<Vec<_>>();
    assert_eq!(codes(tx.open_patches().await.unwrap()), [10, 2, 1]);
    assert_eq!(codes(tx.patches_of(project, 2).await.unwrap()), [10, 3]);
    assert_eq!(codes(tx.recent_patches(3).await.unwrap()), [10, 3, 2]);
    tx.commit().await.unwrap();
    let stats = db.store.stats().await.unwrap();
    assert_eq!(stats.patches.into_iter().collect::<Vec<_>>(), [("expired".to_owned(), 1), ("proposed".to_owned(), 3)]);
}

async fn approvals_count_once_for_each_revision(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let ben = sample::member(&db.chance, "Ben");
    let patch = sample::patch(&db.chance, 1, db.chance.id(), ana);
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.put_member(&ben, &sample::identity("U2")).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    for (revision, by) in [(1, ana), (1, ana), (1, ben.id), (2, ben.id)] {
        tx.add_approval(patch.id, revision, by, db.chance.now()).await.unwrap();
    }
    assert_eq!(tx.approvals(patch.id, 1).await.unwrap(), BTreeSet::from([ana, ben.id]));
    assert_eq!(tx.approvals(patch.id, 2).await.unwrap(), BTreeSet::from([ben.id]));
    assert_eq!(tx.approvals(patch.id, 3).await.unwrap(), BTreeSet::new());
}

async fn an_inverse_is_remembered(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let patch = sample::patch(&db.chance, 1, db.chance.id(), ana);
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    assert_eq!(tx.inverse(patch.id).await.unwrap(), None);
    let inverse = vec![Operation::DeleteTask { number: TaskNumber(1) }];
    tx.set_inverse(patch.id, &inverse).await.unwrap();
    assert_eq!(tx.inverse(patch.id).await.unwrap(), Some(inverse));
    assert_eq!(tx.inverse(db.chance.id()).await.unwrap(), None);
}

async fn cards_are_found_by_patch_and_message(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let patch = sample::patch(&db.chance, 1, db.chance.id(), ana);
    let mut card = sample::card(&db.chance, patch.id, sample::channel("C1"));
    let later = sample::card(&db.chance, patch.id, sample::channel("C2"));
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    tx.insert_card(&card).await.unwrap();
    tx.insert_card(&later).await.unwrap();
    let before = card.clone();
    card.message = Some("1.5".to_owned());
    card.shown = Some("fingerprint".to_owned());
    assert!(tx.update_card(&before, &card).await.unwrap());
    let late = Card { message: Some("1.6".to_owned()), ..before.clone() };
    assert!(!tx.update_card(&before, &late).await.unwrap(), "somebody brought it meanwhile");
    assert_eq!(tx.card(card.id).await.unwrap().as_ref(), Some(&card));
    assert_eq!(tx.card(db.chance.id()).await.unwrap(), None);
    let cards = tx.cards_of(patch.id).await.unwrap();
    assert_eq!((cards.len(), cards.contains(&card), cards.contains(&later)), (2, true, true));
    assert_eq!(tx.card_by_message(Surface::Slack, "T1", "C1", "1.5").await.unwrap(), Some(card));
    assert_eq!(tx.card_by_message(Surface::Slack, "T1", "C2", "1.5").await.unwrap(), None);
    assert_eq!(tx.card_by_message(Surface::Console, "T1", "C1", "1.5").await.unwrap(), None);
}

async fn a_thread_is_ours_where_a_card_or_a_draft_starts_it_or_stands_in_it(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let patch = sample::patch(&db.chance, 1, db.chance.id(), ana);
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    for (venue, message) in [(sample::channel("C1"), "1.0"), (sample::thread("C1", "2.0"), "2.5")] {
        let mut card = sample::card(&db.chance, patch.id, venue);
        card.message = Some(message.to_owned());
        tx.insert_card(&card).await.unwrap();
    }
    tx.insert_card(&sample::card(&db.chance, patch.id, sample::channel("C1"))).await.unwrap();
    tx.commit().await.unwrap();
    for (venue, message) in [
        (sample::channel("C1"), "'3.0'"),
        (sample::thread("C1", "4.0"), "'4.5'"),
        (sample::thread("C1", "5.0"), "NULL"),
        (sample::channel("C1"), "NULL"),
    ] {
        let (venue, delivery) = (serde_json::to_string(&venue).unwrap(), db.chance.id::<DeliveryId>());
        db.raw(&format!(
            "INSERT INTO progress (tenant_id, delivery_id, venue, surface, what, started_at, message, is_over) \
             VALUES ('{tenant}', '{delivery}', '{venue}', 'slack', 'a plan', 0, {message}, false)"
        ))
        .await
        .unwrap();
    }
    let mut tx = db.store.read(tenant).await.unwrap();
    for thread in ["1.0", "2.0", "3.0", "4.0", "5.0"] {
        assert!(tx.is_our_thread(&sample::thread("C1", thread)).await.unwrap(), "{thread}");
        assert!(!tx.is_our_thread(&sample::thread("C2", thread)).await.unwrap(), "{thread} of another channel");
        let elsewhere = Venue { team: "T2".to_owned(), ..sample::thread("C1", thread) };
        assert!(!tx.is_our_thread(&elsewhere).await.unwrap(), "{thread} of another team");
    }
    assert!(!tx.is_our_thread(&sample::thread("C1", "9.9")).await.unwrap());
    assert!(!tx.is_our_thread(&sample::channel("C1")).await.unwrap(), "no thread at all");
    let other = db.store.create_tenant("Other", &db.chance).await.unwrap();
    let mut tx = db.store.read(other).await.unwrap();
    for thread in ["1.0", "2.0", "3.0", "4.0", "5.0"] {
        assert!(!tx.is_our_thread(&sample::thread("C1", thread)).await.unwrap(), "{thread} of another tenant");
    }
}

async fn the_open_patch_of_a_channel_is_the_newest_with_a_card_there(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let venue = sample::channel("C1");
    let in_thread = |thread: &str| Venue { thread: Some(thread.to_owned()), ..sample::channel("C1") };
    let mut patches: Vec<PatchId> = Vec::new();
    for (code, venue, message) in [(1, in_thread("0.5"), "1.0"), (2, venue.clone(), "2.0"), (3, venue.clone(), "3.0")] {
        let mut patch = sample::patch(&db.chance, code, db.chance.id(), ana);
        if code == 3 {
            patch.state = PatchState::Expired { at: db.chance.now() };
        }
        let mut card = sample::card(&db.chance, patch.id, venue);
        card.message = Some(message.to_owned());
        tx.insert_patch(&patch).await.unwrap();
        tx.insert_card(&card).await.unwrap();
        patches.push(patch.id);
    }
    for (venue, expected) in [
        (venue, Some(patches[1])),
        (in_thread("0.5"), Some(patches[0])), // a card stands in the thread
        (in_thread("2.0"), Some(patches[1])), // the thread hangs from a card
        (in_thread("3.0"), None),             // decided
        (in_thread("9.9"), None),
        (sample::channel("C2"), None),
    ] {
        let found = tx.open_patch_at(&venue).await.unwrap().map(|patch| patch.id);
        assert_eq!(found, expected, "{venue:?}");
    }
}
