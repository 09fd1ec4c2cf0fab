//! Reminders that people set for themselves.

use super::{
    ids::{MemberId, ProjectId, ReminderId},
    member::Identity,
    task::TaskNumber,
    time::Timestamp,
};

/// How many reminders may wait for one member.
pub const MOST: usize = 50;

/// How long the words of one may be, in characters.
pub const LONGEST: usize = 1_000;

/// A reminder that waits for its time. Once it is told, it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Its id.
    pub id: ReminderId,
    /// Whose it is; they alone see it.
    pub member: MemberId,
    /// As whom they asked for it, and are told.
    pub to: Identity,
    /// The task that it is about.
    pub task: Option<(ProjectId, TaskNumber)>,
    /// What they want to be reminded of; may be empty where there is a task.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// When it was set.
    pub created_at: Timestamp,
}
