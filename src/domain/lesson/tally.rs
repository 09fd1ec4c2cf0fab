//! How often proposals were approved, by what they were for and who drafted them.

use std::collections::BTreeMap;

use super::{Lesson, Purpose, Verdict};
use crate::domain::model::ModelName;

/// How the proposals of one kind ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What they were for.
    pub purpose: Purpose,
    /// The model that drafted them; `None` where none did.
    pub model: Option<ModelName>,
    /// The version of its prompt, where those are told apart.
    pub prompt: Option<String>,
    /// Approved as they were proposed.
    pub approved: usize,
    /// Approved after edits.
    pub edited: usize,
    /// Turned down.
    pub rejected: usize,
    /// Lapsed without a decision.
    pub expired: usize,
    /// The edits of all that were approved.
    pub distance: usize,
}

impl Tally {
    /// How many were decided: all but those that lapsed.
    pub const fn decided(&self) -> usize {
        self.approved + self.edited + self.rejected
    }

    /// `part` of the decided ones in per cent, rounded; `None` where nothing was decided.
    pub fn share(&self, part: usize) -> Option<usize> {
        let decided = self.decided();
        (part * 100 + decided / 2).checked_div(decided)
    }

    /// Edits of an approved proposal on average, in tenths, rounded; `None` where none was approved.
    pub fn mean_distance(&self) -> Option<usize> {
        let approved = self.approved + self.edited;
        (self.distance * 10 + approved / 2).checked_div(approved)
    }

    /// What drafted them: `openai/gpt-5`, or the word for what drafts without a model.
    pub fn drafter(&self) -> String {
        self.model.as_ref().map_or_else(|| self.purpose.without_model().to_owned(), ToString::to_string)
    }
}

/// Counts lessons by purpose and model and, if asked to, by the version of the prompt: in this order.
pub fn tally(lessons: &[Lesson], by_prompt: bool) -> Vec<Tally> {
    let mut tallies: BTreeMap<(Purpose, Option<&ModelName>, Option<&String>), Tally> = BTreeMap::new();
    for lesson in lessons {
        let prompt = lesson.prompt.as_ref().filter(|_| by_prompt);
        let tally = tallies.entry((lesson.purpose, lesson.model.as_ref(), prompt)).or_insert_with(|| Tally {
            purpose: lesson.purpose,
            model: lesson.model.clone(),
            prompt: prompt.cloned(),
            approved: 0,
            edited: 0,
            rejected: 0,
            expired: 0,
            distance: 0,
        });
        match lesson.verdict {
            Verdict::Approved => tally.approved += 1,
            Verdict::Edited => {
                tally.edited += 1;
                tally.distance += lesson.distance();
            }
            Verdict::Rejected => tally.rejected += 1,
            Verdict::Expired => tally.expired += 1,
        }
    }
    tallies.into_values().collect()
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::{
        ids::{Id, PatchId},
        lesson::{Edit, Edited, Kind},
        time::Timestamp,
    };

    fn lesson(purpose: Purpose, model: Option<&str>, prompt: &str, verdict: Verdict, distance: usize) -> Lesson {
        let patch = PatchId::from_ulid(Ulid::from_parts(0, 1));
        let edit = Edit { op: Kind::Create, task: None, edited: Edited::Added };
        let model: Option<ModelName> = model.map(|name| name.parse().unwrap());
        Lesson {
            patch,
            first: patch,
            purpose,
            prompt: model.is_some().then(|| prompt.to_owned()),
            model,
            verdict,
            proposed: 3,
            approved: 3,
            edits: vec![edit; distance],
            at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn lessons_are_counted_by_purpose_and_model_and_prompt() {
        let lessons = [
            lesson(Purpose::Break, Some("a/big"), "new", Verdict::Approved, 0),
            lesson(Purpose::Plan, Some("a/big"), "new", Verdict::Edited, 3),
            lesson(Purpose::Plan, Some("a/big"), "old", Verdict::Edited, 2),
            lesson(Purpose::Plan, Some("a/big"), "old", Verdict::Rejected, 6),
            lesson(Purpose::Plan, Some("a/big"), "old", Verdict::Expired, 6),
            lesson(Purpose::Plan, None, "", Verdict::Expired, 6),
        ];
        let said = |tally: &Tally| {
            let (decided, shares) = (tally.decided(), [tally.approved, tally.edited, tally.rejected]);
            let shares = shares.map(|part| tally.share(part));
            (tally.purpose.as_str(), tally.drafter(), decided, shares, tally.expired, tally.mean_distance())
        };
        let by_model: Vec<_> = tally(&lessons, false).iter().map(said).collect();
        assert_eq!(
            by_model,
            [
                ("plan", "template".to_owned(), 0, [None; 3], 1, None),
                ("plan", "a/big".to_owned(), 3, [Some(0), Some(67), Some(33)], 1, Some(25)),
                ("break", "a/big".to_owned(), 1, [Some(100), Some(0), Some(0)], 0, Some(0)),
            ]
        );
        let prompts: Vec<_> = tally(&lessons, true).into_iter().map(|tally| tally.prompt).collect();
        assert_eq!(prompts, [None, Some("new".to_owned()), Some("old".to_owned()), Some("new".to_owned())]);
    }
}
