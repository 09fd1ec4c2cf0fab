//! What people say in channels: kept where it is said to Docket or in a thread of its own, forgotten otherwise.

use docket::domain::{
    event::{Event, Venue},
    ids::{DeliveryId, TenantId},
};
use serde_json::{Value, json};

use crate::support::{
    clock::START as NOW,
    db::{TestDb, for_each_db},
    fake_slack::{BOT, signed},
    sample,
    slack_house::House,
};

for_each_db!(
    a_reply_to_a_card_is_kept_and_comes_in_the_order_of_its_channel,
    words_in_a_thread_where_a_card_stands_are_kept,
    words_in_the_thread_of_a_draft_are_kept,
    talk_among_people_is_stored_and_taken_in_whenever_there_is_time,
    talk_among_people_is_acknowledged_and_not_a_word_of_it_is_stored_where_somebody_turned_that_off,
    a_thread_of_another_tenants_card_is_not_ours,
    a_mention_in_a_thread_is_words_however_it_arrives,
);

/// A card that was posted as this message, where it stands.
async fn card_at(house: &House, db: &TestDb, venue: Venue, message: &str) {
    let mut tx = house.store.write(house.tenant).await.unwrap();
    let ana = sample::member(&db.chance, "Ana");
    tx.put_member(&ana, &sample::identity(&format!("U-{message}"))).await.unwrap();
    let code = tx.next_patch_code().await.unwrap().0;
    let patch = sample::patch(&db.chance, code, db.chance.id(), ana.id);
    tx.insert_patch(&patch).await.unwrap();
    let mut card = sample::card(&db.chance, patch.id, venue);
    card.message = Some(message.to_owned());
    tx.insert_card(&card).await.unwrap();
    tx.commit().await.unwrap();
}

/// A draft of a tenant that is being made, shown by this message in `C1`.
async fn draft_at(db: &TestDb, tenant: TenantId, message: &str) {
    let (venue, delivery) = (serde_json::to_string(&sample::channel("C1")).unwrap(), db.chance.id::<DeliveryId>());
    db.raw(&format!(
        "INSERT INTO progress (tenant_id, delivery_id, venue, surface, what, started_at, message, is_over) \
         VALUES ('{tenant}', '{delivery}', '{venue}', 'slack', 'a plan', 0, '{message}', false)"
    ))
    .await
    .unwrap();
}

async fn a_reply_to_a_card_is_kept_and_comes_in_the_order_of_its_channel(db: &TestDb) {
    let house = House::open(db).await;
    card_at(&house, db, sample::channel("C1"), "1795.5").await;
    let reply = house.ana.reply("1795.5", "merge the first two &amp; tell <@U2|ben>", NOW);
    assert!(house.send(reply.clone()).await.is_empty_ok());
    assert!(house.send(reply).await.is_empty_ok());
    assert!(house.send(house.ana.reply("1795.5", "and drop the last one", NOW)).await.is_empty_ok());
    let waiting = house.waiting().await;
    let said: Vec<&Event> = waiting.iter().map(|incoming| &incoming.event).collect();
    let reply = |words: &str| Event::Reply(words.to_owned());
    assert_eq!(said, [&reply("merge the first two & tell <@U2>"), &reply("and drop the last one")]);
    assert_eq!(waiting[0].sender.as_ref().unwrap().user, "U1");
    assert_eq!(waiting[0].venue, Some(sample::thread("C1", "1795.5")));
}

async fn words_in_a_thread_where_a_card_stands_are_kept(db: &TestDb) {
    let house = House::open(db).await;
    card_at(&house, db, sample::thread("C1", "1795.1"), "1795.5").await;
    assert!(house.send(house.ana.reply("1795.1", "drop the last one", NOW)).await.is_empty_ok());
    let waiting = house.waiting().await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].event, Event::Reply("drop the last one".to_owned()));
}

async fn words_in_the_thread_of_a_draft_are_kept(db: &TestDb) {
    let house = House::open(db).await;
    draft_at(db, house.tenant, "1795.7").await;
    assert!(house.send(house.ana.reply("1795.7", "make it smaller", NOW)).await.is_empty_ok());
    assert_eq!(house.waiting().await.len(), 1);
}

