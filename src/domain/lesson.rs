//! What decisions teach: how far what was approved is from what was proposed first.
//!
//! One [`Lesson`] for each patch that was decided. What was superseded teaches nothing by itself: the end of its
//! chain does. A lesson stays when its patch is undone later, for it was approved.

mod edits;
mod tally;

pub use edits::{Edit, Edited, Kind, distance, edits, pairs};
pub use tally::{Tally, tally};

use super::{
    ids::PatchId,
    model::{Drafted, ModelName, Use},
    patch::{Mode, Operation, Patch, PatchState},
    project::words,
    time::Timestamp,
};

/// The longest chain of proposals that is walked back.
pub const MAX_CHAIN: usize = 50;

words! {
    /// What a proposal was made for.
    Purpose {
        /// The first plan of a project.
        Plan = "plan",
        /// The sub-tasks of a task.
        Break = "break",
        /// A change of a proposal or a plan, in words.
        Refine = "refine",
        /// A change of one task that a command spelled out.
        Set = "set",
        /// To take an applied patch back.
        Undo = "undo",
    }
}

impl Purpose {
    /// What a patch was made for.
    fn of(patch: &Patch) -> Self {
        match (&patch.origin.drafted, patch.mode) {
            _ if patch.undoes.is_some() => Self::Undo,
            (Some(Drafted { purpose: Use::Plan, .. }), _) | (None, Mode::Project) => Self::Plan,
            (Some(Drafted { purpose: Use::Break, .. }), _) | (None, Mode::Task { .. }) => Self::Break,
            (Some(Drafted { purpose: Use::Refine | Use::Route | Use::Match | Use::Digest, .. }), _) => Self::Refine,
            (None, Mode::Edit) => match patch.steps.as_slice() {
                [only] if matches!(only.operation, Operation::UpdateTask { .. }) => Self::Set,
                _ => Self::Refine,
            },
        }
    }

    /// What made such a proposal where no model did.
    pub const fn without_model(self) -> &'static str {
        match self {
            Self::Plan | Self::Break => "template",
            Self::Refine => "grammar",
            Self::Set | Self::Undo => "command",
        }
    }
}

