//! A patch: a proposed, ordered list of operations against one plan revision.

mod change;
mod state;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

pub use change::{Change, ProjectChanges, TaskChanges};
use serde::{Deserialize, Serialize};

pub use state::{AlreadyDecided, Decision, PatchState};

use super::{
    event::Venue,
    ids::{DeliveryId, MemberId, PatchId, ProjectId},
    model::Drafted,
    policy::Move,
    project::{Project, ProjectKey, Revision, words},
    task::{Link, Place, Task, TaskFields, TaskNumber},
    time::Timestamp,
};

/// What people call a patch: `P-41`, counted per tenant from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PatchCode(pub u32);

impl fmt::Display for PatchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P-{}", self.0)
    }
}

impl FromStr for PatchCode {
    type Err = ();

    /// Reads `P-41` in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_prefix("P-").or_else(|| text.strip_prefix("p-")).ok_or(())?;
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        number.parse().ok().filter(|n| digits && *n > 0).map(Self).ok_or(())
    }
}

/// The only ways a plan changes. Every operation touches exactly one task, or the project.
///
/// Numbers and ranks are concrete from the start: the numbers of new tasks are reserved when the
/// patch is proposed, so a card shows the code a task will have, and independent patches commute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Operation {
    /// A new task appears.
    CreateTask {
        /// The reserved number it will have.
        number: TaskNumber,
        /// Where it goes; its parent may be created earlier in the same patch.
        place: Place,
        /// What it says.
        fields: TaskFields,
    },
    /// Some fields of a task change.
    UpdateTask {
        /// Which task.
        number: TaskNumber,
        /// What changes.
        changes: TaskChanges,
    },
    /// A task moves, with everything under it.
    MoveTask {
        /// Which task.
        number: TaskNumber,
        /// Where it goes.
        to: Place,
    },
    /// A task goes. Its children must go, or be moved away, earlier in the same patch.
    DeleteTask {
        /// Which task.
        number: TaskNumber,
    },
    /// The project's own fields change.
    UpdateProject {
        /// What changes.
        changes: ProjectChanges,
    },
}

impl Operation {
    /// The task this operation touches; `None` for the project itself.
    pub const fn task(&self) -> Option<TaskNumber> {
        match self {
            Self::CreateTask { number, .. }
            | Self::UpdateTask { number, .. }
            | Self::MoveTask { number, .. }
            | Self::DeleteTask { number } => Some(*number),
            Self::UpdateProject { .. } => None,
        }
    }
}

/// An operation with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is to be done.
    #[serde(flatten)]
    pub operation: Operation,
    /// One sentence why; empty where the patch's own reason says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A permalink to the message, pull request or issue behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Link>,
}

impl From<Operation> for Step {
    fn from(operation: Operation) -> Self {
        Self { operation, reason: String::new(), evidence: None }
    }
}

/// How much of the plan a patch may shape, which decides its size limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Mode {
    /// Deliverables: at most [`MAX_ROOTS`] new top-level tasks.
    Project,
    /// The children of one task: at most [`MAX_CHILDREN`] new ones.
    Task {
        /// The task that is broken down.
        number: TaskNumber,
    },
    /// Changes somebody spelled out: neither limit applies.
    Edit,
}

/// New top-level tasks in one project-mode patch.
pub const MAX_ROOTS: usize = 6;
/// New children in one task-mode patch.
pub const MAX_CHILDREN: usize = 7;
/// A top-level task has depth 0; nothing is deeper than this.
pub const MAX_DEPTH: usize = 5;
/// Characters in a task's or project's title.
pub const MAX_TITLE: usize = 120;
/// Characters in a description or a project's summary.
pub const MAX_DESCRIPTION: usize = 10_000;
/// Sentences that say how we know that a task is done.
pub const MAX_ACCEPTANCE: usize = 20;
/// Characters in one of them, and in a link's label.
pub const MAX_SENTENCE: usize = 500;
/// Links of one task.
pub const MAX_LINKS: usize = 50;
/// Characters in a link's address.
pub const MAX_URL: usize = 2000;
/// Minutes in an estimate: 208 working days.
pub const MAX_ESTIMATE: u32 = 100_000;
/// Operations in one patch.
pub const MAX_OPERATIONS: usize = 200;

