//! Changing the policy itself: proposed by those in charge, approved by owners, tried out before.

use std::time::Duration;

use axum::{body::Body, http::Request};
use docket::domain::{
    member::Role,
    policy::{Approvers, Group, Large, Policy, Stricter},
};

use crate::{
    support::{
        app::TestApp,
        db::{TestDb, for_each_db},
        fake_slack::TEAM,
        site::{ask, post},
    },
    who_decides::{planned, set, state},
    who_may::{make, member, with_owner},
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    an_admin_proposes_a_change_and_an_owner_approves_it_once,
    another_owner_looks_at_what_an_owner_proposes,
    a_change_that_came_second_is_stale_and_an_old_card_approves_nothing_newer,
    a_change_lapses_and_its_author_may_take_it_back,
    a_project_gets_rules_of_its_own_and_drops_them,
    what_changes_nothing_or_locks_everybody_out_is_refused,
    a_mentioned_user_group_is_asked_for_by_its_id,
    the_person_at_the_console_changes_the_policy_there,
    a_new_policy_holds_at_once_for_what_is_open,
    nobody_changes_the_policy_of_another_tenant,
    a_test_says_what_then_happens,
);

/// The tenant's policy.
async fn policy(docket: &TestApp<'_>) -> Policy {
    docket.db.store.read(docket.app.tenant).await.unwrap().policy().await.unwrap()
}

/// The newest card of a change of the policy, pressed by somebody.
async fn press(docket: &TestApp<'_>, user: &str, approve: bool) {
    docket.click(user, if approve { "say.0" } else { "say.1" }).await;
}

async fn an_admin_proposes_a_change_and_an_owner_approves_it_once(db: &TestDb) {
    let docket = with_owner(db).await;
    make(&docket, "Ben", Role::Admin).await;
    docket.slash("U4", "policy approvals 2").await;
    let told = docket.told("U4");
    assert!(told.contains("Only owners and admins propose changes of the policy") && told.contains("Ben"), "{told}");
    docket.slash("U2", "policy approvals 2").await;
    let card = docket.card();
    for words in ["R-1", "1 approval → 2 approvals", "Approve", "needs the approval of Ana", "policy approvals 2"] {
        assert!(card.contains(words), "{words}: {card}");
    }
    let asked = docket.slack.private("U1").last().is_some_and(|_| docket.told("U1").contains("policy approve R-1"))
        || docket.slack.messages("D-U1").iter().any(|dm| dm.payload.to_string().contains("policy approve R-1"));
    assert!(asked, "the owner hears of it");
    assert_eq!(policy(&docket).await, Policy::default(), "nothing changes before an owner approves");
    press(&docket, "U2", true).await;
    let told = docket.told("U2");
    assert!(told.contains("only owners approve changes of the policy") && told.contains("Ana can"), "{told}");
    press(&docket, "U3", true).await;
    assert!(docket.told("U3").contains("guests"), "{}", docket.told("U3"));
    let old = docket.newest_with("say.0");
    press(&docket, "U1", true).await;
    assert_eq!(policy(&docket).await.approvals, 2);
    assert!(docket.card().contains("R-1 approved") && docket.card().contains("Ana"), "{}", docket.card());
    make(&docket, "Cy", Role::Owner).await;
    docket.click_on("U4", &old, "say.0").await;
    assert!(docket.told("U4").contains("Ana approved R-1"), "{}", docket.told("U4"));
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let id = tx.change_by_code("R-1".parse().unwrap()).await.unwrap().unwrap().id;
    let trail = tx.audit_of(&id.to_string(), 9).await.unwrap();
    let actions: Vec<_> = trail.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["policy.proposed", "policy.refused", "policy.refused", "policy.approved"]);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn another_owner_looks_at_what_an_owner_proposes(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U1", "policy self off").await;
    press(&docket, "U1", true).await;
    assert!(!policy(&docket).await.self_approval, "the only owner decides");
    make(&docket, "Ben", Role::Owner).await;
    docket.slash("U1", "policy self on").await;
    press(&docket, "U1", true).await;
    let told = docket.told("U1");
    assert!(told.contains("there is another owner to look at it") && told.contains("Ben can"), "{told}");
    docket.slash("U2", "policy approve R-2").await;
    assert!(policy(&docket).await.self_approval);
    assert!(docket.card().contains("R-2 approved"), "{}", docket.card());
}

