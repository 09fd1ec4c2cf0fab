//! The doors for Slack: what bad, odd and repeated requests get.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{
    clock::START as NOW,
    db::{TestDb, for_each_db},
    fake_slack::{SlackUser, TEAM, signed},
    slack_house::{House, Reply, eventually},
};

for_each_db!(
    the_same_request_again_is_answered_200_and_nothing_else,
    what_is_not_signed_by_slack_now_is_refused_and_not_stored,
    a_body_over_one_mebibyte_is_too_large_however_it_comes,
    a_body_that_stops_coming_is_not_waited_for,
    what_is_signed_but_unreadable_is_kept_for_inspection,
    unknown_fields_and_unknown_kinds_do_no_harm,
    a_team_that_nobody_connected_is_told_so_and_nothing_is_done,
    a_store_that_fails_is_a_503_and_nothing_is_half_done,
    over_a_real_connection_a_large_body_gets_its_answer_and_a_cut_one_is_not_stored,
    a_locked_database_is_a_503_and_the_request_is_taken_once_it_is_free,
    more_requests_than_can_wait_are_refused_and_those_that_wait_are_kept,
);

async fn the_same_request_again_is_answered_200_and_nothing_else(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    let mention = house.ana.mention("what is next", "1795.1", NOW);
    for request in [
        house.ana.slash("plan it", NOW),
        house.ana.slash("show", NOW),
        house.ana.click(&card, "patch.approve", NOW),
        house.ana.click(&card, "patch.reject", NOW),
        mention,
    ] {
        let first = house.send(request.clone()).await;
        assert_eq!(first.status, StatusCode::OK);
        assert!(house.send(request).await.is_empty_ok());
    }
    assert_eq!(house.waiting().await.len(), 3);
    eventually(|| !house.fake.views().is_empty()).await;
    assert_eq!(house.fake.views().len(), 1, "a form is opened once");
}

async fn what_is_not_signed_by_slack_now_is_refused_and_not_stored(db: &TestDb) {
    let house = House::open(db).await;
    let good = || house.ana.slash("plan it", NOW);
    let with = |header: &'static str, value: &str| {
        let mut request = good();
        value.clone_into(request.header(header));
        request
    };
    let mut tampered = good();
    tampered.body.extend_from_slice(b"&text=other");
    let mut unsigned = good();
    unsigned.headers.truncate(1);
    let other = SlackUser { secret: SecretString::from("wrong"), ..house.ana.clone() };
    for (what, request) in [
        ("other bytes", tampered),
        ("no signature", unsigned),
        ("another secret", other.slash("plan it", NOW)),
        ("nonsense", with("x-slack-signature", "v0=nonsense")),
        ("no time", with("x-slack-request-timestamp", "")),
        ("another time", with("x-slack-request-timestamp", "1795168801")),
        ("too old", house.ana.slash("plan it", NOW.minus(Duration::from_secs(301)))),
        ("too early", house.ana.slash("plan it", NOW.plus(Duration::from_secs(301)))),
    ] {
        let reply = house.send(request).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{what}");
        assert!(!reply.body.contains("v0="), "{what}: {}", reply.body);
    }
    assert_eq!(house.waiting().await, []);
    let old_secret = SlackUser { secret: "old".into(), ..house.ana.clone() };
    assert!(house.send(old_secret.slash("plan it", NOW)).await.is_empty_ok());
}

