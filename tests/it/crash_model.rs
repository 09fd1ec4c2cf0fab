//! The power is cut while a model is thinking: the work is taken up again, and there is one card with one proposal.

use std::time::Duration;

use docket::{
    clock::Chance,
    domain::{
        ids::TenantId,
        model::{Call, CallOutcome},
        time::Timestamp,
    },
};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    app::{SECRET, words},
    binary::{Binary, Settings, client},
    db::{TestDb, for_each_db},
    fake_model::{Answer, FakeModel},
    fake_slack::{FakeSlack, Shown, SignedRequest, SlackUser},
    model_answers::{add, change, meaning, plan},
};

use super::story_binary::{connected, eventually, with_slack};

for_each_db!(
    a_draft_that_was_cut_off_is_drafted_again,
    an_answer_that_was_cut_off_in_the_middle_is_asked_for_again,
    a_message_that_showed_the_progress_becomes_the_card_after_the_cut,
    a_repair_that_was_cut_off_begins_again,
    words_whose_meaning_was_being_found_out_are_understood_after_the_cut,
    a_refinement_that_was_cut_off_replaces_its_proposal_once,
    the_cut_after_the_cut_is_survived_too,
);

/// The real program between a Slack and a model.
struct House<'a> {
    db: &'a TestDb,
    slack: FakeSlack,
    model: FakeModel,
    settings: Settings,
    client: reqwest::Client,
    ana: SlackUser,
    binary: Option<Binary>,
    _folder: TempDir,
}

impl<'a> House<'a> {
    async fn open(db: &'a TestDb) -> Self {
        let (slack, model) = (FakeSlack::start().await, FakeModel::start().await);
        let folder = TempDir::new().unwrap();
        let settings = with_slack(db, &slack, folder.path())
            .with("OPENAI_API_KEY", "sk-test-1")
            .with("OPENAI_BASE_URL", &model.url())
            .with("OPENAI_MODEL", "big");
        let ana = SlackUser::new(&slack, "U1", "C1", SECRET.into());
        let (binary, client) = (Binary::start(&settings).await, client());
        connected(&binary, &client, &ana).await;
        Self { db, slack, model, settings, client, ana, binary: Some(binary), _folder: folder }
    }

    async fn send(&self, request: SignedRequest) {
        let response = request.send(&self.client, &self.binary.as_ref().unwrap().base).await;
        assert_eq!(response.status(), 200);
    }

    async fn slash(&self, line: &str) {
        self.send(self.ana.slash(line, Chance::system().now())).await;
    }

    /// Cuts the power and starts again. A lease outlives its process by a minute where several may run: that minute
    /// passes meanwhile. Not in the one window that is left: a message was posted, and its id is not stored yet.
    async fn cut(&mut self) {
        self.slack.hold("chat.postMessage");
        let is_progress = |message: &Shown| message.payload.to_string().contains("\"action_id\":\"stop\"");
        if self.slack.messages("C1").iter().any(is_progress) {
            eventually_stored(self.db, "progress WHERE message IS NOT NULL").await;
        }
        self.binary.take().unwrap().kill();
        // Whoever waited there is gone; so is what they wanted to post.
        tokio::time::sleep(Duration::from_millis(60)).await;
        self.slack.let_go();
        if self.db.url.starts_with("postgres") {
            let lapsed = self.db.raw("UPDATE jobs SET due_at = 0 WHERE state = 'running'").await.unwrap();
            assert_eq!(lapsed, 1, "one job was running");
        }
        self.binary = Some(Binary::start(&self.settings).await);
    }

    async fn message(&self, wanted: &[&str]) -> Shown {
        eventually(&format!("a message with {wanted:?}"), || {
            let has = |message: &Shown| wanted.iter().all(|word| words(&message.payload).contains(word));
            self.slack.messages("C1").into_iter().rfind(has)
        })
        .await
    }

