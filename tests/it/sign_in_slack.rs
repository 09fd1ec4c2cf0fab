//! Signing in with Slack, and what people try who want in as somebody else.

use std::time::Duration;

use axum::http::{StatusCode, header};
use docket::{
    connect::slack_login::SlackLogin,
    domain::{
        ids::TenantId,
        member::{Identity, Role, Standing, Surface},
        tenant::Installation,
    },
    web::Ways,
};
use serde_json::json;

use crate::support::{
    db::{TestDb, for_each_db},
    fake_openid::{CLIENT, FakeOpenId, Person},
    sample,
    site::{PUBLIC, Page, Site},
    visitor::Visitor,
};

for_each_db!(
    a_member_signs_in_with_slack_and_lands_where_they_wanted_to_go,
    somebody_new_reads_until_slack_was_asked_who_they_are,
    two_workspaces_sign_in_side_by_side_and_see_their_own,
    whoever_is_in_an_organisation_is_one_member_whatever_workspace_they_sign_in_with,
    a_workspace_without_docket_is_told_to_add_it,
    a_state_that_is_forged_used_late_or_of_another_browser_is_not_taken,
    a_code_that_is_put_into_somebody_elses_flow_is_refused,
    what_slack_states_for_another_question_is_not_believed,
    who_is_deactivated_does_not_get_in_by_slack_either,
    a_slack_account_is_added_by_whoever_is_signed_in_but_never_taken_from_another,
    a_provider_that_says_no_leaks_nothing,
);

const CALLBACK: &str = "https://docket.example.com/oauth/slack/callback";
const ANA: Person = Person { team: "T1", organisation: None, user: "U1", name: "Ana" };
const BEN: Person = Person { team: "T1", organisation: None, user: "U2", name: "Ben" };
const ZOE: Person = Person { team: "T2", organisation: None, user: "U9", name: "Zoe" };

struct Scene {
    site: Site,
    slack: FakeOpenId,
    ways: Ways,
}

impl Scene {
    async fn new(db: &TestDb) -> Self {
        let site = Site::over(db).await;
        let slack = FakeOpenId::start(CALLBACK, site.chance.now(), ANA).await;
        let (http, chance) = (docket::connect::http::Http::new().unwrap(), site.chance.clone());
        let (id, secret) = CLIENT;
        let login = SlackLogin::new(id.to_owned(), secret.into(), &slack.api_url(), CALLBACK.to_owned(), http, chance);
        let scene = Self { site, slack, ways: Ways { slack: Some(login), oidc: None } };
        scene.install(scene.site.tenant, "T1").await;
        scene
    }

    async fn install(&self, tenant: TenantId, team: &str) {
        let (name, bot_user) = (format!("Workspace {team}"), "UDOCKET".to_owned());
        let mut tx = self.site.store.write(tenant).await.unwrap();
        let installation =
            Installation { surface: Surface::Slack, team: team.to_owned(), name, bot_user, removed: None };
        tx.put_installation(&installation).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn know(&self, tenant: TenantId, person: &Person, standing: Standing) {
        let member = docket::domain::member::Member { standing, ..sample::member(&self.site.chance, person.name) };
        let mut tx = self.site.store.write(tenant).await.unwrap();
        tx.put_member(&member, &identity(person)).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(self.site.public(&self.ways))
    }

    /// Presses the button and agrees at Slack: where that leads back to.
    async fn agree(&self, visitor: &Visitor) -> String {
        let to_slack = visitor.get("/oauth/slack/start").await;
        assert_eq!(to_slack.status, StatusCode::SEE_OTHER, "{}", to_slack.body);
        self.slack.agree(to_slack.header(header::LOCATION)).await
    }
}

fn identity(person: &Person) -> Identity {
    Identity { surface: Surface::Slack, team: person.team.to_owned(), user: person.user.to_owned() }
}

/// Whether somebody was turned away with these words, and got nothing else.
fn refused(page: &Page, words: &str) {
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.body);
    assert!(page.body.contains(words), "{words}: {}", page.body);
    assert!(page.headers.get(header::SET_COOKIE).is_none());
}

