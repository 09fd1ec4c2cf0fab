//! A foreign tenant finds nothing and changes nothing, in any table.

use std::collections::BTreeSet;

use docket::{
    domain::{
        audit::AuditEntry,
        card::{Answer, Card, Entry, EntryContent},
        ids::{DeliveryId, MemberId, TenantId},
        member::Surface,
        patch::{Patch, PatchState},
        plan::Plan,
        policy::Policy,
        project::{Project, Revision},
        task::TaskNumber,
        tenant::Installation,
    },
    store::Tx,
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    a_foreign_tenant_finds_and_changes_nothing,
    every_table_has_its_case,
}

/// Tables whose rows belong to a tenant, each with the case below that proves it is out of reach.
const TABLES: [&str; 16] = [
    "answers",
    "approvals",
    "audit",
    "cards",
    "channels",
    "deliveries",
    "entries",
    "identities",
    "installations",
    "jobs",
    "members",
    "patches",
    "projects",
    "task_dependencies",
    "tasks",
    "tenants",
];

async fn every_table_has_its_case(db: &TestDb) {
    let tables: BTreeSet<_> =
        db.columns().await.into_iter().filter_map(|column| Some(column.split_once('.')?.0.to_owned())).collect();
    assert_eq!(tables, TABLES.map(str::to_owned).into(), "a new table needs a case in `check`");
}

/// A tenant with something in every table.
struct Full {
    tenant: TenantId,
    member: MemberId,
    installation: Installation,
    project: Project,
    plan: Plan,
    patch: Patch,
    card: Card,
    answer: Answer,
    delivery: DeliveryId,
}

async fn fill(db: &TestDb) -> Full {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let delivery = sample::delivery(&db.chance, tenant, "a");
    db.store.accept(std::slice::from_ref(&delivery)).await.unwrap();
    let mut project = sample::project(&db.chance, "AUTH");
    let patch = sample::patch(&db.chance, 1, project.id, member);
    let mut card = sample::card(&db.chance, patch.id, sample::channel("C1"));
    card.message = Some("1.0".to_owned());
    let mut answer = sample::answer(&db.chance);
    answer.delivery = Some(delivery.delivery.id);
    answer.sent_at = Some(START);
    let installation = Installation {
        surface: Surface::Slack,
        team: "T1".to_owned(),
        name: "Acme".to_owned(),
        bot_user: "U0".to_owned(),
        removed: None,
    };
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.set_policy(&Policy { approvals: 2, ..Policy::default() }).await.unwrap();
    tx.put_installation(&installation).await.unwrap();
    tx.insert_project(&project, TaskNumber(3), START).await.unwrap();
    project.revision = Revision(1);
    let plan = Plan::new(project.clone(), [sample::task(1, None, &[]), sample::task(2, Some(1), &[1])]);
    let touched = BTreeSet::from([TaskNumber(1), TaskNumber(2)]);
    assert!(tx.save_plan(&plan, &touched, Revision(0), START).await.unwrap());
    assert!(tx.bind_channel(&sample::channel("C1"), project.id).await.unwrap());
    tx.next_patch_code().await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    tx.set_inverse(patch.id, &[]).await.unwrap();
    tx.add_approval(patch.id, 1, member, START).await.unwrap();
    tx.insert_card(&card).await.unwrap();
    tx.insert_answer(&answer).await.unwrap();
    let said = EntryContent::Said { by: "Ana".to_owned(), words: "hello".to_owned() };
    tx.append_entry(&Entry { id: db.chance.id(), seq: 0, at: START, content: said }).await.unwrap();
    tx.record(&audit(db, &patch)).await.unwrap();
    tx.commit().await.unwrap();
    Full { tenant, member, installation, project, plan, patch, card, answer, delivery: delivery.delivery.id }
}

fn audit(db: &TestDb, patch: &Patch) -> AuditEntry {
    AuditEntry {
        id: db.chance.id(),
        at: START,
        actor: None,
        action: "patch.proposed".to_owned(),
        subject: patch.id.to_string(),
        venue: None,
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
    }
}

