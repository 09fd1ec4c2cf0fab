//! The approval policy, as people in Slack live it.

use docket::domain::{
    ids::MemberId,
    member::Role,
    patch::PatchState,
    policy::{Approvers, Group, Large, Override, Policy, Stricter},
};

use serde_json::json;

use crate::{
    support::{
        api::Program,
        app::TestApp,
        db::{TestDb, for_each_db},
        fake_slack::{BOT, Fault, SlackUser, TEAM},
    },
    who_may::{make, member, with_owner},
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    two_approvals_are_counted_by_name_on_the_card,
    deletes_need_an_admin_and_the_card_says_so,
    a_large_patch_needs_more_than_a_small_one,
    a_project_keeps_rules_of_its_own,
    only_those_who_are_named_approve,
    who_is_in_the_user_group_is_asked_at_each_click,
    a_silent_slack_lets_nobody_of_the_group_approve,
    a_program_approves_for_the_user_group_that_its_member_is_in,
    a_token_decides_nothing_once_slack_let_its_member_go,
    only_chosen_kinds_of_small_changes_apply_at_once,
    a_lost_role_takes_its_approval_along,
    of_concurrent_approvals_each_counts_once,
);

/// Sets the tenant's policy behind everybody's back.
pub(crate) async fn set(docket: &TestApp<'_>, policy: Policy) {
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    tx.set_policy(&policy).await.unwrap();
    tx.commit().await.unwrap();
}

/// The project `AUTH`, planned and approved by Ana.
pub(crate) async fn planned(docket: &TestApp<'_>) {
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(docket.states().await.last(), Some(&"applied"), "{}", docket.card());
}

/// Where a patch stands.
pub(crate) async fn state(docket: &TestApp<'_>, code: u32) -> &'static str {
    docket.patch(docket.app.tenant, code).await.unwrap().state.as_str()
}

async fn two_approvals_are_counted_by_name_on_the_card(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, Policy { approvals: 2, ..Policy::default() }).await;
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains("1 of 2 approvals (Ana), 1 more needed"), "{}", docket.card());
    docket.click("U2", "patch.approve").await;
    assert!(docket.card().contains("applied by Ben"), "{}", docket.card());
}

async fn deletes_need_an_admin_and_the_card_says_so(db: &TestDb) {
    let docket = with_owner(db).await;
    planned(&docket).await;
    set(&docket, Policy { deletes: Stricter { approvals: None, by: Some(Role::Admin) }, ..Policy::default() }).await;
    docket.slash("U2", "edit drop 1").await;
    assert!(docket.card().contains("deletes 1 task: needs an admin"), "{}", docket.card());
    docket.click("U4", "patch.approve").await;
    let told = docket.told("U4");
    assert!(told.contains("the policy asks for an admin") && told.contains("Ana can"), "{told}");
    assert_eq!(state(&docket, 2).await, "proposed");
    let patch = docket.patch(docket.app.tenant, 2).await.unwrap();
    let trail = db.store.read(docket.app.tenant).await.unwrap().audit_of(&patch.id.to_string(), 9).await.unwrap();
    assert!(trail.iter().any(|entry| entry.action == "patch.refused"), "{trail:?}");
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 2).await, "applied");
    docket.slash("U2", "cancel AUTH-2").await;
    assert!(docket.card().contains("cancels 1 task: needs an admin"), "{}", docket.card());
    docket.slash("U2", "done AUTH-2").await;
    assert_eq!(state(&docket, 4).await, "applied", "an end by being done is no delete");
}

async fn a_large_patch_needs_more_than_a_small_one(db: &TestDb) {
    let docket = with_owner(db).await;
    planned(&docket).await;
    let large = Large { operations: 2, stricter: Stricter { approvals: Some(2), by: None } };
    set(&docket, Policy { large, ..Policy::default() }).await;
    docket.slash("U1", "edit rename 1 to One; rename 2 to Two").await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 2).await, "applied");
    docket.slash("U1", "edit rename 1 to A; rename 2 to B; add a task for documentation").await;
    assert!(docket.card().contains("has 3 changes: needs 2 approvals"), "{}", docket.card());
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 3).await, "proposed");
    docket.click("U2", "patch.approve").await;
    assert_eq!(state(&docket, 3).await, "applied");
}

