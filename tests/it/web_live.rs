//! The stream that tells open pages to read themselves again.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, StatusCode, header},
};
use docket::{
    domain::card::{Entry, EntryContent},
    web::Ways,
};
use futures_util::StreamExt;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::{
    db::{TestDb, for_each_db},
    site::Site,
    visitor::Visitor,
};

async fn listen(site: &Site) -> BodyDataStream {
    let request = Request::get("/live").header(header::HOST, "localhost").body(Body::empty()).unwrap();
    let answer = site.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    answer.into_body().into_data_stream()
}

/// The next piece of the stream; `None` where it ended.
async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let piece = timeout(Duration::from_secs(10), stream.next()).await.unwrap()?;
    Some(String::from_utf8(piece.unwrap().to_vec()).unwrap())
}

async fn say(site: &Site, words: &str) {
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let content = EntryContent::Said { by: "you".to_owned(), words: words.to_owned() };
    tx.append_entry(&Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), reader: None, content })
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

for_each_db!(
    every_change_is_told_without_saying_what_it_was,
    what_another_tenant_changes_is_not_told,
    a_stream_ends_with_the_session_that_opened_it,
    an_open_stream_ends_when_docket_stops,
);

async fn every_change_is_told_without_saying_what_it_was(db: &TestDb) {
    let site = Site::over(db).await;
    let mut stream = listen(&site).await;
    for id in 1..3 {
        say(&site, "the secret plan").await;
        let told = next(&mut stream).await.unwrap();
        assert!(told.contains("event: changed") && told.contains(&format!("id: {id}\n")), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
}

async fn an_open_stream_ends_when_docket_stops(db: &TestDb) {
    let site = Site::over(db).await;
    let mut stream = listen(&site).await;
    site.stopping.cancel();
    // On PostgreSQL the news of how the database was made may still be under way.
    while let Some(told) = next(&mut stream).await {
        assert!(told.contains("event: changed"), "{told}");
    }
}

async fn what_another_tenant_changes_is_not_told(db: &TestDb) {
    let site = Site::over(db).await;
    let other = site.of_new_tenant().await;
    let mut stream = listen(&site).await;
    // On PostgreSQL the news of how the database was made may still be under way.
    while timeout(Duration::from_millis(500), stream.next()).await.is_ok() {}
    say(&other, "of another tenant").await;
    assert!(timeout(Duration::from_secs(2), stream.next()).await.is_err(), "another tenant's change was told");
    say(&site, "of our own").await;
    assert!(next(&mut stream).await.unwrap().contains("event: changed"));
}

async fn a_stream_ends_with_the_session_that_opened_it(db: &TestDb) {
    let site = Site::over(db).await;
    let ana = site.join(site.tenant, "Ana").await;
    site.ticket(site.tenant, ana.id, "link-1").await;
    let visitor = Visitor::new(site.public(&Ways::default()));
    visitor.post("/ticket/link-1", &[]).await;
    let request = Request::get("/live")
        .header(header::HOST, "docket.example.com")
        .header(header::COOKIE, format!("__Host-docket={}", visitor.session().unwrap()));
    let answer = site.public(&Ways::default()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let mut stream = answer.into_body().into_data_stream();
    visitor.post("/signout", &[]).await;
    say(&site, "for those who are here").await;
    while let Some(told) = next(&mut stream).await {
        assert!(told.contains("alive") || told.contains("changed"), "{told}");
    }
}
