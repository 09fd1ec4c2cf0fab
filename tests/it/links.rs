//! Projects and their repositories, as people link them in Slack and in the console.

use docket::{
    domain::{
        announce::Topic,
        ids::ProjectId,
        project::ProjectKey,
        provider::Provider,
        task::TaskNumber,
        tracker::{Presence, PullState, Repository, RepositoryId},
    },
    store::{PullTask, Tx},
};
use serde_json::{Value, json};

use crate::support::{
    app::{TestApp, words},
    clock::START,
    db::{TestDb, for_each_db},
    fake_slack::Shown,
    sample::{self, trackers},
};

for_each_db! {
    a_project_is_linked_by_name_and_by_address_and_the_trail_says_so,
    what_nobody_can_see_is_told_with_what_is_near,
    somebody_types_into_the_menu_and_chooses,
    the_menu_is_for_whoever_slack_vouches_for,
    repositories_are_listed_with_what_they_are_good_for,
    viewers_and_guests_link_nothing,
    the_channel_is_told_what_people_choose,
    whoever_wants_it_is_mentioned,
    pull_requests_are_listed_with_what_they_wait_for,
    a_channel_that_means_no_project_is_asked_which,
}

/// Docket with the project AUTH in the channel.
async fn house(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket
}

/// The same with repositories of these names, numbered from 700.
async fn with_repositories<'a>(db: &'a TestDb, names: &[&str]) -> TestApp<'a> {
    let docket = house(db).await;
    see(&docket, names).await;
    docket
}

