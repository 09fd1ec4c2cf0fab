//! What a case asks, and what it expects.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::outline::Ground;
use crate::domain::{project::words, task::TaskNumber};

words! {
    /// What a case asks for.
    Kind {
        /// The first plan for a goal.
        Plan = "plan",
        /// The sub-tasks of a task.
        Break = "break",
        /// A change of a plan or of an open proposal.
        Refine = "refine",
        /// What words mean.
        Route = "route",
    }
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is called; unique in its file.
    pub id: String,
    /// What it asks for.
    pub kind: Kind,
    /// What somebody says: the goal, the focus, the wish, the words to route. May be empty for a breakdown.
    pub words: String,
    /// What was said before, oldest first.
    pub talk: Vec<String>,
    /// The plan, the open proposal and the people.
    pub ground: Ground,
    /// The task to break down.
    pub target: Option<TaskNumber>,
    /// Where the words are said.
    pub place: Place,
    /// What the answer should be like.
    pub expect: Expect,
}

/// Where words are said that have to be routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a channel or a direct conversation.
    Channel,
    /// In the thread of a card.
    Thread,
}

/// What the answer of a case should be like. What is left out is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a line of a file of cases, and any of them may be there")]
pub struct Expect {
    /// A refusal, an answer that stays invalid, or no change is fine as well.
    pub refused_ok: bool,
    /// No change is proposed.
    pub nothing: bool,
    /// New tasks, at least.
    pub min_tasks: Option<usize>,
    /// New tasks, at most.
    pub max_tasks: Option<usize>,
    /// Operations of the patch, at most.
    pub max_operations: Option<usize>,
    /// How deep the tree is afterwards, at most; top-level tasks are at depth 0.
    pub max_depth: Option<usize>,
    /// Each of these is said in what is new or changed; `a|b` is one or the other.
    pub mentions: Vec<String>,
    /// None of these is said in what is new or changed.
    pub not_mentions: Vec<String>,
    /// No task goes.
    pub no_deletes: bool,
    /// Exactly these tasks go.
    pub deletes: Option<BTreeSet<String>>,
    /// Each of these tasks goes, moves or reads differently.
    pub touches: BTreeSet<String>,
    /// No other task that is there goes, moves or reads differently.
    pub touches_only: Option<BTreeSet<String>>,
    /// Nobody loses a task or gets one.
    pub keeps_assignees: bool,
    /// No task that is there gets another status.
    pub keeps_status: bool,
    /// Every new task says how one can check that it is done.
    pub has_acceptance: bool,
    /// Every new task has an estimate.
    pub has_estimates: bool,
    /// A new task waits for another.
    pub has_dependencies: bool,
    /// The first word of the likeliest command, or `none`; several with `|`.
    pub intent: Option<String>,
    /// The likeliest command is this whole line, in any case.
    pub line: Option<String>,
    /// What is done about it: `act`, `ask` or `nothing`; several with `|`.
    pub decision: Option<String>,
}

impl Expect {
    /// What is expected of drafts only, and of meanings only: by name, in the order of the documentation.
    pub(super) fn named(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let of_drafts = [
            ("nothing", self.nothing),
            ("min_tasks", self.min_tasks.is_some()),
            ("max_tasks", self.max_tasks.is_some()),
            ("max_operations", self.max_operations.is_some()),
            ("max_depth", self.max_depth.is_some()),
            ("mentions", !self.mentions.is_empty()),
            ("not_mentions", !self.not_mentions.is_empty()),
            ("no_deletes", self.no_deletes),
            ("deletes", self.deletes.is_some()),
            ("touches", !self.touches.is_empty()),
            ("touches_only", self.touches_only.is_some()),
            ("keeps_assignees", self.keeps_assignees),
            ("keeps_status", self.keeps_status),
            ("has_acceptance", self.has_acceptance),
            ("has_estimates", self.has_estimates),
            ("has_dependencies", self.has_dependencies),
        ];
        let of_meanings =
            [("intent", self.intent.is_some()), ("line", self.line.is_some()), ("decision", self.decision.is_some())];
        (set(&of_drafts), set(&of_meanings))
    }

    /// The codes of tasks that it names.
    pub(super) fn codes(&self) -> impl Iterator<Item = &String> {
        self.deletes.iter().flatten().chain(&self.touches).chain(self.touches_only.iter().flatten())
    }
}

fn set(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    fields.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect()
}