/// Turns off that what is said in these channels is kept.
async fn turn_off(db: &TestDb, tenant: TenantId, channels: &[&str]) {
    let ana = sample::member(&db.chance, "Ana");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.put_member(&ana, &sample::identity("U-ana")).await.unwrap();
    for channel in channels {
        tx.set_kept(&sample::channel(channel), false, ana.id).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn talk_among_people_is_stored_and_taken_in_whenever_there_is_time(db: &TestDb) {
    let house = House::open(db).await;
    card_at(&house, db, sample::channel("C1"), "1795.5").await;
    let request = house.ana.message("1795.6", None, "the deploy is broken", NOW);
    assert!(house.send(request.clone()).await.is_empty_ok());
    assert!(house.send(request).await.is_empty_ok());
    assert!(
        house
            .send(house.ana.message("1795.7", None, "my key is sk-proj-abcdefghij0123456789ABCDEFGHIJ", NOW))
            .await
            .is_empty_ok()
    );
    assert!(house.send(house.ana.message("1795.8", Some("1795.6"), "I look", NOW)).await.is_empty_ok());
    // They wait neither for each other nor for what was said to Docket before.
    let claimed = house.store.claim("a worker", NOW, std::time::Duration::from_mins(1), 10).await.unwrap();
    assert_eq!(claimed.len(), 2);
    let bodies = db.bodies().await.join("\n");
    assert!(bodies.contains("the deploy is broken") && bodies.contains("I look"), "{bodies}");
    assert!(!bodies.contains("sk-proj"), "what holds a key is not kept");
}

async fn talk_among_people_is_acknowledged_and_not_a_word_of_it_is_stored_where_somebody_turned_that_off(db: &TestDb) {
    let house = House::open(db).await;
    card_at(&house, db, sample::channel("C1"), "1795.5").await;
    turn_off(db, house.tenant, &["C1", "C2"]).await;
    let base = json!({ "type": "message", "channel_type": "channel", "user": "U1", "text": "our secret",
                       "ts": "1795.9", "channel": "C1" });
    let but = |fields: Value| {
        let mut event = base.clone();
        for (name, value) in fields.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    };
    let ours = "1795.5";
    for (n, event) in [
        base.clone(),
        but(json!({ "thread_ts": "1795.9" })),
        but(json!({ "thread_ts": "1794.1" })),
        but(json!({ "thread_ts": "1794.1", "subtype": "thread_broadcast" })),
        but(json!({ "thread_ts": ours, "channel": "C2" })),
        but(json!({ "thread_ts": ours, "bot_id": "B7" })),
        but(json!({ "thread_ts": ours, "user": BOT })),
        but(json!({ "thread_ts": ours, "subtype": "message_changed" })),
        but(json!({ "thread_ts": ours, "subtype": "message_deleted" })),
        but(json!({ "thread_ts": ours, "subtype": "channel_join" })),
        but(json!({ "thread_ts": ours, "channel_type": "mpim" })),
        but(json!({ "thread_ts": ours, "text": "  " })),
        but(json!({ "channel_type": "group" })),
    ]
    .iter()
    .enumerate()
    {
        assert!(house.send(house.ana.event(&format!("Ev{n}"), event, NOW)).await.is_empty_ok(), "{event}");
    }
    assert_eq!(db.bodies().await, Vec::<String>::new());
    let broadcast = but(json!({ "thread_ts": ours, "subtype": "thread_broadcast" }));
    assert!(house.send(house.ana.event("Ev-broadcast", &broadcast, NOW)).await.is_empty_ok());
    assert_eq!(house.waiting().await.len(), 1, "also sent to the channel, and still a reply");
}

async fn a_thread_of_another_tenants_card_is_not_ours(db: &TestDb) {
    let house = House::open(db).await;
    let other = db.store.create_tenant("Other", &db.chance).await.unwrap();
    draft_at(db, other, "1795.7").await;
    turn_off(db, house.tenant, &["C1"]).await;
    assert!(house.send(house.ana.reply("1795.7", "make it smaller", NOW)).await.is_empty_ok());
    assert_eq!(db.bodies().await, Vec::<String>::new());
}

async fn a_mention_in_a_thread_is_words_however_it_arrives(db: &TestDb) {
    let house = House::open(db).await;
    card_at(&house, db, sample::channel("C1"), "1795.5").await;
    let text = format!("please <@{BOT}> drop the last one");
    let message = json!({ "type": "message", "channel_type": "group", "user": "U1", "text": text, "ts": "1795.9",
                          "channel": "C1", "thread_ts": "1795.5" });
    let request = house.ana.event("Ev-message", &message, NOW);
    // An envelope that does not say who we are can't tell a mention of us from one of somebody else.
    let mut unsure: Value = serde_json::from_slice(&request.body).unwrap();
    unsure["authorizations"] = json!([]);
    let body = unsure.to_string().into_bytes();
    let unsure = signed(&house.ana.secret, "/slack/events", "application/json", body, NOW);
    turn_off(db, house.tenant, &["C1"]).await;
    assert!(house.send(unsure).await.is_empty_ok());
    assert_eq!(db.bodies().await.len(), 0);
    assert!(house.send(house.ana.mention_in("1795.5", "drop 3", NOW)).await.is_empty_ok());
    assert!(house.send(request).await.is_empty_ok());
    let events: Vec<Event> = house.waiting().await.into_iter().map(|incoming| incoming.event).collect();
    let words = |words: &str| Event::Words(words.to_owned());
    assert_eq!(events, [words("drop 3"), words(&format!("please <@{BOT}> drop the last one"))]);
}