async fn a_project_keeps_rules_of_its_own(db: &TestDb) {
    let docket = with_owner(db).await;
    planned(&docket).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let project = tx.projects().await.unwrap().pop().unwrap();
    let own = Override { self_approval: Some(false), approvals: Some(1), ..Override::default() };
    tx.set_own_policy(project.id, &own).await.unwrap();
    tx.commit().await.unwrap();
    docket.slash("U1", "edit rename 1 to One").await;
    docket.click("U1", "patch.approve").await;
    assert!(docket.told("U1").contains("somebody else's approval"), "{}", docket.told("U1"));
    docket.slash("U1", "done AUTH-2").await;
    assert_eq!(state(&docket, 3).await, "proposed", "nor do small changes pass");
    docket.slash("U1", "plan Build a search page").await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 4).await, "applied", "another project keeps to the tenant's");
}

async fn only_those_who_are_named_approve(db: &TestDb) {
    let docket = with_owner(db).await;
    let cy = member(&docket, "Cy").await.id;
    let approvers = Approvers { roles: [Role::Approver].into(), members: [cy].into(), group: None };
    set(&docket, Policy { approvers, ..Policy::default() }).await;
    docket.slash("U1", GOAL).await;
    assert!(docket.card().contains("needs 1 approval from approvers or Cy"), "{}", docket.card());
    docket.click("U1", "patch.approve").await;
    let told = docket.told("U1");
    assert!(told.contains("you are not among them") && told.contains("Cy can"), "{told}");
    docket.click("U4", "patch.approve").await;
    assert_eq!(state(&docket, 1).await, "applied");
    make(&docket, "Ben", Role::Approver).await;
    docket.slash("U1", "edit drop the last one").await;
    docket.click("U2", "patch.approve").await;
    assert_eq!(state(&docket, 2).await, "applied");
}

fn by_group(approvals: usize) -> Policy {
    let group = Some(Group { team: TEAM.to_owned(), id: "S1".to_owned() });
    let approvers = Approvers { roles: [].into(), members: [].into(), group };
    Policy { approvers, approvals, ..Policy::default() }
}

/// How often Slack was asked for the group.
fn asked(docket: &TestApp<'_>) -> usize {
    docket.slack.calls().iter().filter(|(method, _)| method == "usergroups.users.list").count()
}

async fn who_is_in_the_user_group_is_asked_at_each_click(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slack.set_group("S1", &["U1", "U2"]);
    set(&docket, by_group(2)).await;
    docket.slash("U4", GOAL).await;
    assert!(docket.card().contains("from the user group S1"), "{}", docket.card());
    docket.click("U4", "patch.approve").await;
    assert!(docket.told("U4").contains("you are not among them"), "{}", docket.told("U4"));
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains("1 of 2 approvals (Ana)"), "{}", docket.card());
    // Ana leaves the group between the two clicks, and Cy joins it.
    docket.slack.set_group("S1", &["U2", "U4"]);
    docket.click("U2", "patch.approve").await;
    assert!(docket.told("U2").contains("It needs 1 more approval"), "{}", docket.told("U2"));
    assert!(docket.card().contains("1 of 2 approvals (Ben)"), "{}", docket.card());
    docket.click("U4", "patch.approve").await;
    assert_eq!(state(&docket, 1).await, "applied");
    assert_eq!(asked(&docket), 4, "once for each click on Approve");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_silent_slack_lets_nobody_of_the_group_approve(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slack.set_group("S1", &["U1"]);
    set(&docket, by_group(1)).await;
    docket.slash("U2", GOAL).await;
    for fault in [Fault::Broken, Fault::Refused("missing_scope"), Fault::Refused("no_such_subteam")] {
        docket.slack.fail_next("usergroups.users.list", fault);
        docket.click("U1", "patch.approve").await;
        let told = docket.told("U1");
        assert!(told.contains("Slack did not say who is in the user group") && !told.contains("can."), "{told}");
        assert_eq!(state(&docket, 1).await, "proposed");
    }
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 1).await, "applied");
    docket.slash("U1", "done AUTH-1").await;
    assert_eq!(state(&docket, 2).await, "applied", "a small change of somebody in the group");
    docket.slash("U2", "done AUTH-2").await;
    assert_eq!(state(&docket, 3).await, "proposed", "and of somebody who is not");
}