/// Whether this tenant sees what `full` has, table by table.
async fn sees(tx: &mut Tx, full: &Full) -> Vec<(&'static str, bool)> {
    let venue = sample::channel("C1");
    let key = &full.project.key;
    let (project, patch) = (full.project.id, full.patch.id);
    let first = TaskNumber(1);
    let delete = docket::domain::patch::Operation::DeleteTask { number: first };
    let part = tx.plan_part(project, &[&delete]).await.unwrap();
    vec![
        ("tenants", tx.policy().await.unwrap().approvals == 2),
        ("installations", tx.installation(Surface::Slack, "T1").await.unwrap().is_some()),
        ("installations", !tx.installations().await.unwrap().is_empty()),
        ("members", tx.member(full.member).await.unwrap().is_some()),
        ("members", !tx.members().await.unwrap().is_empty()),
        ("identities", tx.member_by_identity(&sample::identity("U1")).await.unwrap().is_some()),
        ("identities", !tx.identities(full.member).await.unwrap().is_empty()),
        ("projects", tx.project(project).await.unwrap().is_some()),
        ("projects", tx.project_by_key(key).await.unwrap().is_some()),
        ("projects", !tx.projects().await.unwrap().is_empty()),
        ("projects", tx.taken_keys().await.unwrap().contains(key)),
        ("projects", tx.next_number(project).await.is_ok()),
        ("tasks", tx.plan(project).await.unwrap().as_ref() == Some(&full.plan)),
        ("tasks", tx.task(project, first).await.unwrap().is_some()),
        ("tasks", !tx.task_counts().await.unwrap().is_empty()),
        ("task_dependencies", part.is_some_and(|part| part.dependents(first).count() == 1)),
        ("channels", tx.channel_project(&venue).await.unwrap().is_some()),
        ("patches", tx.patch(patch).await.unwrap().is_some()),
        ("patches", tx.patch_by_code(full.patch.code).await.unwrap().is_some()),
        ("patches", !tx.open_patches().await.unwrap().is_empty()),
        ("patches", !tx.patches_of(project, 9).await.unwrap().is_empty()),
        ("patches", !tx.recent_patches(9).await.unwrap().is_empty()),
        ("patches", tx.open_patch_at(&venue).await.unwrap().is_some()),
        ("patches", tx.inverse(patch).await.unwrap().is_some()),
        ("approvals", !tx.approvals(patch, 1).await.unwrap().is_empty()),
        ("cards", tx.card(full.card.id).await.unwrap().is_some()),
        ("cards", !tx.cards_of(patch).await.unwrap().is_empty()),
        ("cards", tx.card_by_message(Surface::Slack, "T1", "C1", "1.0").await.unwrap().is_some()),
        ("answers", tx.answer(full.answer.id).await.unwrap().is_some()),
        ("answers", tx.answers_sent_for(full.delivery).await.unwrap() == 1),
        ("entries", !tx.entries(0, 9).await.unwrap().is_empty()),
        ("entries", !tx.latest_entries(9).await.unwrap().is_empty()),
        ("deliveries", tx.delivery(full.delivery).await.unwrap().is_some()),
        ("audit", !tx.audit_of(&patch.to_string(), 9).await.unwrap().is_empty()),
    ]
}

/// Tries to change what `full` has; everything must miss.
async fn meddle(db: &TestDb, intruder: TenantId, full: &Full) {
    let mut tx = db.store.write(intruder).await.unwrap();
    let mut patch = full.patch.clone();
    patch.state = PatchState::Expired { at: START };
    assert!(!tx.update_patch(&patch, &PatchState::Proposed, 1).await.unwrap());
    tx.set_inverse(patch.id, &[docket::domain::patch::Operation::DeleteTask { number: TaskNumber(1) }]).await.unwrap();
    assert!(!tx.reserve_numbers(full.project.id, TaskNumber(3), TaskNumber(9)).await.unwrap());
    let empty = Plan::new(full.project.clone(), []);
    let touched = BTreeSet::from([TaskNumber(1), TaskNumber(2)]);
    assert!(!tx.save_plan(&empty, &touched, Revision(1), START).await.unwrap());
    let card = Card { message: None, shown: Some("forged".to_owned()), ..full.card.clone() };
    tx.update_card(&card).await.unwrap();
    tx.set_answer_sent(full.answer.id, START.plus(std::time::Duration::from_secs(1))).await.unwrap();
    assert!(!tx.finish_delivery(full.delivery, "forged", START).await.unwrap());
    assert!(!tx.is_handled(full.delivery).await.unwrap());
    tx.set_policy(&Policy { approvals: 7, ..Policy::default() }).await.unwrap();
    tx.commit().await.unwrap();

    // What would refer to a row of another tenant is refused.
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_installation(&full.installation).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.bind_channel(&sample::channel("C9"), full.project.id).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.add_approval(full.patch.id, 1, full.member, START).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_card(&sample::card(&db.chance, full.patch.id, sample::channel("C9"))).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_patch(&sample::patch(&db.chance, 9, full.project.id, full.member)).await.is_err());
}

async fn a_foreign_tenant_finds_and_changes_nothing(db: &TestDb) {
    let full = fill(db).await;
    let intruder = db.store.create_tenant("Intruders", &db.chance).await.unwrap();
    let seen_by_itself = sees(&mut db.store.read(full.tenant).await.unwrap(), &full).await;
    for (table, seen) in &seen_by_itself {
        assert!(seen, "{table} is not seen by its own tenant");
    }
    for (table, seen) in sees(&mut db.store.read(intruder).await.unwrap(), &full).await {
        assert!(!seen, "{table} is seen by a foreign tenant");
    }
    // Jobs are claimed across tenants; each carries its own.
    let covered: BTreeSet<_> = seen_by_itself.iter().map(|(table, _)| *table).chain(["jobs"]).collect();
    assert_eq!(covered, BTreeSet::from(TABLES));
    assert_eq!(db.store.jobs(9).await.unwrap()[0].tenant, full.tenant);

    meddle(db, intruder, &full).await;
    let mut tx = db.store.read(full.tenant).await.unwrap();
    assert!(sees(&mut tx, &full).await.iter().all(|(_, seen)| *seen));
    assert_eq!(tx.patch(full.patch.id).await.unwrap(), Some(full.patch.clone()));
    assert_eq!(tx.inverse(full.patch.id).await.unwrap(), Some(Vec::new()));
    assert_eq!(tx.card(full.card.id).await.unwrap(), Some(full.card.clone()));
    assert_eq!(tx.answer(full.answer.id).await.unwrap(), Some(full.answer.clone()));
    assert_eq!(tx.next_number(full.project.id).await.unwrap(), TaskNumber(3));
    assert!(!tx.is_handled(full.delivery).await.unwrap());
}
