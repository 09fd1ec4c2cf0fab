//! Signing in with a real OpenID Connect provider, oidc-provider.

use std::time::Duration;

use axum::http::{StatusCode, header};
use docket::{
    config::OidcConfig,
    connect::{http::Http, oidc::Oidc},
    domain::member::Role,
    web::Ways,
};

use serde_json::{Value, json};
use url::Url;

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    fake_issuer::{FakeIssuer, Signed},
    oidc_peer::OidcPeer,
    site::Site,
    visitor::Visitor,
};

for_each_db!(
    the_first_to_sign_in_owns_the_server_and_others_are_members,
    a_code_that_was_used_is_refused_by_the_provider_itself,
    an_account_is_added_to_a_member_and_never_taken_from_another,
    a_provider_that_is_not_the_one_set_up_is_not_believed,
    keys_may_change_but_only_the_providers_own_sign,
);

const CALLBACK: &str = "https://docket.example.com/oauth/oidc/callback";

struct Scene {
    site: Site,
    peer: OidcPeer,
    ways: Ways,
}

impl Scene {
    /// `None` where the provider is not installed.
    async fn new(db: &TestDb) -> Option<Self> {
        let peer = OidcPeer::start(CALLBACK)?;
        let site = Site::over(db).await;
        // The provider has the time of the machine.
        db.clock.advance(docket::clock::Chance::system().now().since(site.chance.now().max(START)));
        let ways = Ways { slack: None, oidc: Some(oidc(&site, peer.config())) };
        Some(Self { site, peer, ways })
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(self.site.public(&self.ways))
    }

    /// Signs in as somebody; the address that the provider led back by.
    async fn sign_in(&self, visitor: &Visitor, login: &str) -> String {
        let start = visitor.get("/oauth/oidc/start?next=%2Fprojects").await;
        assert_eq!(start.status, StatusCode::SEE_OTHER, "{}", start.body);
        let back = self.peer.agree(start.header(header::LOCATION), login).await;
        let done = visitor.get(&back).await;
        assert_eq!((done.status, done.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/projects"), "{}", done.body);
        back
    }
}

fn oidc(site: &Site, config: OidcConfig) -> Oidc {
    Oidc::new(config, CALLBACK.to_owned(), Http::new().unwrap(), site.chance.clone())
}

async fn the_first_to_sign_in_owns_the_server_and_others_are_members(db: &TestDb) {
    let Some(scene) = Scene::new(db).await else { return };
    let (ana, ben) = (scene.visitor(), scene.visitor());
    assert!(ana.get("/login").await.body.contains("Sign in with 127.0.0.1"));
    scene.sign_in(&ana, "ana").await;
    scene.sign_in(&ben, "ben").await;
    assert_eq!((ana.name().await.as_deref(), ben.name().await.as_deref()), (Some("Ana"), Some("Ben")));
    // Whoever comes again, from another browser too, is the same member.
    scene.sign_in(&scene.visitor(), "ana").await;
    let members = scene.site.store.read(scene.site.tenant).await.unwrap().members().await.unwrap();
    let roles: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.role)).collect();
    assert_eq!(roles, [("Ana", Role::Owner), ("Ben", Role::Member), ("Local owner", Role::Owner)]);
    assert!(ana.get("/sessions").await.body.contains("with OpenID Connect"));
}

async fn a_code_that_was_used_is_refused_by_the_provider_itself(db: &TestDb) {
    let Some(scene) = Scene::new(db).await else { return };
    let visitor = scene.visitor();
    let used = scene.sign_in(&visitor, "ana").await;
    let code = used.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let thief = scene.visitor();
    let start = thief.get("/oauth/oidc/start").await;
    let state = start.header(header::LOCATION).split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let page = thief.get(&format!("/oauth/oidc/callback?code={code}&state={state}")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("the provider refused: invalid_grant"), "{}", page.body);
    // An answer that says it comes from somebody else is not even asked about.
    let start = thief.get("/oauth/oidc/start").await;
    let back = scene.peer.agree(start.header(header::LOCATION), "ben").await;
    let (before, _) = back.split_once("&iss=").unwrap();
    let mixed = thief.get(&format!("{before}&iss=https%3A%2F%2Fevil.example")).await;
    assert!(mixed.body.contains("issued by somebody else"), "{}", mixed.body);
    assert_eq!(thief.name().await, None);
}

