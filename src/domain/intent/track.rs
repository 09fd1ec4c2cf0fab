//! What is wanted of conversations.

use serde::{Deserialize, Serialize};

use super::TaskName;
use crate::domain::{project::ProjectKey, task::TaskCode};

/// What somebody says that a conversation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A new task.
    New,
    /// A task that is there.
    Task(TaskName),
    /// No work.
    No,
    /// They want to choose among the nearest tasks.
    Which,
}

/// Which decisions about conversations somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// Those about a project.
    Project(ProjectKey),
    /// Those about a task.
    Task(TaskCode),
    /// Those about a conversation, by its number.
    Thread(u32),
}
