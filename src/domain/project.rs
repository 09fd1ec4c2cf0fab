//! A project: the root of a task tree.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ids::ProjectId;

/// Counts the changes of one plan: 0 before its first patch, one more with each applied patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u32);

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A project's short name, such as `AUTH`: 2 to 10 characters, `A–Z` first, then `A–Z` or `0–9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectKey(String);

/// Why a text is no project key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a project key is 2 to 10 letters or digits and starts with a letter, such as AUTH")]
pub struct InvalidProjectKey;

impl ProjectKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This key, or the first of `AUTH2`, `AUTH3` and so on that is not among the `taken` ones.
    pub fn free(self, taken: &BTreeSet<Self>) -> Option<Self> {
        std::iter::successors(Some(self), Self::next).find(|key| !taken.contains(key))
    }

    /// The key with the next number behind it: `AUTH`, `AUTH2`, `AUTH3` and so on to four digits.
    fn next(&self) -> Option<Self> {
        let word = self.0.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = self.0.strip_prefix(word)?.parse().unwrap_or(1_u32).max(1);
        let digits = (number < 9_999).then(|| (number + 1).to_string())?;
        Some(Self(format!("{}{digits}", word.get(..10 - digits.len()).unwrap_or(word))))
    }
}

impl FromStr for ProjectKey {
    type Err = InvalidProjectKey;

    /// Reads a key in any case: `auth` is `AUTH`.
    fn from_str(text: &str) -> Result<Self, InvalidProjectKey> {
        let key = text.to_ascii_uppercase();
        let starts_well = key.starts_with(|c: char| c.is_ascii_uppercase());
        let plain = key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if (2..=10).contains(&key.len()) && starts_well && plain { Ok(Self(key)) } else { Err(InvalidProjectKey) }
    }
}

impl TryFrom<String> for ProjectKey {
    type Error = InvalidProjectKey;

    fn try_from(text: String) -> Result<Self, InvalidProjectKey> {
        text.parse()
    }
}

impl From<ProjectKey> for String {
    fn from(key: ProjectKey) -> Self {
        key.0
    }
}

impl fmt::Display for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Declares an enum that is stored, shown and read as one snake-case word each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that is stored and typed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value stored as `word`.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a project stands in its life.
    Lifecycle {
        /// Its plan is being made.
        Draft = "draft",
        /// Every task has an estimate.
        Estimated = "estimated",
        /// Its repository and workspace are being made.
        Provisioning = "provisioning",
        /// Ready to be worked on.
        Initialized = "initialized",
        /// Being designed.
        Designing = "designing",
        /// The design is agreed.
        Designed = "designed",
        /// Being built.
        Implementing = "implementing",
        /// Built.
        Implemented = "implemented",
        /// Being tested.
        Verifying = "verifying",
        /// Tested.
        Verified = "verified",
        /// Being put into use.
        Deploying = "deploying",
        /// In use.
        Active = "active",
        /// In use and only kept going.
        Maintenance = "maintenance",
        /// An incident: its repository is gone.
        Missing = "missing",
        /// Put away.
        Archived = "archived",
    }
}

/// A project without its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The project's id.
    pub id: ProjectId,
    /// The short name in front of its task numbers.
    pub key: ProjectKey,
    /// One line, at most 120 characters.
    pub title: String,
    /// A few sentences; may be empty.
    pub summary: String,
    /// Where it stands in its life.
    pub lifecycle: Lifecycle,
    /// How often its plan has changed.
    pub revision: Revision,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_plain() {
        assert_eq!("auth".parse::<ProjectKey>().unwrap().as_str(), "AUTH");
        assert!("A2".parse::<ProjectKey>().is_ok());
        for wrong in ["", "A", "2A", "TOOLONGAKEY", "A-B", "ÄB", "A B"] {
            assert_eq!(wrong.parse::<ProjectKey>(), Err(InvalidProjectKey), "{wrong}");
        }
    }

    #[test]
    fn every_lifecycle_word_reads_back() {
        for lifecycle in Lifecycle::ALL {
            assert_eq!(Lifecycle::from_word(lifecycle.as_str()), Some(*lifecycle));
        }
    }
}