async fn a_program_approves_for_the_user_group_that_its_member_is_in(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slack.set_group("S1", &["U2"]);
    set(&docket, by_group(1)).await;
    docket.slash("U1", GOAL).await;
    let program = async |name: &str| {
        let (router, tenant) = (docket.app.router.clone(), docket.app.tenant);
        Program::of(router, &db.store, &db.chance, tenant, member(&docket, name).await.id).await
    };
    let (cy, ben) = (program("Cy").await, program("Ben").await);
    let (path, approval, key) = ("/patches/P-1/approve", json!({ "revision": 1 }), [("idempotency-key", "first")]);
    let (_, words) = cy.post(path, &approval).await.problem(403);
    assert!(words.contains("you are not among them"), "{words}");
    docket.slack.fail_next("usergroups.users.list", Fault::Broken);
    let (_, words) = ben.post_with(path, &key, &approval).await.problem(503);
    assert!(words.contains("Slack did not say who is in the user group"), "{words}");
    assert_eq!(state(&docket, 1).await, "proposed");
    assert_eq!(ben.post_with(path, &key, &approval).await.ok()["patch"]["state"], "applied");
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn a_token_decides_nothing_once_slack_let_its_member_go(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U1", GOAL).await;
    let (router, ben) = (docket.app.router.clone(), member(&docket, "Ben").await.id);
    let program = Program::of(router, &db.store, &db.chance, docket.app.tenant, ben).await;
    docket.slack.fail_next("users.info", Fault::Broken);
    let (_, words) = program.post("/patches/P-1/approve", &json!({ "revision": 1 })).await.problem(403);
    assert!(words.contains("could not find out who you are"), "{words}");
    // Ben says nothing more to Docket: only Slack knows.
    docket.slack.add_user("U2", "Ben", &json!({ "deleted": true }));
    let (_, words) = program.post("/patches/P-1/approve", &json!({ "revision": 1 })).await.problem(403);
    assert!(words.contains("deactivated"), "{words}");
    assert_eq!(state(&docket, 1).await, "proposed");
    program.get("/projects").await.problem(401);
}

async fn only_chosen_kinds_of_small_changes_apply_at_once(db: &TestDb) {
    let docket = with_owner(db).await;
    planned(&docket).await;
    set(&docket, Policy { auto: [docket::domain::policy::Small::Estimate].into(), ..Policy::default() }).await;
    docket.slash("U2", "estimate AUTH-1 7h").await;
    docket.slash("U2", "done AUTH-1").await;
    assert_eq!(docket.states().await, ["applied", "applied", "proposed"]);
}

async fn a_lost_role_takes_its_approval_along(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, Policy { approvals: 2, ..Policy::default() }).await;
    docket.slash("U1", GOAL).await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "role Ben viewer").await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 1).await, "proposed", "Ben's approval is void");
    assert!(docket.card().contains("1 of 2 approvals (Ana)"), "{}", docket.card());
    docket.click("U4", "patch.approve").await;
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn of_concurrent_approvals_each_counts_once(db: &TestDb) {
    let docket = with_owner(db).await;
    let policy = Policy { approvals: 3, ..Policy::default() };
    for round in 1..=4 {
        set(&docket, policy.clone()).await;
        docket.slash("U1", GOAL).await;
        let people: Vec<SlackUser> = [("U1", "C11"), ("U2", "C12"), ("U4", "C13")]
            .map(|(user, channel)| {
                docket.slack.add_channel(channel, &[user, BOT]);
                SlackUser { channel: channel.to_owned(), ..docket.user(user) }
            })
            .into();
        for person in people.iter().chain(&people) {
            docket.send(person.slash(&format!("approve P-{round}"), db.chance.now())).await;
        }
        let (one, two) = (&docket.app.worker, docket::jobs::worker::Worker::new(docket.app.desk.clone()));
        tokio::join!(one.drain(), two.drain());
        docket.run_jobs().await;
        let patch = docket.patch(docket.app.tenant, round).await.unwrap();
        assert!(matches!(patch.state, PatchState::Applied { .. }), "{:?}", patch.state);
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        let approvals: Vec<MemberId> = tx.approvals(patch.id, 1).await.unwrap().into_iter().collect();
        assert_eq!(approvals.len(), 3, "{approvals:?}");
        let trail = tx.audit_of(&patch.id.to_string(), 50).await.unwrap();
        assert_eq!(trail.iter().filter(|entry| entry.action == "patch.applied").count(), 1);
    }
}