/// The project that a first plan will create when it is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    /// The key it will have.
    pub key: ProjectKey,
    /// Its title.
    pub title: String,
    /// A sentence or two; may be empty.
    pub summary: String,
}

words! {
    /// How sure the planner is.
    Confidence {
        /// A person said it in so many words, or a rule is exact.
        High = "high",
        /// Likely right; worth a look.
        Medium = "medium",
        /// A guess to start from.
        Low = "low",
    }
}

/// How a patch came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Where it was asked for.
    pub venue: Venue,
    /// The words that asked for it.
    pub words: String,
    /// How the answer was made, for the card: `template "feature", no model connected`. May be empty.
    pub method: String,
    /// The delivery that asked for it, whose reply address reaches the author best.
    #[serde(default)]
    pub delivery: Option<DeliveryId>,
    /// The model that drafted it; `None` where a template, a rule or a person's own words did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted: Option<Drafted>,
    /// The moves that it is made of, where rules made it of what a tracker told; empty where somebody asked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub moves: BTreeSet<Move>,
}

/// What a patch touches, as it was when the patch was made or last rebased.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Before {
    /// The existing tasks that its operations touch.
    pub tasks: BTreeMap<TaskNumber, Task>,
    /// The project, where an operation changes its own fields.
    pub project: Option<Project>,
}

/// A proposed, ordered list of operations against one plan revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The patch's id.
    pub id: PatchId,
    /// What people call it.
    pub code: PatchCode,
    /// Counts its rebases and renewals from 1. A button carries it, so an old card can't approve a newer text.
    pub revision: u32,
    /// The project it changes, or will create.
    pub project: ProjectId,
    /// Set for a first plan: the project to create.
    pub founding: Option<Founding>,
    /// The plan's revision it was made, or last rebased, against.
    pub base: Revision,
    /// How much it may shape.
    pub mode: Mode,
    /// What it does, in a few words: `plan the user authentication flow`.
    pub title: String,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// What it touches, as it was at `base`: what staleness is judged by.
    pub before: Before,
    /// Who asked for it.
    pub author: MemberId,
    /// How it came to be.
    pub origin: Origin,
    /// How sure the planner is.
    pub confidence: Confidence,
    /// What became of it.
    pub state: PatchState,
    /// The patch whose place it took.
    pub supersedes: Option<PatchId>,
    /// The applied patch that it takes back.
    pub undoes: Option<PatchId>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When it lapses unless somebody decides.
    pub expires_at: Timestamp,
}

/// The first number that none of these operations gives to a new task, and that is not below `first_free`.
pub fn next_free<'a>(operations: impl IntoIterator<Item = &'a Operation>, first_free: TaskNumber) -> TaskNumber {
    let created = operations.into_iter().filter_map(|operation| match operation {
        Operation::CreateTask { number, .. } => Some(TaskNumber(number.0.saturating_add(1))),
        _ => None,
    });
    created.max().map_or(first_free, |next| next.max(first_free))
}

impl Patch {
    /// The operations without their reasons.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.steps.iter().map(|step| &step.operation)
    }

    /// Whether rules made it of what a tracker told, and nobody asked for it.
    pub fn is_by_rule(&self) -> bool {
        !self.origin.moves.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_code_reads_in_any_case() {
        assert_eq!("p-41".parse(), Ok(PatchCode(41)));
        assert_eq!(PatchCode(41).to_string(), "P-41");
        for wrong in ["", "41", "P41", "P-", "P-0", "P-+1", "P--1", "P-99999999999", "Q-1"] {
            assert_eq!(wrong.parse::<PatchCode>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn a_step_is_stored_as_its_operation_with_its_reason() {
        let step = Step { reason: "asked for".to_owned(), ..Operation::DeleteTask { number: TaskNumber(7) }.into() };
        let stored = serde_json::to_value(&step).unwrap();
        assert_eq!(stored, serde_json::json!({"op": "delete_task", "number": 7, "reason": "asked for"}));
    }
}