async fn a_change_that_came_second_is_stale_and_an_old_card_approves_nothing_newer(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U1", "policy approvals 2").await;
    let first = docket.newest_with("say.0");
    docket.slash("U1", "policy expiry 3d").await;
    docket.click_on("U1", &first, "say.0").await;
    let now = policy(&docket).await;
    assert_eq!((now.approvals, now.expiry), (2, Policy::default().expiry), "the card is of one change");
    assert!(docket.cards().iter().any(|card| card.contains("R-2 is stale")), "{:?}", docket.cards());
    docket.slash("U1", "policy approve R-2").await;
    assert!(docket.told("U1").contains("R-2 is stale"), "{}", docket.told("U1"));
    assert_eq!(policy(&docket).await, now);
    // Changed behind the card's back.
    docket.slash("U1", "policy expiry 3d").await;
    set(&docket, Policy { approvals: 3, ..Policy::default() }).await;
    docket.slash("U1", "policy approve R-3").await;
    assert!(docket.told("U1").contains("R-3 is stale"), "{}", docket.told("U1"));
    assert_eq!(policy(&docket).await.approvals, 3);
}

async fn a_change_lapses_and_its_author_may_take_it_back(db: &TestDb) {
    let docket = with_owner(db).await;
    make(&docket, "Ben", Role::Admin).await;
    docket.slash("U2", "policy approvals 2").await;
    docket.slash("U4", "policy reject R-1").await;
    assert!(docket.told("U4").contains("only owners"), "{}", docket.told("U4"));
    press(&docket, "U2", false).await;
    assert!(docket.card().contains("R-1 rejected"), "{}", docket.card());
    docket.slash("U2", "policy approvals 3").await;
    db.clock.advance(Duration::from_hours(7 * 24 + 1));
    docket.run_jobs().await;
    assert!(docket.card().contains("R-2 expired"), "{}", docket.card());
    docket.slash("U1", "policy approve R-2").await;
    assert!(docket.told("U1").contains("R-2 has expired"), "{}", docket.told("U1"));
    assert_eq!(policy(&docket).await, Policy::default());
}

async fn a_project_gets_rules_of_its_own_and_drops_them(db: &TestDb) {
    let docket = with_owner(db).await;
    planned(&docket).await;
    docket.slash("U1", "policy AUTH approvals 2").await;
    press(&docket, "U1", true).await;
    let shown = docket.slash("U2", "policy AUTH").await.body;
    assert!(shown.contains("2 approvals · its own") && shown.contains("policy AUTH default"), "{shown}");
    let shown = docket.slash("U2", "policy").await.body;
    assert!(shown.contains("1 approval") && !shown.contains("its own"), "{shown}");
    docket.slash("U1", "edit rename 1 to One").await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(state(&docket, 2).await, "proposed");
    docket.slash("U1", "policy AUTH default").await;
    assert!(docket.card().contains("2 approvals → 1 approval"), "{}", docket.card());
    docket.slash("U1", "policy approve R-2").await;
    docket.slash("U1", "approve P-2").await;
    assert_eq!(state(&docket, 2).await, "applied");
    let missing = docket.slash("U1", "policy NOPE").await.body;
    assert!(missing.contains("no project NOPE"), "{missing}");
}

async fn what_changes_nothing_or_locks_everybody_out_is_refused(db: &TestDb) {
    let docket = with_owner(db).await;
    for (line, told) in [
        ("policy approvals 1", "The policy says so already"),
        ("policy approvals 19", "could never be approved: they would need 19 people"),
        ("policy delete by admin", "R-1 is proposed"),
        ("policy delete 3 by owner", "could never be approved: they would need 3 people, and"),
        ("policy NOPE approvals 2", "no project NOPE"),
        ("policy approvers @zoe", "nobody called “zoe”"),
        ("policy approvals lots", "how many people must approve"),
    ] {
        let ack = docket.slash("U1", line).await.body;
        let said = if ack.contains(told) { ack } else { docket.told("U1") };
        assert!(said.contains(told), "{line}: {said}");
    }
    // What is no command never comes to mean one.
    docket.mention("U1", "I think we should have a policy of two approvals for everything").await;
    docket.mention("U1", "please make it a rule that nobody approves their own").await;
    assert_eq!(db.store.read(docket.app.tenant).await.unwrap().open_changes().await.unwrap().len(), 1);
}