async fn a_body_over_one_mebibyte_is_too_large_however_it_comes(db: &TestDb) {
    let house = House::open(db).await;
    let body = vec![b'a'; 2 * 1024 * 1024];
    let request = signed(&house.ana.secret, "/slack/commands", "text/plain", body.clone(), NOW);
    assert_eq!(house.send(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let pieces = body.chunks(64 * 1024).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
    let pieces: Vec<_> = pieces.collect();
    let chunked = Request::post("/slack/events").body(Body::from_stream(futures_util::stream::iter(pieces))).unwrap();
    assert_eq!(house.send_raw(chunked).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let endless = Request::post("/slack/events").header("content-length", "99999999999").body(Body::empty()).unwrap();
    assert_eq!(house.send_raw(endless).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

async fn a_body_that_stops_coming_is_not_waited_for(db: &TestDb) {
    let house = House::open(db).await;
    let stuck = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let reply = house.send_raw(Request::post("/slack/events").body(stuck).unwrap()).await;
    assert_eq!(reply.status, StatusCode::REQUEST_TIMEOUT);
}

async fn what_is_signed_but_unreadable_is_kept_for_inspection(db: &TestDb) {
    let house = House::open(db).await;
    let whole = house.ana.dm("show auth", "1795.1", NOW).body;
    let form = |payload: &str| serde_urlencoded::to_string([("payload", payload)]).unwrap().into_bytes();
    let no_action = json!({ "type": "block_actions", "team": { "id": TEAM }, "actions": [] }).to_string();
    let bad_patch = json!({ "type": "block_actions", "team": { "id": TEAM }, "user": { "id": "U1" },
                            "actions": [{ "action_id": "patch.approve", "value": "P-41" }] });
    for (path, body) in [
        ("/slack/events", whole[..whole.len() / 2].to_vec()),
        ("/slack/events", b"\xff\xfe{}".to_vec()),
        ("/slack/events", b"[]".to_vec()),
        ("/slack/events", b"".to_vec()),
        ("/slack/events", b"{\"type\":\"event_callback\"}".to_vec()),
        ("/slack/commands", b"command=/docket".to_vec()),
        ("/slack/commands", b"team_id=T1&channel_id=C1&user_id=U1&text=%ff%fe".to_vec()),
        ("/slack/commands", b"\xff".to_vec()),
        ("/slack/interactions", b"payload=".to_vec()),
        ("/slack/interactions", b"other=1".to_vec()),
        ("/slack/interactions", form("{\"type\":")),
        ("/slack/interactions", form(&no_action)),
        ("/slack/interactions", form(&bad_patch.to_string())),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let reply = house.send(signed(&house.ana.secret, path, "text/plain", body.clone(), NOW)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {shown}");
        assert!(reply.no_retry && (10..120).contains(&reply.body.len()), "{path} {shown}: {}", reply.body);
        let again = house.send(signed(&house.ana.secret, path, "text/plain", body, NOW)).await;
        assert_eq!(again.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(house.waiting().await, []);
}

async fn unknown_fields_and_unknown_kinds_do_no_harm(db: &TestDb) {
    let house = House::open(db).await;
    let fresh = json!({ "type": "hologram_opened", "team": { "id": TEAM }, "user": { "id": "U1" }, "new": [1, {}] });
    assert!(house.send(house.ana.interaction(&fresh, NOW)).await.is_empty_ok());
    let event =
        json!({ "type": "emoji_changed", "subtype": "add", "name": "x", "event_ts": "1", "channel": { "id": 1 } });
    assert!(house.send(house.ana.event("Ev1", &event, NOW)).await.is_empty_ok());
    let mut dm = json!({ "type": "message", "channel_type": "im", "user": "U1", "text": "show auth", "ts": "1795.2",
                         "channel": "D1" });
    dm["something_new"] = json!({ "deep": [null] });
    assert!(house.send(house.ana.event("Ev2", &dm, NOW)).await.is_empty_ok());
    assert_eq!(house.waiting().await.len(), 1);
}

async fn a_team_that_nobody_connected_is_told_so_and_nothing_is_done(db: &TestDb) {
    let house = House::open(db).await;
    let stranger = SlackUser { team: "T-other".to_owned(), ..house.ana.clone() };
    let reply = house.send(stranger.slash("plan it", NOW)).await;
    assert_eq!((reply.status, &reply.json()["response_type"]), (StatusCode::OK, &json!("ephemeral")));
    assert!(reply.body.contains("not connected"));
    assert!(house.send(stranger.mention("plan it", "1795.1", NOW)).await.is_empty_ok());
    assert_eq!(house.waiting().await, []);
}

async fn a_store_that_fails_is_a_503_and_nothing_is_half_done(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    house.intake.shutdown().await;
    for request in [house.ana.slash("plan it", NOW), house.ana.click(&card, "patch.reject", NOW)] {
        let reply = house.send(request).await;
        assert_eq!((reply.status, reply.retry_after.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    }
    assert_eq!(house.waiting().await, []);
    assert!(house.fake.views().is_empty(), "no form is opened for a click that was not stored");
    house.store.close().await;
    assert_eq!(house.send(house.ana.slash("plan it", NOW)).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

async fn over_a_real_connection_a_large_body_gets_its_answer_and_a_cut_one_is_not_stored(db: &TestDb) {
    let house = House::open(db).await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = house.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let large = signed(&house.ana.secret, "/slack/events", "text/plain", vec![b'a'; 2 * 1024 * 1024], NOW);
    assert_eq!(large.send(&client, &origin).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let good = house.ana.slash("plan it", NOW);
    let address = origin.trim_start_matches("http://").to_owned();
    let mut head = format!("POST {} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n", good.path, good.body.len());
    for (name, value) in &good.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    let mut line = tokio::net::TcpStream::connect(&address).await.unwrap();
    line.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    line.write_all(&good.body[..good.body.len() / 2]).await.unwrap();
    drop(line);
    assert_eq!(good.send(&client, &origin).await.status(), StatusCode::OK);
    assert_eq!(house.waiting().await.len(), 1);
}

async fn a_locked_database_is_a_503_and_the_request_is_taken_once_it_is_free(db: &TestDb) {
    let db = db.wait_shortly().await;
    let house = House::open(&db).await;
    let lock = db.lock().await;
    let request = house.ana.slash("plan it", NOW);
    assert_eq!(house.send(request.clone()).await.status, StatusCode::SERVICE_UNAVAILABLE);
    drop(lock);
    assert_eq!(house.waiting().await, []);
    assert!(house.send(request).await.is_empty_ok());
    assert_eq!(house.waiting().await.len(), 1);
}

async fn more_requests_than_can_wait_are_refused_and_those_that_wait_are_kept(db: &TestDb) {
    let house = House::open(db).await;
    let lock = db.lock().await;
    let requests = (0..1_300).map(|n| house.send(house.ana.slash(&format!("plan {n}"), NOW)));
    let mut waiting: FuturesUnordered<_> = requests.collect();
    let mut refused = 0;
    while let Ok(Some(reply)) = tokio::time::timeout(Duration::from_secs(4), waiting.next()).await {
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
        refused += 1;
    }
    assert!((100..300).contains(&refused), "{refused} refused");
    drop(lock);
    let kept: Vec<_> = waiting.collect().await;
    assert!(kept.iter().all(Reply::is_empty_ok));
    assert_eq!(kept.len() + refused, 1_300);
    assert_eq!(house.store.stats().await.unwrap().jobs.values().sum::<i64>(), i64::try_from(kept.len()).unwrap());
}