async fn a_member_signs_in_with_slack_and_lands_where_they_wanted_to_go(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.know(scene.site.tenant, &ANA, Standing::Full).await;
    let visitor = scene.visitor();
    let asked = visitor.get("/projects?x=1").await;
    let login = visitor.get(asked.header(header::LOCATION)).await.body;
    let start = login.split("id=\"with-slack\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let to_slack = visitor.get(start).await;
    let back = scene.slack.agree(to_slack.header(header::LOCATION)).await;
    let done = visitor.get(&back).await;
    assert_eq!((done.status, done.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/projects?x=1"), "{}", done.body);
    assert_eq!(visitor.name().await.as_deref(), Some("Ana"));
    assert!(visitor.get("/sessions").await.body.contains("with Slack"));
    assert_eq!(scene.site.store.read(scene.site.tenant).await.unwrap().members().await.unwrap().len(), 2);
}

async fn somebody_new_reads_until_slack_was_asked_who_they_are(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.visitor();
    visitor.get(&scene.agree(&visitor).await).await;
    assert_eq!(visitor.name().await.as_deref(), Some("Ana"));
    let mut tx = scene.site.store.read(scene.site.tenant).await.unwrap();
    let ana = tx.member_by_identity(&identity(&ANA)).await.unwrap().unwrap();
    assert_eq!((ana.role, ana.standing), (Role::Member, Standing::Unknown));
}

async fn two_workspaces_sign_in_side_by_side_and_see_their_own(db: &TestDb) {
    let scene = Scene::new(db).await;
    let other = scene.site.of_new_tenant().await;
    scene.install(other.tenant, "T2").await;
    crate::support::sample::acme::sample(&scene.site.chance).write(&scene.site.store, scene.site.tenant).await;
    let (ana, zoe) = (scene.visitor(), scene.visitor());
    let ana_back = scene.agree(&ana).await;
    scene.slack.set_person(ZOE);
    let zoe_back = scene.agree(&zoe).await;
    zoe.get(&zoe_back).await;
    ana.get(&ana_back).await;
    assert_eq!((ana.name().await.as_deref(), zoe.name().await.as_deref()), (Some("Ana"), Some("Zoe")));
    assert_eq!(ana.get("/projects/AUTH").await.status, StatusCode::OK);
    assert_eq!(zoe.get("/projects/AUTH").await.status, StatusCode::NOT_FOUND);
    // The same user id in another workspace is somebody else.
    scene.slack.set_person(Person { team: "T2", ..ANA });
    let namesake = scene.visitor();
    namesake.get(&scene.agree(&namesake).await).await;
    assert_eq!(namesake.get("/projects/AUTH").await.status, StatusCode::NOT_FOUND);
}

async fn whoever_is_in_an_organisation_is_one_member_whatever_workspace_they_sign_in_with(db: &TestDb) {
    let scene = Scene::new(db).await;
    let other = scene.site.of_new_tenant().await;
    scene.install(other.tenant, "E1").await;
    // The chat knows them by the organisation, in which the app is installed as a whole.
    scene.know(other.tenant, &Person { team: "E1", ..ZOE }, Standing::Full).await;
    for team in ["T2", "T3"] {
        scene.slack.set_person(Person { team, organisation: Some("E1"), ..ZOE });
        let visitor = scene.visitor();
        visitor.get(&scene.agree(&visitor).await).await;
        assert_eq!(visitor.name().await.as_deref(), Some("Zoe"));
    }
    let members = async |tenant| scene.site.store.read(tenant).await.unwrap().members().await.unwrap();
    let zoes = members(other.tenant).await.into_iter().filter(|member| member.name == "Zoe").count();
    assert_eq!(zoes, 1, "one person became several members");
    // A workspace of the organisation that has Docket itself stays that workspace, as it does for what is said there.
    scene.slack.set_person(Person { organisation: Some("E1"), ..ANA });
    let ana = scene.visitor();
    ana.get(&scene.agree(&ana).await).await;
    let mut tx = scene.site.store.read(scene.site.tenant).await.unwrap();
    assert!(tx.member_by_identity(&identity(&ANA)).await.unwrap().is_some());
}

async fn a_workspace_without_docket_is_told_to_add_it(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.slack.set_person(ZOE);
    let visitor = scene.visitor();
    refused(&visitor.get(&scene.agree(&visitor).await).await, "Add to Slack");
}

async fn a_state_that_is_forged_used_late_or_of_another_browser_is_not_taken(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.visitor();
    let forged = format!("/oauth/slack/callback?code=code-0&state={}", "A".repeat(43));
    for path in [forged.as_str(), "/oauth/slack/callback?code=code-0", "/oauth/slack/callback"] {
        refused(&visitor.get(path).await, "not started here");
    }
    // Of another browser: whoever sends somebody else the address that Slack gave them.
    let back = scene.agree(&visitor).await;
    let victim = scene.visitor();
    refused(&victim.get(&back).await, "another browser");
    refused(&visitor.get(&back).await, "not started here");
    // Also a browser that has a flow of its own.
    let back = scene.agree(&visitor).await;
    scene.agree(&victim).await;
    refused(&victim.get(&back).await, "another browser");
    // With another provider.
    let back = scene.agree(&visitor).await;
    refused(&visitor.get(&back.replace("/oauth/slack/", "/oauth/github/")).await, "another service");
    refused(&visitor.get(&back).await, "not started here");
    // Late.
    let back = scene.agree(&visitor).await;
    db.clock.advance(Duration::from_mins(10));
    refused(&visitor.get(&back).await, "ten minutes");
    // Used.
    let back = scene.agree(&visitor).await;
    scene.slack.forge(json!({ "exp": i64::MAX / 1000, "iat": 0 }));
    assert_eq!(visitor.get(&back).await.status, StatusCode::SEE_OTHER);
    refused(&visitor.get(&back).await, "not started here");
    assert_eq!(victim.session(), None);
}

async fn a_code_that_is_put_into_somebody_elses_flow_is_refused(db: &TestDb) {
    let scene = Scene::new(db).await;
    let (attacker, victim) = (scene.visitor(), scene.visitor());
    scene.slack.set_person(BEN);
    let stolen = scene.agree(&victim).await;
    let code = stolen.split("code=").nth(1).unwrap().split('&').next().unwrap();
    scene.slack.set_person(ANA);
    let own = scene.agree(&attacker).await;
    let (path, state) = own.split_once("&state=").unwrap();
    let injected = format!("{}={code}&state={state}", path.rsplit_once('=').unwrap().0);
    // The verifier of the attacker's flow does not fit the code of the victim's.
    refused(&attacker.get(&injected).await, "Slack refused: invalid_code_verifier");
    assert_eq!(attacker.name().await, None);
    // The state of the attacker's flow in the browser of the victim neither.
    let own = scene.agree(&attacker).await;
    refused(&victim.get(&own).await, "another browser");
    assert_eq!(victim.name().await, None);
}

async fn what_slack_states_for_another_question_is_not_believed(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.visitor();
    let past = scene.site.chance.now().as_millis() / 1000 - 120;
    for (claims, why) in [
        (json!({ "nonce": "another" }), "another sign-in"),
        (json!({ "iss": "https://evil.example" }), "issued by somebody else"),
        (json!({ "aud": "another client" }), "another program"),
        (json!({ "aud": [CLIENT.0, "another"] }), "another program"),
        (json!({ "azp": "another client" }), "another program"),
        (json!({ "exp": past }), "too old"),
        (json!({ "iat": past + 600 }), "too old"),
        (json!({ "sub": "U2" }), "another sign-in"),
    ] {
        scene.slack.forge(claims.clone());
        let page = visitor.get(&scene.agree(&visitor).await).await;
        refused(&page, why);
        assert_eq!(visitor.session(), None, "{claims}");
    }
}

async fn who_is_deactivated_does_not_get_in_by_slack_either(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.know(scene.site.tenant, &ANA, Standing::Gone).await;
    let visitor = scene.visitor();
    refused(&visitor.get(&scene.agree(&visitor).await).await, "deactivated");
}

async fn a_slack_account_is_added_by_whoever_is_signed_in_but_never_taken_from_another(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.know(scene.site.tenant, &BEN, Standing::Full).await;
    let ops = scene.site.join(scene.site.tenant, "Operator").await;
    scene.site.ticket(scene.site.tenant, ops.id, "link-1").await;
    let visitor = scene.visitor();
    visitor.post("/ticket/link-1", &[]).await;
    let link = async || {
        let page = visitor.post("/oauth/slack/start", &[("purpose", "link")]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let address = page.body.split("id=\"go-on\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        scene.slack.agree(&address.replace("&#38;", "&").replace("&amp;", "&")).await
    };
    scene.slack.set_person(BEN);
    refused(&visitor.get(&link().await).await, "another member");
    scene.slack.set_person(ANA);
    let back = link().await;
    // Whoever signs in meanwhile is not who asked.
    let other = scene.site.join(scene.site.tenant, "Somebody else").await;
    scene.site.ticket(scene.site.tenant, other.id, "link-2").await;
    visitor.post("/ticket/link-2", &[]).await;
    refused(&visitor.get(&back).await, "Somebody else is signed in now");
    scene.site.ticket(scene.site.tenant, ops.id, "link-3").await;
    visitor.post("/ticket/link-3", &[]).await;
    assert_eq!(visitor.get(&link().await).await.header(header::LOCATION), "/sessions");
    let mut tx = scene.site.store.read(scene.site.tenant).await.unwrap();
    assert_eq!(tx.member_by_identity(&identity(&ANA)).await.unwrap().unwrap().id, ops.id);
    // A link of another site starts nothing, and one without a session neither.
    assert_eq!(
        visitor.post_from_elsewhere("/oauth/slack/start", &[("purpose", "link")]).await.status,
        StatusCode::FORBIDDEN
    );
    let stranger = scene.visitor().post("/oauth/slack/start", &[("purpose", "link")]).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

async fn a_provider_that_says_no_leaks_nothing(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.visitor();
    let back = scene.agree(&visitor).await;
    let state = back.split("&state=").nth(1).unwrap();
    let denied =
        format!("/oauth/slack/callback?error=access_denied%3Cscript%3E&error_description=secret-words&state={state}");
    let page = visitor.get(&denied).await;
    refused(&page, "was not allowed");
    assert!(!page.body.contains("secret-words") && !page.body.contains("access_denied"), "{}", page.body);
    refused(&visitor.get(&back).await, "not started here");
    for path in ["/oauth/nobody/start", "/oauth/nobody/callback?state=x", "/oauth/coder/start", "/oauth/oidc/start"] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.body.contains(PUBLIC), "{path}");
    }
}