async fn a_mentioned_user_group_is_asked_for_by_its_id(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slack.set_group("S0614TZR7", &["U4"]);
    docket.slash("U1", "policy approvers owner <!subteam^S0614TZR7|@leads> <@U2>").await;
    assert!(docket.card().contains("owners, Ben or the user group S0614TZR7"), "{}", docket.card());
    press(&docket, "U1", true).await;
    let ben = member(&docket, "Ben").await.id;
    let group = Some(Group { team: TEAM.to_owned(), id: "S0614TZR7".to_owned() });
    let approvers = Approvers { roles: [Role::Owner].into(), members: [ben].into(), group };
    assert_eq!(policy(&docket).await.approvers, approvers);
    docket.slash("U2", GOAL).await;
    docket.click("U4", "patch.approve").await;
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn the_person_at_the_console_changes_the_policy_there(db: &TestDb) {
    let docket = with_owner(db).await;
    let say = async |line: &str| {
        let body = serde_urlencoded::to_string([("text", line)]).unwrap();
        ask(docket.app.router.clone(), post("/console/say", "application/x-www-form-urlencoded", &body)).await;
        docket.run_jobs().await;
        ask(docket.app.router.clone(), Request::get("/console").body(Body::empty()).unwrap()).await.body
    };
    let page = say("/docket policy approvals 2").await;
    assert!(page.contains("1 approval → 2 approvals") && page.contains("value=\"policy approve R-1\""), "{page}");
    let page = say("policy approve R-1").await;
    assert!(page.contains("there is another owner to look at it"), "{page}");
    docket.slash("U1", "policy approve R-1").await;
    assert_eq!(policy(&docket).await.approvals, 2);
    let page = say("/docket policy").await;
    assert!(page.contains("R-1 approved") && page.contains("2 approvals"), "{page}");
    let page = say("/docket role Ana admin").await;
    assert!(page.contains("there has to be an owner"), "the person here counts for none: {page}");
}

async fn a_new_policy_holds_at_once_for_what_is_open(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U2", GOAL).await;
    db.clock.advance(Duration::from_hours(1));
    docket.slash("U1", "policy lazy 8h Europe/Paris").await;
    docket.slash("U1", "policy approve R-1").await;
    let card = docket.cards().into_iter().find(|card| card.contains("P-1 ")).unwrap();
    assert!(card.contains("unless somebody objects"), "{card}");
    db.clock.advance(Duration::from_hours(72) - Duration::from_mins(1));
    docket.run_jobs().await;
    assert_eq!(state(&docket, 1).await, "proposed", "its clock began with the rule");
    db.clock.advance(Duration::from_mins(1));
    docket.run_jobs().await;
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn nobody_changes_the_policy_of_another_tenant(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U1", "policy approvals 2").await;
    let (other, zoe) = docket.second_tenant().await;
    docket.slack.add_user("U9", "Zoe", &serde_json::json!({ "team_id": "T2", "is_owner": true }));
    docket.act(zoe.slash("policy approve R-1", db.chance.now())).await;
    assert!(docket.told("U9").contains("no change R-1"), "{}", docket.told("U9"));
    docket.act(zoe.slash("policy test P-1 me", db.chance.now())).await;
    assert!(docket.told("U9").contains("no patch P-1"), "{}", docket.told("U9"));
    docket.act(zoe.slash("role Ana viewer", db.chance.now())).await;
    assert!(docket.told("U9").contains("nobody called"), "{}", docket.told("U9"));
    assert_eq!(policy(&docket).await, Policy::default());
    assert_eq!(db.store.read(other).await.unwrap().policy().await.unwrap(), Policy::default());
    assert_eq!(member(&docket, "Ana").await.role, Role::Owner);
}

async fn a_test_says_what_then_happens(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slack.set_group("S1", &["U4"]);
    let group = Some(Group { team: TEAM.to_owned(), id: "S1".to_owned() });
    let only = |roles: &[Role]| Approvers { roles: roles.iter().copied().collect(), members: [].into(), group: None };
    let policies = [
        Policy::default(),
        Policy { approvals: 2, ..Policy::default() },
        Policy { self_approval: false, ..Policy::default() },
        Policy { approvers: only(&[Role::Owner]), ..Policy::default() },
        Policy { approvers: Approvers { group, ..only(&[]) }, ..Policy::default() },
        Policy {
            large: Large { operations: 1, stricter: Stricter { approvals: Some(2), by: Some(Role::Admin) } },
            ..Policy::default()
        },
    ];
    let mut code = 0;
    for policy in policies {
        for user in ["U1", "U2", "U3", "U4"] {
            set(&docket, policy.clone()).await;
            docket.slash("U2", GOAL).await;
            code += 1;
            if user == "U3" {
                docket.click("U3", "patch.details").await;
            }
            docket.slash("U1", &format!("policy test P-{code} <@{user}>")).await;
            let said = docket.told("U1");
            assert!(said.contains("Nothing was changed"), "{said}");
            let patch = docket.patch(docket.app.tenant, code).await.unwrap();
            let approvals =
                async || db.store.read(docket.app.tenant).await.unwrap().approvals(patch.id, 1).await.unwrap().len();
            assert_eq!((patch.state.as_str(), approvals().await), ("proposed", 0), "a test decides nothing");
            docket.click(user, "patch.approve").await;
            let (now, count) = (state(&docket, code).await, approvals().await);
            let expected = match (now, count) {
                ("applied", _) => "would be applied",
                (_, 0) => "would not count",
                _ => "would count as 1 of 2",
            };
            assert!(said.contains(expected), "{user} {policy:?}: {said}; {now} {count} {}", docket.told(user));
        }
    }
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}
