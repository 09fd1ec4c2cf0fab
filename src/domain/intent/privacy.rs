//! What is wanted of what is kept of what people say.

use serde::{Deserialize, Serialize};

/// What is to be different in what is kept of what people say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyWish {
    /// Whether what is said in the channel is kept.
    Keep(bool),
    /// For how many days messages are kept.
    Days(u32),
    /// That the last hours of the channel are read once.
    Backfill,
}

/// What is to be forgotten of what people said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForgetWish {
    /// Everything that the sender said.
    Me,
    /// Everything that was said in the channel.
    Channel {
        /// Whether the sender was asked before.
        is_sure: bool,
    },
    /// The conversation of this number.
    Thread(u32),
}
