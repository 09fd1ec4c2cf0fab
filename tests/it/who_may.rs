//! Roles: who is what, who gives them, and what each lets people do.

use docket::domain::{
    member::{Member, Role, Standing},
    session::{Login, Party},
};
use serde_json::json;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_slack::Fault,
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    the_first_who_runs_the_workspace_becomes_owner_and_nobody_after,
    owners_give_every_role_and_admins_those_below,
    two_owners_who_unmake_each_other_at_once_leave_one,
    viewers_guests_and_bots_read_and_change_nothing,
    a_guest_stays_one_while_slack_is_silent,
    whoami_says_the_role_and_what_it_lets_do,
    whoami_says_which_accounts_were_linked,
);

/// The member of this name.
pub(crate) async fn member(docket: &TestApp<'_>, name: &str) -> Member {
    let members = docket.db.store.read(docket.app.tenant).await.unwrap().members().await.unwrap();
    members.into_iter().find(|member| member.name == name).unwrap_or_else(|| panic!("nobody is called {name}"))
}

/// Docket in a workspace that Ana (`U1`) runs, where Ben (`U2`) and Cy (`U4`) are known too.
pub(crate) async fn with_owner(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start(db).await;
    docket.slack.add_user("U1", "Ana", &json!({ "is_admin": true }));
    docket.slack.add_user("U4", "Cy", &json!({}));
    docket.slack.add_channel("C1", &["U1", "U2", "U3", "U4", crate::support::fake_slack::BOT]);
    for user in ["U1", "U2", "U4"] {
        docket.slash(user, "routes forget all").await;
    }
    docket
}

/// Gives somebody a role behind everybody's back.
pub(crate) async fn make(docket: &TestApp<'_>, name: &str, role: Role) {
    let id = member(docket, name).await.id;
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    tx.set_role(id, role).await.unwrap();
    tx.commit().await.unwrap();
}

async fn the_first_who_runs_the_workspace_becomes_owner_and_nobody_after(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.add_user("U2", "Ben", &json!({ "is_owner": true }));
    docket.slash("U1", GOAL).await;
    docket.slash("U1", "assign 1 to <@U2>").await;
    assert_eq!(member(&docket, "Ana").await.role, Role::Member);
    docket.slack.add_user("U1", "Ana", &json!({ "is_admin": true }));
    docket.slash("U1", "routes forget all").await;
    assert_eq!(member(&docket, "Ana").await.role, Role::Owner, "though known before");
    docket.slash("U2", "routes forget all").await;
    assert_eq!(member(&docket, "Ben").await.role, Role::Member, "there is an owner already");
    docket.slack.add_user("U1", "Ana", &json!({ "is_admin": false }));
    docket.slash("U1", "routes forget all").await;
    assert_eq!(member(&docket, "Ana").await.role, Role::Owner, "Slack's own admins come and go");
    let ana = member(&docket, "Ana").await;
    let trail = db.store.read(docket.app.tenant).await.unwrap().audit_of(&ana.id.to_string(), 9).await.unwrap();
    assert_eq!(trail.iter().filter(|entry| entry.action == "member.role").count(), 1, "{trail:?}");
}

async fn owners_give_every_role_and_admins_those_below(db: &TestDb) {
    let docket = with_owner(db).await;
    let list = docket.slash("U2", "role").await.body;
    let place = |name: &str| list.find(name).unwrap_or_else(|| panic!("{name} in {list}"));
    assert!(place("Ana") < place("Ben") && list.contains("owner") && list.contains("/docket role @ben"), "{list}");
    for (by, line, told) in [
        ("U2", "role Cy approver", "only owners and admins give roles. Ana"),
        ("U1", "role <@U2> admin", "Ben is an admin now."),
        ("U2", "role Cy approver", "Cy is an approver now."),
        ("U2", "role @cy reviewer", "Cy is an approver already."),
        ("U2", "role Cy owner", "only owners make or unmake owners and admins. Ana"),
        ("U2", "role Ana member", "only owners make or unmake"),
        ("U1", "role me member", "there has to be an owner"),
        ("U1", "role Zoe admin", "I know nobody called “Zoe”"),
        ("U1", "role Cy king", "I can't read “Cy king” as a person and a role"),
        ("U1", "role Cy owner", "Cy is an owner now."),
        ("U1", "role me member", "Ana is a member now."),
        ("U1", "role Ben viewer", "only owners and admins give roles"),
        ("U4", "role Gus admin", "I know nobody called “Gus”"),
    ] {
        let ack = docket.slash(by, line).await;
        let said = if ack.body.contains(told) { ack.body } else { docket.told(by) };
        assert!(said.contains(told), "{by} {line}: {said}");
    }
    let roles = [("Ana", Role::Member), ("Ben", Role::Admin), ("Cy", Role::Owner)];
    for (name, role) in roles {
        assert_eq!(member(&docket, name).await.role, role, "{name}");
    }
    let cy = member(&docket, "Cy").await;
    let trail = db.store.read(docket.app.tenant).await.unwrap().audit_of(&cy.id.to_string(), 9).await.unwrap();
    let roles: Vec<_> = trail.iter().rev().map(|entry| entry.after["role"].clone()).collect();
    assert_eq!(roles, ["approver", "owner"]);
}

