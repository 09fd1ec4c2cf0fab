//! What became of a patch, and what may still become of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{
    ids::{MemberId, PatchId},
    project::Revision,
    time::Timestamp,
};

/// A decision that was taken, by whom and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
}

/// What became of a patch. A patch leaves `Proposed` once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PatchState {
    /// Waiting for a decision.
    Proposed,
    /// Approved and part of the plan.
    Applied {
        /// Who gave the last approval.
        decision: Decision,
        /// The revision of the plan that it made.
        revision: Revision,
        /// The numbers of the steps that were approved; all of them unless somebody ticked a part.
        steps: BTreeSet<usize>,
    },
    /// Turned down.
    Rejected {
        /// Who turned it down.
        decision: Decision,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// A newer patch took its place.
    Superseded {
        /// Who asked for the newer one.
        decision: Decision,
        /// The newer one.
        by: PatchId,
    },
    /// Nobody decided in time.
    Expired {
        /// When it lapsed.
        at: Timestamp,
    },
    /// Applied, and taken back by another patch since.
    Undone {
        /// Who took it back.
        decision: Decision,
        /// The patch that took it back.
        by: PatchId,
        /// The revision the patch itself had made.
        revision: Revision,
        /// The steps that had been applied.
        steps: BTreeSet<usize>,
    },
}

impl PatchState {
    /// The words of every state.
    pub const WORDS: [&'static str; 6] = ["proposed", "applied", "rejected", "superseded", "expired", "undone"];

    /// The word stored in the database and shown in metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Applied { .. } => "applied",
            Self::Rejected { .. } => "rejected",
            Self::Superseded { .. } => "superseded",
            Self::Expired { .. } => "expired",
            Self::Undone { .. } => "undone",
        }
    }
}

/// Why a transition was refused: the patch had already left `Proposed` (or, for undo, was not applied).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the patch is already {}", .0.as_str())]
pub struct AlreadyDecided(pub PatchState);

impl PatchState {
    /// `Proposed → Applied`, for these steps.
    pub fn apply(self, decision: Decision, revision: Revision, steps: BTreeSet<usize>) -> Result<Self, AlreadyDecided> {
        self.leave_proposed(Self::Applied { decision, revision, steps })
    }

    /// `Proposed → Rejected`.
    pub fn reject(self, decision: Decision, reason: String) -> Result<Self, AlreadyDecided> {
        self.leave_proposed(Self::Rejected { decision, reason })
    }

    /// `Proposed → Superseded`.
    pub fn supersede(self, decision: Decision, by: PatchId) -> Result<Self, AlreadyDecided> {
        self.leave_proposed(Self::Superseded { decision, by })
    }

    /// `Proposed → Expired`.
    pub fn expire(self, at: Timestamp) -> Result<Self, AlreadyDecided> {
        self.leave_proposed(Self::Expired { at })
    }

    /// `Expired → Proposed`, when somebody renews it.
    pub fn renew(self) -> Result<Self, AlreadyDecided> {
        match self {
            Self::Expired { .. } => Ok(Self::Proposed),
            other => Err(AlreadyDecided(other)),
        }
    }

    /// Who decided on it last; `None` where nobody did.
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Applied { decision, .. }
            | Self::Rejected { decision, .. }
            | Self::Superseded { decision, .. }
            | Self::Undone { decision, .. } => Some(decision),
            Self::Proposed | Self::Expired { .. } => None,
        }
    }

    /// `Applied → Undone`, when the patch that takes it back is applied.
    pub fn undo(self, decision: Decision, by: PatchId) -> Result<Self, AlreadyDecided> {
        match self {
            Self::Applied { revision, steps, .. } => Ok(Self::Undone { decision, by, revision, steps }),
            other => Err(AlreadyDecided(other)),
        }
    }

    fn leave_proposed(self, next: Self) -> Result<Self, AlreadyDecided> {
        match self {
            Self::Proposed => Ok(next),
            other => Err(AlreadyDecided(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::ids::Id;

    fn decision() -> Decision {
        Decision { by: MemberId::from_ulid(Ulid::from_parts(0, 1)), at: Timestamp::from_millis(5) }
    }

    fn states() -> [PatchState; 6] {
        let (by, steps) = (PatchId::from_ulid(Ulid::from_parts(0, 2)), BTreeSet::from([0]));
        [
            PatchState::Proposed,
            PatchState::Applied { decision: decision(), revision: Revision(1), steps: steps.clone() },
            PatchState::Rejected { decision: decision(), reason: String::new() },
            PatchState::Superseded { decision: decision(), by },
            PatchState::Expired { at: Timestamp::from_millis(5) },
            PatchState::Undone { decision: decision(), by, revision: Revision(1), steps },
        ]
    }

    #[test]
    fn every_state_has_its_word() {
        assert_eq!(states().map(|state| state.as_str()), PatchState::WORDS);
    }

    #[test]
    fn a_patch_leaves_its_proposal_once() {
        type Step = fn(PatchState) -> Result<PatchState, AlreadyDecided>;
        let steps: [(&str, Step, &[&str]); 6] = [
            ("applied", |state| state.apply(decision(), Revision(1), BTreeSet::from([0])), &["proposed"]),
            ("rejected", |state| state.reject(decision(), String::new()), &["proposed"]),
            ("superseded", |state| state.supersede(decision(), Id::from_ulid(Ulid::from_parts(0, 2))), &["proposed"]),
            ("expired", |state| state.expire(Timestamp::from_millis(5)), &["proposed"]),
            ("proposed", PatchState::renew, &["expired"]),
            ("undone", |state| state.undo(decision(), Id::from_ulid(Ulid::from_parts(0, 2))), &["applied"]),
        ];
        for (to, step, from) in steps {
            for state in states() {
                match step(state.clone()) {
                    Ok(next) => {
                        assert!(from.contains(&state.as_str()), "{} became {to}", state.as_str());
                        assert_eq!(next.as_str(), to);
                        assert!(states().contains(&next), "{next:?}");
                    }
                    Err(AlreadyDecided(kept)) => {
                        assert!(!from.contains(&state.as_str()), "{} did not become {to}", state.as_str());
                        assert_eq!(kept, state);
                    }
                }
            }
        }
    }
}