async fn an_account_is_added_to_a_member_and_never_taken_from_another(db: &TestDb) {
    let Some(scene) = Scene::new(db).await else { return };
    scene.sign_in(&scene.visitor(), "ben").await;
    let ana = scene.site.join(scene.site.tenant, "Ana of Slack").await;
    scene.site.ticket(scene.site.tenant, ana.id, "link-1").await;
    let visitor = scene.visitor();
    visitor.post("/ticket/link-1", &[]).await;
    let link = async |login: &str| {
        let page = visitor.post("/oauth/oidc/start", &[("purpose", "link")]).await.body;
        let address = page.split("id=\"go-on\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let back = scene.peer.agree(&address.replace("&#38;", "&").replace("&amp;", "&"), login).await;
        visitor.get(&back).await
    };
    let taken = link("ben").await;
    assert!(taken.status == StatusCode::BAD_REQUEST && taken.body.contains("another member"), "{}", taken.body);
    let page = visitor.get("/sessions").await.body;
    assert!(page.contains("Add your account at 127.0.0.1"), "{page}");
    let page = visitor.get("/connect").await.body;
    assert!(page.contains("Link my account at 127.0.0.1"), "{page}");
    assert_eq!(link("ana").await.header(header::LOCATION), "/sessions");
    let page = visitor.get("/sessions").await.body;
    assert!(page.contains("Your logins") && !page.contains("Add your account"), "{page}");
    assert!(!visitor.get("/connect").await.body.contains("Link my account"));
    // From now on it leads to the same member.
    let elsewhere = scene.visitor();
    scene.sign_in(&elsewhere, "ana").await;
    assert_eq!(elsewhere.name().await.as_deref(), Some("Ana of Slack"));
    // The people of another tenant are not the server's own.
    let other = scene.site.of_new_tenant().await;
    let zoe = other.join(other.tenant, "Zoe").await;
    scene.site.ticket(other.tenant, zoe.id, "link-2").await;
    visitor.post("/ticket/link-2", &[]).await;
    let page = link("zoe").await;
    assert!(page.status == StatusCode::BAD_REQUEST && page.body.contains("who run this server"), "{}", page.body);
    assert!(!visitor.get("/sessions").await.body.contains("Add your account"));
    assert!(!visitor.get("/connect").await.body.contains("Link my account"));
}

async fn a_provider_that_is_not_the_one_set_up_is_not_believed(db: &TestDb) {
    let Some(scene) = Scene::new(db).await else { return };
    let start = async |config: OidcConfig| {
        let ways = Ways { slack: None, oidc: Some(oidc(&scene.site, config)) };
        Visitor::new(scene.site.public(&ways)).get("/oauth/oidc/start").await
    };
    let issuer = scene.peer.config().issuer;
    let other = start(OidcConfig { issuer: format!("{issuer}/"), ..scene.peer.config() }).await;
    assert!(other.body.contains("not what OIDC_ISSUER names"), "{}", other.body);
    let nobody = start(OidcConfig { issuer: "http://127.0.0.1:9".to_owned(), ..scene.peer.config() }).await;
    assert!(nobody.body.contains("the provider can&#39;t be reached: the connection failed"), "{}", nobody.body);
    // With a wrong secret everything goes well until the code is traded.
    let ways = Ways {
        slack: None,
        oidc: Some(oidc(&scene.site, OidcConfig { client_secret: "wrong".into(), ..scene.peer.config() })),
    };
    let visitor = Visitor::new(scene.site.public(&ways));
    let begun = visitor.get("/oauth/oidc/start").await;
    let page = visitor.get(&scene.peer.agree(begun.header(header::LOCATION), "ana").await).await;
    assert!(page.body.contains("the provider refused: invalid_client"), "{}", page.body);
    // A statement of the past is none of now.
    let begun = scene.visitor();
    let start = begun.get("/oauth/oidc/start").await;
    let back = scene.peer.agree(start.header(header::LOCATION), "ana").await;
    db.clock.advance(Duration::from_mins(9));
    assert_eq!(begun.get(&back).await.status, StatusCode::SEE_OTHER);
}

async fn keys_may_change_but_only_the_providers_own_sign(db: &TestDb) {
    let site = Site::over(db).await;
    let issuer = FakeIssuer::start().await;
    let ways = Ways { slack: None, oidc: Some(oidc(&site, issuer.config())) };
    let visitor = Visitor::new(site.public(&ways));
    let sign_in = async |signed: Signed, more: Value| {
        let start = visitor.get("/oauth/oidc/start").await;
        let asked = Url::parse(start.header(header::LOCATION)).unwrap();
        let of = |name: &str| asked.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        let now = site.chance.now().as_millis() / 1000;
        let mut claims = json!({ "nonce": of("nonce"), "iat": now, "exp": now + 300 });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        issuer.state(signed, claims);
        visitor.get(&format!("/oauth/oidc/callback?code=c&state={}", of("state"))).await
    };
    let is_in = async |signed: Signed| {
        let page = sign_in(signed, json!({})).await;
        visitor.post("/signout", &[]).await;
        page.status == StatusCode::SEE_OTHER
    };
    assert!(is_in(Signed::Key(0)).await);
    for forged in [Signed::KeyAs(1, 0), Signed::Secret, Signed::Not] {
        assert!(!is_in(forged).await, "{forged:?}");
    }
    // A key that nobody published makes the keys be read again, though not each time.
    db.clock.advance(Duration::from_secs(31));
    let before = issuer.asked_for_keys();
    for _ in 0..3 {
        assert!(!is_in(Signed::Key(1)).await);
    }
    assert_eq!(issuer.asked_for_keys(), before + 1);
    db.clock.advance(Duration::from_secs(31));
    issuer.publish(&[1]);
    assert!(is_in(Signed::Key(1)).await, "the key was changed");
    assert!(!is_in(Signed::Key(0)).await, "the old one signs no more");
    let old = site.chance.now().as_millis() / 1000 - 61;
    for (claims, why) in [
        (json!({ "nonce": "x" }), "another sign-in"),
        (json!({ "aud": "else" }), "another program"),
        (json!({ "aud": ["docket", "else"], "azp": "else" }), "another program"),
        (json!({ "iss": "https://evil.example" }), "somebody else"),
        (json!({ "exp": old }), "too old"),
        (json!({ "iat": old + 200 }), "too old"),
        (json!({ "sub": 7 }), "of no form"),
    ] {
        let page = sign_in(Signed::Key(1), claims.clone()).await;
        assert!(page.status == StatusCode::BAD_REQUEST && page.body.contains(why), "{claims}: {}", page.body);
    }
    assert_eq!(visitor.session(), None);
    assert!(
        !sign_in(Signed::Key(1), json!({ "aud": ["docket", "else"], "azp": "docket" }))
            .await
            .body
            .contains("Not signed in")
    );
}
