//! What Slack shows, held against what is stored of it.
//!
//! Docket has one window in which a message may be posted twice: it was posted, and its process died before Slack's
//! answer was stored. So whatever stands there twice must have been in that window when a process died.

use std::collections::{BTreeMap, BTreeSet};

use docket::domain::patch::PatchState;

use crate::support::{
    app::words,
    crowd::CHANNELS,
    db::TestDb,
    fake_slack::{FakeSlack, Shown},
};

/// What was posted, and in the window when a process died.
#[derive(Debug, Default)]
pub(crate) struct Posts {
    /// Cards that stand there and of which the database does not know.
    cut_off: BTreeSet<String>,
    /// How many more private answers were shown than are stored as sent.
    answers: i64,
    /// The most that may have been shown twice.
    allowed: i64,
}

impl Posts {
    /// Notes what was in the window: to be called while nobody is running.
    pub(crate) async fn note(&mut self, db: &TestDb, slack: &FakeSlack) {
        let open: Vec<(String,)> = db.rows("SELECT patch_id FROM cards WHERE message IS NULL").await;
        for card in unknown(db, slack).await {
            if !self.cut_off.contains(&card.ts) {
                let (said, shows) = (words(&card.payload), card.payload.to_string());
                let is_open = open.iter().any(|(patch,)| shows.contains(patch));
                assert!(is_open, "{said} was posted twice, and nobody was about to store where");
                self.cut_off.insert(card.ts);
            }
        }
        let answers = more_answers(db, slack).await;
        let unsent = db.count("answers WHERE sent_at IS NULL").await;
        assert!(answers - self.answers <= unsent, "an answer was given twice, and nobody was about to store that");
        assert!(answers >= self.answers, "an answer is stored as sent and was not");
        (self.answers, self.allowed) = (answers, self.allowed.max(answers));
    }

    /// Once everything is settled: each card stands there and says what is true, everybody has their answer, and nothing
    /// was posted twice but what was in the window. Says how much that was.
    pub(crate) async fn check(&self, db: &TestDb, slack: &FakeSlack) -> (usize, i64) {
        let unknown = unknown(db, slack).await;
        let twice: Vec<_> = unknown.iter().filter(|card| !self.cut_off.contains(&card.ts)).collect();
        assert!(twice.is_empty(), "cards were posted twice: {twice:?}");
        assert_eq!(db.count("answers WHERE sent_at IS NULL").await, 0, "somebody got no answer");
        let answers = more_answers(db, slack).await;
        assert!((0..=self.allowed).contains(&answers), "{answers} answers were given twice, {} may be", self.allowed);
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
        (unknown.len(), answers)
    }
}

/// The cards that stand in the channels and of which the database does not know where.
async fn unknown(db: &TestDb, slack: &FakeSlack) -> Vec<Shown> {
    let known: Vec<(String,)> = db.rows("SELECT message FROM cards WHERE message IS NOT NULL").await;
    let known: BTreeSet<String> = known.into_iter().map(|(ts,)| ts).collect();
    let cards = CHANNELS.iter().flat_map(|channel| slack.messages(channel));
    cards.filter(|card| card.thread.is_none() && !known.contains(&card.ts)).collect()
}

/// How many more private answers were shown than are stored as sent.
async fn more_answers(db: &TestDb, slack: &FakeSlack) -> i64 {
    let shown = slack.shown().iter().filter(|one| one.only_for.is_some()).count();
    i64::try_from(shown).unwrap() - db.count("answers WHERE sent_at IS NOT NULL").await
}
