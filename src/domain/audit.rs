//! The audit trail: who did what, when, from where, and what it changed. Append-only.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    event::Venue,
    ids::{AuditId, MemberId},
    time::Timestamp,
};

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The entry's id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it; `None` for Docket itself, such as an expiry.
    pub actor: Option<MemberId>,
    /// What they did, as `noun.verb`: `patch.proposed`, `patch.applied`, `patch.refused` …
    pub action: String,
    /// What it was done to: a patch or project id.
    pub subject: String,
    /// From where, if it came from a conversation.
    pub venue: Option<Venue>,
    /// How it was before; null where there was nothing.
    pub before: Value,
    /// How it is since; null where nothing is left.
    pub after: Value,
}