    async fn tenant(&self) -> TenantId {
        self.db.store.local_tenant(&self.db.chance).await.unwrap()
    }

    /// Nothing is left of the work: no job but those that wait for their day, no progress, no open delivery.
    async fn settled(&self) {
        for table in ["progress", "deliveries WHERE handled_at IS NULL"] {
            let rows = self.db.count(table).await;
            assert_eq!(rows, 0, "{table}");
        }
        let kinds = "jobs WHERE kind NOT IN ('expire_patch', 'read_threads')";
        for _ in 0..500 {
            if self.db.count(kinds).await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.db.count(kinds).await, 0, "jobs are left");
        assert_eq!(self.slack.problems(), Vec::<String>::new());
        assert_eq!(self.model.problems(), Vec::<String>::new());
        assert_eq!(self.slack.private("U1"), [], "the cut is nobody's business");
    }

    /// One message in the channel, which is the card of the only proposal.
    async fn one_card_with_one_proposal(&self) {
        self.settled().await;
        assert_eq!(self.slack.messages("C1").len(), 1, "{:?}", self.slack.messages("C1"));
        assert_eq!(self.states().await, ["proposed"]);
    }

    /// The states of the proposals, oldest first.
    async fn states(&self) -> Vec<&'static str> {
        let mut patches = self.db.store.read(self.tenant().await).await.unwrap().recent_patches(100).await.unwrap();
        patches.sort_by_key(|patch| patch.code);
        patches.iter().map(|patch| patch.state.as_str()).collect()
    }

    /// What the calls came to, oldest first. The dead ones keep what they set aside.
    async fn calls(&self) -> Vec<CallOutcome> {
        let mut tx = self.db.store.read(self.tenant().await).await.unwrap();
        let mut calls: Vec<Call> = tx.calls_since(Timestamp::from_millis(0)).await.unwrap();
        calls.sort_by_key(|call| call.at);
        let used: u64 = calls.iter().map(Call::cost).sum();
        assert_eq!(tx.tokens_since(Timestamp::from_millis(0)).await.unwrap(), used);
        let dead: Vec<_> = calls.iter().filter(|call| call.outcome == CallOutcome::Running).collect();
        assert!(dead.iter().all(|call| call.reserved > 0 && call.cost() == call.reserved), "{dead:?}");
        calls.iter().map(|call| call.outcome).collect()
    }
}

async fn a_draft_that_was_cut_off_is_drafted_again(db: &TestDb) {
    let mut house = House::open(db).await;
    house.model.script([Answer::Hang, drafted()]);
    house.slash("plan Build a user authentication flow").await;
    house.model.until_asked(1).await;
    house.cut().await;
    house.message(&["P-1 ", "Sign-in page", "drafted by big", "Approve"]).await;
    house.one_card_with_one_proposal().await;
    assert_eq!(house.calls().await, [CallOutcome::Running, CallOutcome::Answered]);
}

async fn an_answer_that_was_cut_off_in_the_middle_is_asked_for_again(db: &TestDb) {
    let mut house = House::open(db).await;
    let whole = plan("Half a plan", &["Never to be seen", "Nor this"]).to_string();
    house.model.script([Answer::Stalled(whole, 3), drafted()]);
    house.slash("plan Build a user authentication flow").await;
    house.model.until_asked(1).await;
    house.cut().await;
    let card = house.message(&["P-1 ", "Sign-in page", "Approve"]).await;
    assert!(!words(&card.payload).contains("Never to be seen"), "{card:?}");
    house.one_card_with_one_proposal().await;
    assert_eq!(house.calls().await, [CallOutcome::Running, CallOutcome::Answered]);
}