words! {
    /// How a proposal ended.
    Verdict {
        /// Approved as it was proposed first.
        Approved = "approved",
        /// Approved, but not as it was proposed first.
        Edited = "edited",
        /// Turned down.
        Rejected = "rejected",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

/// What one decision teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The patch that was decided.
    pub patch: PatchId,
    /// The proposal that it goes back to: the first of its chain that a model drafted, else the first.
    pub first: PatchId,
    /// What that one was made for.
    pub purpose: Purpose,
    /// The model that drafted it; `None` where a template, a rule or a person's own words did.
    pub model: Option<ModelName>,
    /// The version of the model's prompt.
    pub prompt: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Operations of the first proposal.
    pub proposed: u32,
    /// Operations that were applied.
    pub approved: u32,
    /// What lies between the two, operation by operation; all of the first proposal where nothing was applied.
    pub edits: Vec<Edit>,
    /// When it was decided.
    pub at: Timestamp,
}

impl Lesson {
    /// What the newest patch of this chain teaches: each is followed by the one whose place it took. `None` while it
    /// is not decided, where another took its place, and where rules made it: nobody had to understand anything.
    ///
    /// A rebase is no edit: what was proposed counts as it was brought up to date.
    pub fn of(chain: &[Patch]) -> Option<Self> {
        let decided = chain.first().filter(|decided| !decided.is_by_rule())?;
        let first = chain.iter().rev().find(|patch| patch.origin.drafted.is_some()).or(chain.last())?;
        let (applied, ended, at) = match &decided.state {
            PatchState::Applied { decision, steps, .. } => (Some(steps), Verdict::Edited, decision.at),
            PatchState::Rejected { decision, .. } => (None, Verdict::Rejected, decision.at),
            PatchState::Expired { at } => (None, Verdict::Expired, *at),
            PatchState::Proposed | PatchState::Superseded { .. } | PatchState::Undone { .. } => return None,
        };
        let proposed: Vec<&Operation> = first.operations().collect();
        let steps = decided.operations().enumerate();
        let approved: Vec<&Operation> =
            steps.filter(|(step, _)| applied.is_some_and(|steps| steps.contains(step))).map(|(_, op)| op).collect();
        let mut edits = edits(&proposed, &approved);
        if applied.is_some() {
            edits.extend(Edit::of_founding(first.founding.as_ref(), decided.founding.as_ref()));
        }
        let verdict = if ended == Verdict::Edited && edits.is_empty() { Verdict::Approved } else { ended };
        let drafted = first.origin.drafted.as_ref();
        Some(Self {
            patch: decided.id,
            first: first.id,
            purpose: Purpose::of(first),
            model: drafted.map(|drafted| drafted.model.clone()),
            prompt: drafted.map(|drafted| drafted.prompt.clone()),
            verdict,
            proposed: count(proposed.len()),
            approved: count(approved.len()),
            edits,
            at,
        })
    }

    /// How far what was approved is from what was proposed first.
    pub fn distance(&self) -> usize {
        self.edits.iter().map(Edit::distance).sum()
    }
}

/// A number of operations.
fn count(operations: usize) -> u32 {
    u32::try_from(operations).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ulid::Ulid;

    use super::*;
    use crate::domain::{
        fixtures::{create, patch, rename},
        ids::{Id, MemberId},
        patch::{Decision, Founding},
        project::Revision,
    };

    fn decision() -> Decision {
        Decision { by: MemberId::from_ulid(Ulid::from_parts(0, 9)), at: Timestamp::from_millis(70) }
    }

    fn proposal(id: u128, operations: Vec<Operation>, model: Option<(&str, Use)>) -> Patch {
        let mut patch = patch(operations);
        patch.id = PatchId::from_ulid(Ulid::from_parts(1, id));
        patch.mode = Mode::Project;
        patch.origin.drafted = model.map(|(model, purpose)| Drafted {
            purpose,
            model: model.parse().unwrap(),
            prompt: "0a1b2c3d".to_owned(),
        });
        patch
    }

    fn applied(mut patch: Patch, steps: impl IntoIterator<Item = usize>) -> Patch {
        let steps: BTreeSet<usize> = steps.into_iter().collect();
        patch.state = PatchState::Applied { decision: decision(), revision: Revision(8), steps };
        patch
    }

    const PLANNED: Option<(&str, Use)> = Some(("a/big", Use::Plan));

    #[test]
    fn what_is_approved_as_it_was_proposed_is_approved() {
        let lesson = Lesson::of(&[applied(proposal(1, vec![create(8, 0, &[]), create(9, 0, &[])], PLANNED), [0, 1])]);
        let lesson = lesson.unwrap();
        assert_eq!((lesson.verdict, lesson.distance(), lesson.proposed, lesson.approved), (Verdict::Approved, 0, 2, 2));
        assert_eq!((lesson.purpose, lesson.model.unwrap().to_string()), (Purpose::Plan, "a/big".to_owned()));
        assert_eq!((lesson.prompt.as_deref(), lesson.at), (Some("0a1b2c3d"), Timestamp::from_millis(70)));
    }

    #[test]
    fn what_was_not_ticked_was_edited_away() {
        let lesson =
            Lesson::of(&[applied(proposal(1, vec![create(8, 0, &[]), create(9, 0, &[])], None), [1])]).unwrap();
        assert_eq!((lesson.verdict, lesson.distance(), lesson.proposed, lesson.approved), (Verdict::Edited, 1, 2, 1));
        assert_eq!((lesson.model, lesson.purpose.without_model()), (None, "template"));
    }

    #[test]
    fn the_first_draft_of_a_model_is_what_is_judged() {
        let template = proposal(1, vec![create(8, 0, &[])], None);
        let drafted = proposal(2, vec![create(8, 0, &[]), create(9, 0, &[])], Some(("a/big", Use::Refine)));
        let edited = proposal(3, vec![create(8, 0, &[]), create(9, 0, &[8])], None);
        let last = proposal(4, vec![create(8, 0, &[])], Some(("b/small", Use::Refine)));
        let lesson = Lesson::of(&[applied(last.clone(), [0]), edited, drafted.clone(), template]).unwrap();
        assert_eq!((lesson.patch, lesson.first), (last.id, drafted.id));
        assert_eq!((lesson.purpose, lesson.model.clone().unwrap().to_string()), (Purpose::Refine, "a/big".to_owned()));
        assert_eq!((lesson.verdict, lesson.distance()), (Verdict::Edited, 1));
    }

    #[test]
    fn the_name_of_a_new_project_is_a_part_of_its_plan() {
        let mut first = proposal(1, vec![create(8, 0, &[])], PLANNED);
        let founding =
            |title: &str| Founding { key: "AUTH".parse().unwrap(), title: title.to_owned(), summary: String::new() };
        first.founding = Some(founding("Login"));
        let mut last = proposal(2, vec![create(8, 0, &[])], None);
        last.founding = Some(founding("Sign-in"));
        let lesson = Lesson::of(&[applied(last, [0]), first]).unwrap();
        assert_eq!((lesson.verdict, lesson.distance()), (Verdict::Edited, 1));
    }

    #[test]
    fn what_was_turned_down_or_lapsed_kept_nothing_of_the_proposal() {
        let mut rejected = proposal(1, vec![create(8, 0, &[]), create(9, 0, &[])], PLANNED);
        rejected.state = PatchState::Rejected { decision: decision(), reason: "no".to_owned() };
        let lesson = Lesson::of(&[rejected]).unwrap();
        assert_eq!((lesson.verdict, lesson.distance(), lesson.approved), (Verdict::Rejected, 2, 0));
        let mut expired = proposal(1, vec![create(8, 0, &[])], PLANNED);
        expired.state = PatchState::Expired { at: Timestamp::from_millis(5) };
        let lesson = Lesson::of(&[expired]).unwrap();
        assert_eq!((lesson.verdict, lesson.distance(), lesson.at), (Verdict::Expired, 1, Timestamp::from_millis(5)));
    }

    #[test]
    fn what_is_not_the_end_of_its_chain_teaches_nothing() {
        let open = proposal(1, vec![create(8, 0, &[])], PLANNED);
        let mut superseded = open.clone();
        superseded.state = PatchState::Superseded { decision: decision(), by: open.id };
        assert_eq!((Lesson::of(&[open]), Lesson::of(&[superseded]), Lesson::of(&[])), (None, None, None));
    }

    #[test]
    fn a_purpose_follows_from_the_model_or_from_the_shape() {
        let mut edit = proposal(1, vec![rename(3, "Named")], None);
        edit.mode = Mode::Edit;
        assert_eq!(Purpose::of(&edit), Purpose::Set);
        edit.steps.push(create(8, 0, &[]).into());
        assert_eq!(Purpose::of(&edit), Purpose::Refine);
        edit.undoes = Some(edit.id);
        assert_eq!(Purpose::of(&edit), Purpose::Undo);
        assert_eq!(Purpose::of(&patch(vec![create(8, 3, &[])])), Purpose::Break);
        assert_eq!(Purpose::of(&proposal(1, Vec::new(), Some(("a/b", Use::Break)))), Purpose::Break);
    }
}
