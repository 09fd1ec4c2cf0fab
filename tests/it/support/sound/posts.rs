//! What Slack shows, held against what is stored of it.
//!
//! Docket has one window in which a message may be posted twice: it was posted, and its process died before Slack's
//! answer was stored. So whatever stands there twice must have been in that window when a process died.

use std::collections::{BTreeMap, BTreeSet};

use docket::{
    chat::slack::render::render,
    domain::{member::Identity, message::Message, patch::PatchState},
};

use crate::support::{
    app::words,
    crowd::CHANNELS,
    db::TestDb,
    fake_slack::{FakeSlack, Shown},
};

/// A note of each private answer: its words are forgotten once it is sent.
const NOTES: &str = "CREATE TABLE answer_notes (answer TEXT NOT NULL, recipient TEXT NOT NULL, message TEXT NOT NULL)";
const NOTE: &str = "INSERT INTO answer_notes VALUES (NEW.id, NEW.recipient, NEW.message)";

/// Answers by who reads them and what they say, and how many each.
type Counts = BTreeMap<(String, String), i64>;

/// What was posted, and in the window when a process died.
#[derive(Debug, Default)]
pub(crate) struct Posts {
    /// Messages that stand there and of which the database does not know.
    cut_off: BTreeSet<String>,
    /// How many more of each private answer were shown than are stored as sent.
    answers: Counts,
}

/// From now on the database notes what private answers say.
pub(super) async fn watch(db: &TestDb) {
    let mut statements = vec![NOTES.to_owned()];
    if db.store.engine() == "sqlite" {
        statements.push(format!("CREATE TRIGGER note_answer AFTER INSERT ON answers BEGIN {NOTE}; END"));
    } else {
        let body = format!("$$ BEGIN {NOTE}; RETURN NULL; END $$");
        statements.push(format!("CREATE FUNCTION note_answer() RETURNS trigger LANGUAGE plpgsql AS {body}"));
        let when = "AFTER INSERT ON answers FOR EACH ROW";
        statements.push(format!("CREATE TRIGGER note_answer {when} EXECUTE FUNCTION note_answer()"));
    }
    for sql in statements {
        db.raw(&sql).await.unwrap();
    }
}

impl Posts {
    /// Notes what was in the window: to be called while nobody is running.
    pub(crate) async fn note(&mut self, db: &TestDb, slack: &FakeSlack) {
        // Each card that has not been posted may have been posted once since the last time.
        let mut open: Vec<(String, String)> =
            db.rows("SELECT patch_id, channel FROM cards WHERE message IS NULL").await;
        for message in unknown(db, slack).await {
            if self.cut_off.contains(&message.ts) {
                continue;
            }
            let (said, shows) = (words(&message.payload), message.payload.to_string());
            let is_it = |(patch, channel): &(String, String)| *channel == message.channel && shows.contains(patch);
            let place = open.iter().position(is_it);
            let place = place.unwrap_or_else(|| panic!("posted twice, and nobody was about to store where: {said}"));
            open.swap_remove(place);
            self.cut_off.insert(message.ts);
        }
        let (answers, unsent) = answers(db, slack).await;
        self.hold(&answers, &unsent);
        self.answers = answers;
    }

    /// Each answer was shown as often as it is stored as sent, and once more for each of its kind that was in the window
    /// when a process died, or is in it now.
    fn hold(&self, answers: &Counts, unsent: &Counts) {
        for (answer, more) in answers {
            let of = |counts: &Counts| counts.get(answer).copied().unwrap_or_default();
            let most = of(&self.answers) + of(unsent);
            assert!(*more >= 0, "an answer is stored as sent and was not: {answer:?}");
            assert!(*more <= most, "an answer was shown {more} times too often, and {most} may be: {answer:?}");
        }
    }

    /// Once everything is settled: each card stands there and says what is true, everybody has their answer, and nothing
    /// was posted twice but what was in the window. Says how much that was.
    pub(crate) async fn check(&self, db: &TestDb, slack: &FakeSlack) -> (usize, i64) {
        let unknown = unknown(db, slack).await;
        let twice: Vec<_> = unknown.iter().filter(|message| !self.cut_off.contains(&message.ts)).collect();
        assert!(twice.is_empty(), "posted twice: {twice:?}");
        let (answers, unsent) = answers(db, slack).await;
        assert!(unsent.is_empty(), "somebody got no answer: {unsent:?}");
        self.hold(&answers, &unsent);
        let shown: BTreeMap<String, String> =
            slack.shown().into_iter().map(|card| (card.ts, words(&card.payload))).collect();
        let tenant = db.store.local_tenant(&db.chance).await.unwrap();
        let mut tx = db.store.read(tenant).await.unwrap();
        for patch in tx.recent_patches(100_000).await.unwrap() {
            for card in tx.cards_of(patch.id).await.unwrap() {
                let says = card.message.as_ref().and_then(|ts| shown.get(ts));
                let says = says.unwrap_or_else(|| panic!("the card of {} does not stand there", patch.code));
                let is_true = match patch.state {
                    PatchState::Applied { .. } => says.contains('✓'),
                    PatchState::Rejected { .. } => says.contains("rejected by"),
                    PatchState::Undone { .. } => says.contains("was undone"),
                    _ => says.contains("Request changes"),
                };
                assert!(is_true, "{} is {} and its card says: {says}", patch.code, patch.state.as_str());
            }
        }
        assert_eq!(slack.problems(), Vec::<String>::new());
        (unknown.len(), answers.values().sum())
    }
}

/// What stands in the channels and their threads, and of which the database does not know where.
async fn unknown(db: &TestDb, slack: &FakeSlack) -> Vec<Shown> {
    let known: Vec<(String,)> = db.rows("SELECT message FROM cards WHERE message IS NOT NULL").await;
    let known: BTreeSet<String> = known.into_iter().map(|(ts,)| ts).collect();
    let messages = CHANNELS.iter().flat_map(|channel| slack.messages(channel));
    messages.filter(|message| !known.contains(&message.ts)).collect()
}

/// How many more of each private answer were shown than are stored as sent, and how many are not.
async fn answers(db: &TestDb, slack: &FakeSlack) -> (Counts, Counts) {
    let (mut more, mut unsent) = (Counts::new(), Counts::new());
    for shown in slack.shown() {
        if let Some(reader) = shown.only_for {
            let text = shown.payload["text"].as_str().unwrap_or_default().to_owned();
            *more.entry((reader, text)).or_default() += 1;
        }
    }
    let sql = "SELECT n.recipient, n.message, a.sent_at FROM answer_notes n JOIN answers a ON a.id = n.answer";
    let stored: Vec<(String, String, Option<i64>)> = db.rows(sql).await;
    for (recipient, message, sent_at) in stored {
        let reader: Identity = serde_json::from_str(&recipient).unwrap();
        let message: Message = serde_json::from_str(&message).unwrap();
        let answer = (reader.user, render(&message, None).text);
        if sent_at.is_some() {
            *more.entry(answer).or_default() -= 1;
        } else {
            *unsent.entry(answer).or_default() += 1;
        }
    }
    (more, unsent)
}