async fn a_message_that_showed_the_progress_becomes_the_card_after_the_cut(db: &TestDb) {
    let mut house = House::open(db).await;
    house.model.script([Answer::Hang, drafted()]);
    house.slash("plan Build a user authentication flow").await;
    let progress = house.message(&["Drafting a plan for", "Cancel"]).await;
    house.cut().await;
    let card = house.message(&["P-1 ", "Sign-in page", "Approve"]).await;
    assert_eq!(card.ts, progress.ts, "the same message became the card");
    assert!(!words(&card.payload).contains("Drafting"), "{card:?}");
    house.one_card_with_one_proposal().await;
    assert_eq!(house.calls().await, [CallOutcome::Running, CallOutcome::Answered]);
}

async fn a_repair_that_was_cut_off_begins_again(db: &TestDb) {
    let mut house = House::open(db).await;
    house.model.script([Answer::Text("I would start with a workshop.".to_owned()), Answer::Hang, drafted()]);
    house.slash("plan Build a user authentication flow").await;
    house.model.until_asked(2).await;
    house.cut().await;
    house.message(&["P-1 ", "Sign-in page", "Approve"]).await;
    house.one_card_with_one_proposal().await;
    assert_eq!(house.calls().await, [CallOutcome::Invalid, CallOutcome::Running, CallOutcome::Answered]);
}

async fn words_whose_meaning_was_being_found_out_are_understood_after_the_cut(db: &TestDb) {
    let mut house = House::open(db).await;
    let meant = meaning(&[("plan", 0.95, json!({ "goal": "let people sign in with their company account" }))]);
    house.model.script([Answer::Hang, Answer::Json(meant), drafted()]);
    let ts = house.slack.say("C1");
    let words = "we finally have to let people sign in with their company account";
    house.send(house.ana.mention(words, &ts, Chance::system().now())).await;
    house.model.until_asked(1).await;
    house.cut().await;
    house.message(&["P-1 ", "Sign-in page", "Approve"]).await;
    house.one_card_with_one_proposal().await;
    assert_eq!(house.calls().await, [CallOutcome::Running, CallOutcome::Answered, CallOutcome::Answered]);
}

async fn a_refinement_that_was_cut_off_replaces_its_proposal_once(db: &TestDb) {
    let mut house = House::open(db).await;
    house.model.script([drafted()]);
    house.slash("plan Build a user authentication flow").await;
    let first = house.message(&["P-1 ", "Approve"]).await;
    house.model.script([Answer::Hang, Answer::Json(change(&[add("Security review", &[])], None))]);
    let words = "somebody has to look at the security of all this";
    house.send(house.ana.mention_in(&first.ts, words, Chance::system().now())).await;
    house.model.until_asked(2).await;
    house.cut().await;
    house.message(&["P-2 ", "Security review", "Approve"]).await;
    house.message(&["P-1 ", "replaced by P-2"]).await;
    house.settled().await;
    assert_eq!(house.slack.messages("C1").len(), 2, "one card for each proposal");
    assert_eq!(house.states().await, ["superseded", "proposed"]);
    assert_eq!(house.calls().await, [CallOutcome::Answered, CallOutcome::Running, CallOutcome::Answered]);
}

async fn the_cut_after_the_cut_is_survived_too(db: &TestDb) {
    let mut house = House::open(db).await;
    house.model.script([Answer::Hang, Answer::Hang, drafted()]);
    house.slash("plan Build a user authentication flow").await;
    house.model.until_asked(1).await;
    house.cut().await;
    house.model.until_asked(2).await;
    house.message(&["Drafting a plan for", "Cancel"]).await;
    house.cut().await;
    house.message(&["P-1 ", "Sign-in page", "Approve"]).await;
    house.one_card_with_one_proposal().await;
    assert_eq!(house.calls().await, [CallOutcome::Running, CallOutcome::Running, CallOutcome::Answered]);
}

fn drafted() -> Answer {
    Answer::Json(plan("User authentication", &["Token service", "Sign-in page"]))
}

/// Waits until a table has such a row.
async fn eventually_stored(db: &TestDb, rows: &str) {
    for _ in 0..500 {
        if db.count(rows).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 10 s for {rows}");
}
