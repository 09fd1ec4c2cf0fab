//! What is wanted of what channels are told.

use serde::{Deserialize, Serialize};

use crate::domain::announce::Topic;

/// What is to be different in what a channel is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnounceWish {
    /// Topics that are told from now on, or no longer.
    Topics(Vec<(Topic, bool)>),
    /// Something of which nothing is told from now on, or which is told again.
    Mute {
        /// What.
        what: Muted,
        /// Whether nothing is told.
        is_muted: bool,
    },
}

/// Something of which nothing is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Muted {
    /// A repository, as somebody said it.
    Repository(String),
    /// Pull requests with a label.
    Label(String),
}
