//! What came of the cases.

use serde::Serialize;

use super::case::Kind;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The case.
    pub id: String,
    /// What it asked for.
    pub kind: Kind,
    /// What the answer fails to be, in words; empty where the case passed.
    pub failed: Vec<String>,
    /// Tokens that it took.
    pub tokens: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Outcome {
    /// Whether the answer is all that was expected.
    pub const fn passed(&self) -> bool {
        self.failed.is_empty()
    }
}

/// What came of all cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The cases that were asked, in their order.
    pub cases: Vec<Outcome>,
    /// The kinds, each with how many of its cases passed.
    pub kinds: Vec<Share>,
    /// Why the rest was not asked, where it was not.
    pub stopped: Option<String>,
}

/// How the cases of one kind fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The kind.
    pub kind: Kind,
    /// Cases that passed.
    pub passed: usize,
    /// Cases that were asked.
    pub asked: usize,
    /// Tokens that they took.
    pub tokens: u64,
    /// How long they took together, in milliseconds.
    pub millis: u64,
}

impl Report {
    /// Sums up.
    pub fn new(cases: Vec<Outcome>, stopped: Option<String>) -> Self {
        let share = |kind: &Kind| {
            let of: Vec<&Outcome> = cases.iter().filter(|outcome| outcome.kind == *kind).collect();
            (!of.is_empty()).then(|| Share {
                kind: *kind,
                passed: of.iter().filter(|outcome| outcome.passed()).count(),
                asked: of.len(),
                tokens: of.iter().map(|outcome| outcome.tokens).sum(),
                millis: of.iter().map(|outcome| outcome.millis).sum(),
            })
        };
        let kinds = Kind::ALL.iter().filter_map(share).collect();
        Self { cases, kinds, stopped }
    }

    /// Whether every case was asked and passed.
    pub fn passed(&self) -> bool {
        self.stopped.is_none() && self.cases.iter().all(Outcome::passed)
    }
}
