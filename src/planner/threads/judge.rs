//! What follows from the scores of a thread.

use super::{
    index::{Scored, TaskRef},
    work::looks_like_work,
};
use crate::domain::heard::ChatThread;

/// What a thread is about, as far as the rules can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// About these tasks: it names them, or is clearly about one.
    Linked(Vec<TaskRef>),
    /// Perhaps about one of these, the likeliest first: whoever knows is asked.
    Asked(Vec<TaskRef>),
    /// Work that no task is about.
    Untracked,
    /// Nothing that a plan has to know of.
    Nothing,
}

/// From this score on a thread is about a task, where the next best has clearly less: two words that no other task has,
/// which are its whole title, or more words of a longer one. Both thresholds do best on the labelled sample.
const UPPER: u32 = 700;
/// From this score on a thread may be about a task. One word alone never reaches it.
const LOWER: u32 = 380;
/// How much of the best score the second may have at most, in hundredths, so that the best is clearly ahead.
const AHEAD: u32 = 75;
/// Tasks that are offered where it is not clear which is meant.
const OFFERED: usize = 3;

/// What follows for a thread from its [`rank`](super::rank).
pub fn judge(thread: &ChatThread, ranked: &[Scored]) -> Verdict {
    let named: Vec<TaskRef> = ranked.iter().filter(|one| one.is_named).map(|one| one.task.clone()).collect();
    if !named.is_empty() {
        return Verdict::Linked(named);
    }
    let best = ranked.first().map_or(0, |one| one.score);
    let second = ranked.get(1).map_or(0, |one| one.score);
    if let Some(first) = ranked.first().filter(|_| best >= UPPER && second * 100 <= best * AHEAD) {
        return Verdict::Linked(vec![first.task.clone()]);
    }
    if !looks_like_work(thread) {
        return Verdict::Nothing;
    }
    if best < LOWER {
        return Verdict::Untracked;
    }
    let close = ranked.iter().take(OFFERED).filter(|one| one.score * 2 >= best);
    Verdict::Asked(close.map(|one| one.task.clone()).collect())
}
