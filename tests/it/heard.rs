//! What Docket hears in the channels that it is in: kept as it is now, in its conversation, and nothing of what is not
//! meant for it.

use std::time::Duration;

use docket::domain::{heard::ChatThread, ids::TenantId, time::Timestamp};
use serde_json::json;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
};

for_each_db!(
    a_conversation_is_kept_as_it_is_now_and_nothing_but_it,
    what_is_said_to_docket_is_a_message_of_its_channel_once,
    nothing_is_kept_of_direct_messages_and_of_bots,
    somebody_new_is_looked_up_once,
    what_another_tenant_hears_is_its_own,
);

/// The conversations of a tenant.
async fn threads(docket: &TestApp<'_>, tenant: TenantId) -> Vec<ChatThread> {
    docket.db.store.read(tenant).await.unwrap().threads_since(Timestamp::from_millis(0), 99).await.unwrap()
}

/// What is said in the conversations of the tenant, each with its speakers.
async fn talk(docket: &TestApp<'_>) -> Vec<Vec<String>> {
    let members = docket.db.store.read(docket.app.tenant).await.unwrap().members().await.unwrap();
    let name = |id| members.iter().find(|member| member.id == id).map_or("?", |member| member.name.as_str());
    let line = |message: docket::domain::heard::ChatMessage| format!("{}: {}", name(message.by), message.text);
    let threads = threads(docket, docket.app.tenant).await;
    threads.into_iter().map(|thread| thread.messages.into_iter().map(line).collect()).collect()
}

async fn a_conversation_is_kept_as_it_is_now_and_nothing_but_it(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (ana, ben, now) = (docket.user("U1"), docket.user("U2"), db.chance.now());
    let (first, second, third) = (docket.slack.say("C1"), docket.slack.say("C1"), docket.slack.say("C1"));
    docket.act(ana.message(&first, None, "the deploy is broken", now)).await;
    docket.act(ben.message(&second, Some(&first), "I lok", now)).await;
    docket.act(ben.message(&third, Some(&first), "hunter2", now)).await;
    docket.act(ben.edit((&second, Some(&first)), "I look", "1795000001.000001", now)).await;
    docket.act(ben.take_back(&third, false, now)).await;
    assert_eq!(talk(&docket).await, [["Ana: the deploy is broken", "Ben: I look"]]);
    let kept = threads(&docket, docket.app.tenant).await;
    assert_eq!((kept[0].number, kept[0].is_private), (1, false));
    assert_eq!(docket.slack.messages("C1").len(), 0, "nobody is answered");
    // Of what was handled, the database holds what is kept, and not how it came.
    assert_eq!(db.bodies().await.iter().filter(|body| !body.is_empty()).count(), 0);
    docket.act(ana.take_back(&first, true, now)).await;
    assert_eq!(talk(&docket).await, [["Ben: I look"]]);
    docket.act(ana.message(&first, None, "the deploy is broken", now)).await;
    assert_eq!(talk(&docket).await, [["Ben: I look"]], "what was taken back does not come again");
}

async fn what_is_said_to_docket_is_a_message_of_its_channel_once(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (ana, now) = (docket.user("U1"), db.chance.now());
    docket.act(ana.message(&docket.slack.say("C1"), None, "good morning", now)).await;
    docket.mention("U1", "plan Build a user authentication flow").await;
    let card = docket.newest_with("patch.approve");
    docket.act(ana.reply(&card.ts, "drop the last one", now)).await;
    docket.act(ana.reply(&card.ts, "thank you", now)).await;
    let expected = [vec!["Ana: good morning"], vec!["Ana: <@UDOCKET> plan Build a user authentication flow"]];
    assert_eq!(talk(&docket).await, expected);
    // What is said under a card is kept, and about its proposal.
    let under = db.store.read(docket.app.tenant).await.unwrap().thread(3).await.unwrap().unwrap();
    let said: Vec<&str> = under.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(said, ["drop the last one", "thank you"]);
    let ts = docket.slack.say("C1");
    let text = "<@UDOCKET> what is next";
    docket.act(ana.message(&ts, None, text, now)).await;
    docket.act(ana.mention("what is next", &ts, now)).await;
    assert_eq!(talk(&docket).await.iter().filter(|thread| thread[0] == format!("Ana: {text}")).count(), 1);
    // A mention does not say what kind of place it was made in, so the first thing of one must tell.
    let elsewhere = docket.user("U1");
    docket.slack.add_channel("G7", &["U1", "U2", "UDOCKET"]);
    let elsewhere = crate::support::fake_slack::SlackUser { channel: "G7".to_owned(), ..elsewhere };
    docket.act(elsewhere.mention("list", &docket.slack.say("G7"), now)).await;
    assert!(threads(&docket, docket.app.tenant).await.iter().all(|thread| thread.venue.channel == "C1"));
}

async fn nothing_is_kept_of_direct_messages_and_of_bots(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (ana, now) = (docket.user("U1"), db.chance.now());
    docket.act(ana.dm("what is next", "1795000000.5", now)).await;
    let bot = json!({ "type": "message", "subtype": "bot_message", "bot_id": "B7", "channel_type": "channel",
                      "text": "build failed", "ts": "1795000000.6", "channel": "C1" });
    docket.act(ana.event("Ev-bot", &bot, now)).await;
    assert_eq!(talk(&docket).await, Vec::<Vec<String>>::new());
}

async fn somebody_new_is_looked_up_once(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (ana, now) = (docket.user("U1"), db.chance.now());
    for text in ["one", "two", "three"] {
        docket.act(ana.message(&docket.slack.say("C1"), None, text, now)).await;
        db.clock.advance(Duration::from_secs(1));
    }
    let asked = docket.slack.calls().iter().filter(|(method, _)| method == "users.info").count();
    assert_eq!((asked, talk(&docket).await.len()), (1, 3));
}

async fn what_another_tenant_hears_is_its_own(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (other, zoe) = docket.second_tenant().await;
    let now = db.chance.now();
    docket.act(docket.user("U1").message(&docket.slack.say("C1"), None, "ours", now)).await;
    docket.act(zoe.message(&docket.slack.say("C2"), None, "theirs", now)).await;
    docket.slack.make_private("C2");
    docket.act(zoe.message(&docket.slack.say("C2"), None, "theirs alone", now)).await;
    assert_eq!(talk(&docket).await, [["Ana: ours"]]);
    let theirs = threads(&docket, other).await;
    assert_eq!(
        theirs.iter().map(|thread| thread.messages[0].text.as_str()).collect::<Vec<_>>(),
        ["theirs", "theirs alone"]
    );
    assert!(theirs.iter().all(|thread| thread.is_private && thread.number <= 2));
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}