/// Lets the tenant's connection see repositories of these names, numbered from 700.
async fn see(docket: &TestApp<'_>, names: &[&str]) {
    let mut tx = write(docket).await;
    let by = tx.members().await.unwrap()[0].id;
    let connection = sample::connection(&docket.db.chance, Provider::GitHub, "1", by);
    tx.put_connection(&connection).await.unwrap();
    for (number, name) in (700..).zip(names) {
        let mut repository = trackers::repository(connection.id);
        repository.seen.id = RepositoryId(number);
        (*name).clone_into(&mut repository.seen.full_name);
        tx.put_repository(&repository).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn write(docket: &TestApp<'_>) -> Tx {
    docket.db.store.write(docket.app.tenant).await.unwrap()
}

async fn auth(docket: &TestApp<'_>) -> ProjectId {
    let key: ProjectKey = "AUTH".parse().unwrap();
    write(docket).await.project_by_key(&key).await.unwrap().unwrap().id
}

async fn linked(docket: &TestApp<'_>) -> Vec<String> {
    let project = auth(docket).await;
    let found = write(docket).await.repositories_linked_to(project).await.unwrap();
    found.iter().map(|one| one.name().to_owned()).collect()
}

/// Types a question and reads the answer in the acknowledgement.
async fn asked(docket: &TestApp<'_>, user: &str, line: &str) -> String {
    let answer = docket.slash(user, line).await.json();
    docket.slack.keep(&answer);
    words(&answer)
}

async fn a_project_is_linked_by_name_and_by_address_and_the_trail_says_so(db: &TestDb) {
    let docket = with_repositories(db, &["acme/web", "acme/api"]).await;
    docket.slash("U1", "link AUTH acme/web").await;
    assert!(docket.told("U1").starts_with("AUTH is linked to acme/web."), "{}", docket.told("U1"));
    docket.slash("U1", "link <https://github.com/Acme/API.git>").await;
    assert!(docket.told("U1").starts_with("AUTH is linked to acme/api, besides acme/web."), "{}", docket.told("U1"));
    docket.slash("U2", "link AUTH web").await;
    assert_eq!(docket.told("U2"), "AUTH is linked to acme/web already.");
    assert_eq!(linked(&docket).await, ["acme/api", "acme/web"]);

    docket.slash("U1", "unlink AUTH acme/api").await;
    assert!(docket.told("U1").starts_with("AUTH is no longer linked to acme/api."), "{}", docket.told("U1"));
    docket.slash("U1", "unlink AUTH acme/api").await;
    assert_eq!(docket.told("U1"), "AUTH is not linked to acme/api. It is linked to acme/web.");
    assert_eq!(linked(&docket).await, ["acme/web"]);

    let project = auth(&docket).await;
    let trail = write(&docket).await.audit_of(&project.to_string(), 9).await.unwrap();
    let mut actions: Vec<_> = trail.iter().map(|entry| (entry.action.clone(), entry.after.clone())).collect();
    actions.retain(|(action, _)| action.starts_with("repository."));
    actions.sort_by_key(|(action, after)| (action.clone(), after.to_string()));
    assert_eq!(
        actions,
        [
            ("repository.linked".to_owned(), json!({ "name": "acme/api", "repository": 701 })),
            ("repository.linked".to_owned(), json!({ "name": "acme/web", "repository": 700 })),
            ("repository.unlinked".to_owned(), Value::Null),
        ]
    );
    assert_eq!(docket.slack.problems(), [] as [String; 0]);
}

async fn what_nobody_can_see_is_told_with_what_is_near(db: &TestDb) {
    let docket = with_repositories(db, &["acme/web", "other/web", "acme/gone"]).await;
    let mut tx = write(&docket).await;
    let gone = tx.repository(RepositoryId(702)).await.unwrap().unwrap();
    let trouble = Some(("it was deleted at GitHub".to_owned(), START));
    tx.put_repository(&Repository { presence: Presence::Missing, trouble, ..gone }).await.unwrap();
    tx.commit().await.unwrap();
    docket.slash("U1", "link AUTH acme/wbe").await;
    let told = docket.told("U1");
    assert!(told.starts_with("I can't see acme/wbe. Near to that: acme/web and other/web."), "{told}");
    assert!(told.contains("page Connect"), "{told}");

    docket.slash("U1", "link AUTH web").await;
    assert!(docket.told("U1").starts_with("Which repository do you mean?"), "{}", docket.told("U1"));
    docket.press_private("U1", "say.1").await;
    assert_eq!(linked(&docket).await, ["other/web"]);

    docket.slash("U1", "link AUTH acme/gone").await;
    let told = docket.told("U1");
    assert!(told.starts_with("acme/gone is missing, so it can't be linked: it was deleted at GitHub."), "{told}");
    assert_eq!(linked(&docket).await, ["other/web"]);
    assert_eq!(docket.slack.problems(), [] as [String; 0]);
}

/// The answer to a command as its reader sees it.
fn ephemeral(answer: Value) -> Shown {
    Shown {
        channel: "C1".to_owned(),
        ts: "99.1".to_owned(),
        thread: None,
        only_for: Some("U1".to_owned()),
        payload: answer,
        updates: 0,
    }
}

async fn somebody_types_into_the_menu_and_chooses(db: &TestDb) {
    let names: Vec<String> =
        (0..150).map(|n| format!("acme/shop-{n:03}")).chain(["acme/auth_service".into()]).collect();
    let docket = with_repositories(db, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let shown = ephemeral(docket.slash("U1", "link AUTH").await.json());
    docket.slack.keep(&shown.payload);
    let said = words(&shown.payload);
    assert!(said.starts_with("Which repository does AUTH happen in?") && said.contains("acme/auth_service"), "{said}");

    let offered = async |typed: &str| {
        let ack = docket.send(docket.user("U1").type_into(&shown, "pick.link AUTH", typed, db.chance.now())).await;
        assert_eq!(ack.status, 200, "{}", ack.body);
        ack.json()["options"].as_array().unwrap().clone()
    };
    assert_eq!(offered("").await.len(), 100);
    let texts = |options: &[Value]| options.iter().map(|o| o["text"]["text"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&offered("SHOP-14").await)[..2], ["acme/shop-140", "acme/shop-141"]);
    assert_eq!(texts(&offered("h_s").await), ["acme/auth_service"], "an underscore is no wildcard");
    assert_eq!(offered("%").await, [] as [Value; 0]);
    assert_eq!(offered("no such").await, [] as [Value; 0]);

    let option = offered("auth_").await.remove(0);
    docket.act(docket.user("U1").choose(&shown, "pick.link AUTH", &option, db.chance.now())).await;
    assert_eq!(linked(&docket).await, ["acme/auth_service"]);
    assert!(docket.told("U1").starts_with("AUTH is linked to acme/auth_service."), "{}", docket.told("U1"));
    assert_eq!(docket.slack.problems(), [] as [String; 0]);
}

async fn the_menu_is_for_whoever_slack_vouches_for(db: &TestDb) {
    let docket = with_repositories(db, &["acme/web"]).await;
    let shown = ephemeral(docket.slash("U1", "link AUTH").await.json());
    let mut forged = docket.user("U1").type_into(&shown, "pick.link AUTH", "", db.chance.now());
    forged.header("x-slack-signature").push('0');
    let ack = docket.send(forged).await;
    assert_eq!(ack.status, 401);
    assert!(!ack.body.contains("acme"), "{}", ack.body);
    // Somebody of another organisation, and of one that nobody connected.
    let (_, zoe) = docket.second_tenant().await;
    for team in ["T2", "T77"] {
        let mut zoe = zoe.clone();
        team.clone_into(&mut zoe.team);
        let ack = docket.send(zoe.type_into(&shown, "pick.link AUTH", "", db.chance.now())).await;
        assert_eq!((ack.status.as_u16(), ack.json()), (200, json!({ "options": [] })), "{team}");
    }
}

async fn repositories_are_listed_with_what_they_are_good_for(db: &TestDb) {
    let docket = house(db).await;
    let answer = asked(&docket, "U1", "repos").await;
    assert!(answer.contains("connect GitHub on the page Connect"), "{answer}");
    see(&docket, &["acme/web", "acme/api"]).await;
    docket.slash("U1", "link AUTH acme/web").await;
    let answer = asked(&docket, "U3", "repos").await;
    assert!(answer.contains("acme/web · private · linked to AUTH"), "{answer}");
    let answer = asked(&docket, "U1", "repos ap").await;
    assert!(answer.contains("acme/api") && !answer.contains("acme/web"), "{answer}");
    let answer = asked(&docket, "U1", "show AUTH").await;
    assert!(answer.contains("acme/web"), "{answer}");
}

async fn viewers_and_guests_link_nothing(db: &TestDb) {
    let docket = with_repositories(db, &["acme/web"]).await;
    for line in ["link AUTH acme/web", "github events AUTH reviews off", "github mute AUTH label:wip"] {
        docket.slash("U3", line).await;
        assert!(docket.told("U3").contains("guest"), "{line}: {}", docket.told("U3"));
    }
    assert_eq!(linked(&docket).await, [] as [String; 0]);
    let project = auth(&docket).await;
    assert_eq!(write(&docket).await.announce(project).await.unwrap(), docket::domain::announce::Announce::default());
}

async fn the_channel_is_told_what_people_choose(db: &TestDb) {
    let docket = with_repositories(db, &["acme/web"]).await;
    docket.slash("U1", "link AUTH acme/web").await;
    docket.slash("U1", "github events AUTH comments reviews off every on").await;
    assert_eq!(docket.told("U1"), "The channel of AUTH is told every, and no longer comments or reviews.");
    docket.slash("U1", "github mute AUTH label:Do not merge").await;
    assert!(docket.told("U1").contains("with the label do not merge"), "{}", docket.told("U1"));
    docket.slash("U1", "github mute acme/web").await;
    docket.slash("U1", "github mute acme/web").await;
    assert!(docket.told("U1").starts_with("That is so already."), "{}", docket.told("U1"));
    docket.slash("U1", "github mute acme/other").await;
    assert_eq!(docket.told("U1"), "AUTH is not linked to acme/other. It is linked to acme/web.");
    let answer = asked(&docket, "U2", "github events AUTH").await;
    for part in ["off comments", "on every", "on checks", "Nothing is told of acme/web and label:do not merge."] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let project = auth(&docket).await;
    let announce = write(&docket).await.announce(project).await.unwrap();
    assert!(announce.tells(Topic::Every) && !announce.tells(Topic::Comments));
    docket.slash("U1", "github unmute AUTH label:do not merge").await;
    docket.slash("U1", "github unmute AUTH acme/web").await;
    docket.slash("U1", "github events AUTH comments reviews on every off").await;
    assert_eq!(write(&docket).await.announce(project).await.unwrap(), docket::domain::announce::Announce::default());
    assert_eq!(docket.slack.problems(), [] as [String; 0]);
}

async fn whoever_wants_it_is_mentioned(db: &TestDb) {
    let docket = house(db).await;
    docket.slash("U1", "github mentions on").await;
    assert!(docket.told("U1").contains("link it on the page Connect"), "{}", docket.told("U1"));
    let mut tx = write(&docket).await;
    let ana = tx.members().await.unwrap().into_iter().find(|member| member.name == "Ana").unwrap();
    assert!(tx.wants_mentions(ana.id).await.unwrap());
    drop(tx);
    docket.slash("U1", "github mentions off").await;
    assert_eq!(docket.told("U1"), "You are not mentioned.");
    assert!(!write(&docket).await.wants_mentions(ana.id).await.unwrap());
}

async fn pull_requests_are_listed_with_what_they_wait_for(db: &TestDb) {
    let docket = house(db).await;
    assert!(asked(&docket, "U1", "prs").await.contains("connect GitHub"));
    see(&docket, &["acme/web"]).await;
    let answer = asked(&docket, "U1", "prs AUTH").await;
    assert_eq!(answer, "AUTH is linked to no repository yet. Try /docket link AUTH");
    docket.slash("U1", "link AUTH acme/web").await;
    assert!(asked(&docket, "U1", "prs AUTH").await.contains("No pull request is open"));

    let (now, project) = (db.chance.now(), auth(&docket).await);
    let mut tx = write(&docket).await;
    let mut pull = trackers::pull(7, "Sign in", now);
    pull.reviewers.insert(12, (trackers::account(12, "ben-gh"), now.minus(std::time::Duration::from_hours(50))));
    tx.put_pull(&pull).await.unwrap();
    let (task, is_closing) = (TaskNumber(1), true);
    let link = PullTask { pull: pull.at, project, task, is_closing, proposed: None, patch: None };
    tx.put_pull_task(&link).await.unwrap();
    let mut merged = trackers::pull(5, "Sign out", now);
    (merged.state, merged.ended_at) = (PullState::Merged, Some(now));
    tx.put_pull(&merged).await.unwrap();
    let mut remark = trackers::remark(5, "Looks right.");
    remark.at = now;
    tx.put_remark(&remark).await.unwrap();
    tx.commit().await.unwrap();
    let answer = asked(&docket, "U1", "prs").await;
    for part in [
        "AUTH · 1 pull request open",
        "Waiting for a review",
        "#7 Sign in",
        "AUTH-1",
        "waits for ben-gh (two days ago)",
        "Merged in the last 24 hours",
        "#5 Sign out",
        "Looks right.",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let shown = asked(&docket, "U1", "show AUTH-1").await;
    assert!(shown.contains("#7 Sign in"), "{shown}");
    assert_eq!(docket.slack.problems(), [] as [String; 0]);
}

async fn a_channel_that_means_no_project_is_asked_which(db: &TestDb) {
    let docket = with_repositories(db, &["acme/web"]).await;
    let mut tx = write(&docket).await;
    let other = sample::project(&db.chance, "SHOP");
    tx.insert_project(&other, TaskNumber(1), START).await.unwrap();
    tx.commit().await.unwrap();
    docket.slack.add_channel("C9", &["U1", crate::support::fake_slack::BOT]);
    let mut ana = docket.user("U1");
    "C9".clone_into(&mut ana.channel);
    docket.act(ana.slash("link acme/web", db.chance.now())).await;
    assert!(docket.told("U1").starts_with("Which project do you mean?"), "{}", docket.told("U1"));
    docket.press_private("U1", "say.0").await;
    assert_eq!(linked(&docket).await, ["acme/web"]);
}
