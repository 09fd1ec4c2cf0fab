//! Plans, the patches that made them, and the trail of who did.

use std::collections::BTreeMap;

use docket::domain::{
    apply::apply,
    audit::AuditEntry,
    patch::{Patch, PatchState},
    project::Revision,
};

use crate::support::db::TestDb;

/// More than any test makes.
const ALL: usize = 100_000;

/// Each plan is as often changed as patches were applied to it, and taking those back from the newest to the oldest leaves
/// the empty plan that there was before the first.
pub(super) async fn plans(db: &TestDb) {
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    let mut tx = db.store.read(tenant).await.unwrap();
    let patches = tx.recent_patches(ALL).await.unwrap();
    let mut codes: Vec<u32> = patches.iter().map(|patch| patch.code.0).collect();
    codes.sort_unstable();
    assert!(codes.iter().copied().eq(1..=u32::try_from(codes.len()).unwrap()), "a code is missing: {codes:?}");
    for project in tx.projects().await.unwrap() {
        let of_project = patches.iter().filter(|patch| patch.project == project.id);
        let made: BTreeMap<Revision, &Patch> =
            of_project.clone().filter_map(|patch| Some((made(&patch.state)?, patch))).collect();
        let revisions: Vec<u32> = made.keys().map(|revision| revision.0).collect();
        let applied = of_project.filter(|patch| made_a_plan(patch)).count();
        assert_eq!(applied, revisions.len(), "{}: two patches made one revision", project.key);
        assert!(revisions.iter().copied().eq(1..=project.revision.0), "{}: {revisions:?}", project.key);

        let mut plan = tx.plan(project.id).await.unwrap().unwrap();
        for patch in made.values().rev() {
            let inverse = tx.inverse(patch.id).await.unwrap();
            let inverse = inverse.unwrap_or_else(|| panic!("{} has no inverse", patch.code));
            let undone = apply(&mut plan, &inverse.iter().collect::<Vec<_>>());
            assert!(undone.is_ok(), "{} can't be taken back: {undone:?}", patch.code);
        }
        assert!(plan.is_empty(), "{}: {} tasks are left", project.key, plan.len());
        let founding = made[&Revision(1)].founding.as_ref().unwrap();
        let was = (&plan.project.key, &plan.project.title, &plan.project.summary);
        assert_eq!(was, (&founding.key, &founding.title, &founding.summary));
    }
}

fn made_a_plan(patch: &Patch) -> bool {
    made(&patch.state).is_some()
}

/// The revision that a patch made.
fn made(state: &PatchState) -> Option<Revision> {
    match state {
        PatchState::Applied { revision, .. } | PatchState::Undone { revision, .. } => Some(*revision),
        _ => None,
    }
}

/// Each patch has one line for each thing that became of it, in the order of time, and each plan one for each revision,
/// in their order; there is none of a patch that is not there. SQLite numbers the lines without a hole; PostgreSQL leaves
/// one for each transaction that came to nothing.
pub(super) async fn trail(db: &TestDb) {
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    let mut tx = db.store.read(tenant).await.unwrap();
    let patches = tx.recent_patches(ALL).await.unwrap();
    let lines = tx.audit_page(None, None, ALL).await.unwrap();
    let mut of: BTreeMap<&str, Vec<&AuditEntry>> = BTreeMap::new();
    for (_, line) in lines.iter().rev() {
        of.entry(&line.subject).or_default().push(line);
    }
    let mut revisions: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for (_, line) in lines.iter().rev().filter(|(_, line)| line.action == "patch.applied") {
        let project = &line.after["project"];
        revisions.entry(project["id"].to_string()).or_default().push(project["revision"].as_u64().unwrap());
    }
    for (project, revisions) in revisions {
        let last = u64::try_from(revisions.len()).unwrap();
        assert!(revisions.iter().copied().eq(1..=last), "{project}: {revisions:?}");
    }
    for patch in &patches {
        became(patch, &of.remove(patch.id.to_string().as_str()).unwrap_or_default());
    }
    let others: Vec<_> = of.into_values().flatten().filter(|line| line.action.starts_with("patch.")).collect();
    assert!(others.is_empty(), "lines about patches that are not there: {others:?}");
    if db.store.engine() == "sqlite" {
        let (count, last): (i64, i64) = db.rows("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM audit").await[0];
        assert_eq!(count, last, "the trail has a gap");
    }
}

/// What became of a patch is what its lines say: none is missing, and none is there twice.
fn became(patch: &Patch, lines: &[&AuditEntry]) {
    assert!(lines.is_sorted_by_key(|line| line.at), "{}: {lines:?}", patch.code);
    let actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions.first(), Some(&"patch.proposed"), "{}", patch.code);
    let times = |action: &str| actions.iter().filter(|one| **one == action).count();
    let is = |state: &str| usize::from(patch.state.as_str() == state);
    let (renewed, rebased) = (times("patch.renewed"), times("patch.rebased"));
    for (what, told, due) in [
        ("proposed", times("patch.proposed"), 1),
        ("applied", times("patch.applied"), usize::from(made_a_plan(patch))),
        ("undone", times("patch.undone"), is("undone")),
        ("rejected", times("patch.rejected") + times("patch.withdrawn"), is("rejected")),
        ("superseded", times("patch.superseded"), is("superseded")),
        // Whatever was renewed had expired.
        ("expired", times("patch.expired"), renewed + is("expired")),
        ("changed", 1 + renewed + rebased, usize::try_from(patch.revision).unwrap()),
    ] {
        assert_eq!(told, due, "how often {} was {what}: {actions:?}", patch.code);
    }
}