async fn two_owners_who_unmake_each_other_at_once_leave_one(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U1", "role Ben owner").await;
    let elsewhere = |user: &str, channel: &str| {
        docket.slack.add_channel(channel, &["U1", "U2", crate::support::fake_slack::BOT]);
        crate::support::fake_slack::SlackUser { channel: channel.to_owned(), ..docket.user(user) }
    };
    docket.send(elsewhere("U1", "C11").slash("role Ben member", db.chance.now())).await;
    docket.send(elsewhere("U2", "C12").slash("role Ana member", db.chance.now())).await;
    let (one, two) = (&docket.app.worker, docket::jobs::worker::Worker::new(docket.app.desk.clone()));
    tokio::join!(one.drain(), two.drain());
    docket.run_jobs().await;
    let owners = db.store.read(docket.app.tenant).await.unwrap().owners().await.unwrap();
    assert_eq!(owners.len(), 1, "{owners:?}");
}

async fn viewers_guests_and_bots_read_and_change_nothing(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "edit rename 1 to Agree on the rules").await;
    make(&docket, "Ben", Role::Viewer).await;
    docket.slack.add_user("U4", "Cy", &json!({ "is_bot": true }));
    let before = docket.states().await;
    assert_eq!(before, ["applied", "proposed"]);
    for (user, why) in [("U2", "viewer"), ("U3", "guests"), ("U4", "bots")] {
        for line in [
            "plan Build a search page",
            "break AUTH-1",
            "template AUTH-1",
            "edit drop the last one",
            "done AUTH-1",
            "assign AUTH-1 to me",
            "due AUTH-1 tomorrow",
            "approve P-2",
            "reject P-2 no",
            "object P-2",
            "undo P-1",
            "routes forget all",
            "role me owner",
        ] {
            docket.slash(user, line).await;
            let told = docket.told(user);
            assert!(told.contains(why) || line.starts_with("role"), "{user} {line}: {told}");
            assert_eq!(docket.states().await, before, "{user} {line}");
        }
        docket.click(user, "patch.approve").await;
        assert!(docket.told(user).contains(why), "{}", docket.told(user));
        docket.mention(user, "mark AUTH-1 done").await;
        assert_eq!(docket.states().await, before, "{user}");
        let shown = docket.slash(user, "show AUTH").await.body;
        assert!(shown.contains("AUTH-1"), "{user} may look: {shown}");
    }
    assert!(docket.told("U2").contains("Ana can"), "it says who can help: {}", docket.told("U2"));
    assert_eq!(member(&docket, "Ben").await.role, Role::Viewer);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_guest_stays_one_while_slack_is_silent(db: &TestDb) {
    let docket = with_owner(db).await;
    docket.slash("U3", "plan Build a search page").await;
    assert_eq!(member(&docket, "Gus").await.standing, Standing::Guest);
    docket.slack.fail_next("users.info", Fault::Broken);
    docket.slash("U3", "plan Build a search page").await;
    assert!(docket.told("U3").contains("guests can't change anything"), "{}", docket.told("U3"));
    assert!(docket.states().await.is_empty());
}

async fn whoami_says_the_role_and_what_it_lets_do(db: &TestDb) {
    let docket = with_owner(db).await;
    let said = docket.slash("U1", "whoami").await.body;
    assert!(said.contains("owner of this Docket") && said.contains("You give roles"), "{said}");
    make(&docket, "Ben", Role::Viewer).await;
    let said = docket.slash("U2", "whoami").await.body;
    assert!(said.contains("viewer") && said.contains("change nothing"), "{said}");
}

async fn whoami_says_which_accounts_were_linked(db: &TestDb) {
    let docket = with_owner(db).await;
    let ana = member(&docket, "Ana").await.id;
    let linked_at = db.chance.now();
    let (realm, subject) = ("https://github.com".to_owned(), "583231".to_owned());
    let login = Login { party: Party::GitHub, realm, subject, member: ana, name: "ana-dev".to_owned(), linked_at };
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    tx.put_login(&login).await.unwrap();
    tx.commit().await.unwrap();
    let day = linked_at.to_utc().format("%-d %b");
    let said = docket.slash("U1", "whoami").await.body;
    assert!(said.contains("GitHub: ") && said.contains("ana-dev") && said.contains(&format!("linked {day}")), "{said}");
    let said = docket.slash("U2", "whoami").await.body;
    assert!(!said.contains("ana-dev"), "{said}");
}
