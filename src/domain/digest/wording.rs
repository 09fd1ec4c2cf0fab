//! What a model may say differently in a digest: the words of its focus, and which conversations belong together. Never a
//! fact.

use serde::{Deserialize, Serialize};

/// What a model made of the facts of a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wording {
    /// The model, as `account/model`; `None` where none said anything of use, and the rules speak.
    pub by: Option<String>,
    /// The focus of the day.
    pub focus: Option<FocusLine>,
    /// Conversations that belong together, each in one group at most.
    pub groups: Vec<Group>,
}

/// The focus of the day in a model's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FocusLine {
    /// The words, on one line.
    pub words: String,
    /// The facts that they were made of, as the rules say them. They hold only while these read the same.
    pub of: Vec<String>,
}

/// Conversations that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What they are about, in a few words.
    pub name: String,
    /// Their numbers, at least two.
    pub conversations: Vec<u32>,
}
