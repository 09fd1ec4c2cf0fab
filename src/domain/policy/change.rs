//! A proposed change of the policy itself, which owners decide on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Override, Policy, Refusal, able};
use crate::domain::{
    event::Venue,
    ids::{ChangeId, MemberId, ProjectId},
    member::{Member, Role},
    patch::Decision,
    project::words,
    time::Timestamp,
};

/// What people call a change of the rules: `R-7`, counted per tenant from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChangeCode(pub u32);

impl fmt::Display for ChangeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R-{}", self.0)
    }
}

impl FromStr for ChangeCode {
    type Err = ();

    /// Reads `R-7` in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_prefix("R-").or_else(|| text.strip_prefix("r-")).ok_or(())?;
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        number.parse().ok().filter(|n| digits && *n > 0).map(Self).ok_or(())
    }
}

/// The rules of one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "rules", rename_all = "snake_case")]
pub enum Rules {
    /// The tenant's.
    Tenant(Policy),
    /// What a project sets otherwise.
    Project(Override),
}

/// A proposed change of the policy. Its text never changes: what should be different is another change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// Its id.
    pub id: ChangeId,
    /// What people call it.
    pub code: ChangeCode,
    /// How many changes of the policy had been approved when it was made.
    pub revision: u32,
    /// The project whose rules it changes; `None` for the tenant's.
    pub project: Option<ProjectId>,
    /// The rules it was made against.
    pub before: Rules,
    /// The rules it makes.
    pub after: Rules,
    /// Who proposed it.
    pub author: MemberId,
    /// The words that asked for it.
    pub words: String,
    /// What became of it.
    pub state: ChangeState,
    /// Where its card stands.
    pub venue: Venue,
    /// The surface's id of the card, once it is posted.
    pub message: Option<String>,
    /// A fingerprint of what the card says now.
    pub shown: Option<String>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When it lapses unless somebody decides.
    pub expires_at: Timestamp,
}

/// What became of a change of the policy. It leaves `Open` once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ChangeState {
    /// Waiting for an owner.
    Open,
    /// The policy.
    Approved {
        /// Who approved it.
        decision: Decision,
    },
    /// Turned down.
    Rejected {
        /// Who turned it down.
        decision: Decision,
    },
    /// Another change of the same rules came first.
    Stale {
        /// When.
        at: Timestamp,
    },
    /// Nobody decided in time.
    Expired {
        /// When it lapsed.
        at: Timestamp,
    },
}

impl ChangeState {
    /// The word stored in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Stale { .. } => "stale",
            Self::Expired { .. } => "expired",
        }
    }
}

words! {
    /// What can be done to a change of the policy. The word is the one that is typed after `policy`.
    ChangeAction {
        /// Make it the policy.
        Approve = "approve",
        /// Turn it down.
        Reject = "reject",
    }
}

/// Why a person may not decide on a change of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefusal {
    /// They count for nothing at all.
    #[error("{0}")]
    Not(#[from] Refusal),
    /// They are no owner.
    #[error("only owners approve changes of the policy")]
    NotOwner,
    /// Another owner has to look at it.
    #[error("you proposed it, and there is another owner to look at it")]
    Author,
}

/// Whether `by` may decide on a change that `author` proposed. `owners` are the full members who are owners, the
/// person at the console apart, whom nobody else can reach.
///
/// # Errors
/// Why not.
pub fn may_decide(action: ChangeAction, by: &Member, author: MemberId, owners: &[Member]) -> Result<(), ChangeRefusal> {
    able(by)?;
    let is_author = by.id == author;
    if action == ChangeAction::Reject && is_author {
        return Ok(());
    }
    if by.effective_role() != Role::Owner {
        return Err(ChangeRefusal::NotOwner);
    }
    if is_author && owners.iter().any(|owner| owner.id != author) { Err(ChangeRefusal::Author) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::Id, member::Standing};

    fn member(id: u128, role: Role) -> Member {
        Member {
            id: MemberId::from_ulid(ulid::Ulid::from_parts(0, id)),
            name: "Ana".to_owned(),
            role,
            standing: Standing::Full,
            time_zone: "UTC".to_owned(),
        }
    }

    #[test]
    fn an_owner_other_than_the_author_approves_where_there_is_one() {
        use ChangeAction::{Approve, Reject};
        let (ana, ben) = (member(1, Role::Owner), member(2, Role::Owner));
        let (admin, local) = (member(3, Role::Admin), member(4, Role::Owner));
        let guest = Member { standing: Standing::Guest, ..ana.clone() };
        let both = [ana.clone(), ben.clone()];
        let one = std::slice::from_ref(&ana);
        for (action, by, author, owners, verdict) in [
            (Approve, &ana, &admin, &both[..], Ok(())),
            (Approve, &ben, &ana, &both[..], Ok(())),
            (Approve, &local, &ana, &both[..], Ok(())),
            (Approve, &ana, &ana, &both[..], Err(ChangeRefusal::Author)),
            (Approve, &local, &local, &both[..], Err(ChangeRefusal::Author)),
            (Approve, &ana, &ana, one, Ok(())),
            (Approve, &local, &local, &[][..], Ok(())),
            (Approve, &admin, &admin, one, Err(ChangeRefusal::NotOwner)),
            (Approve, &admin, &ana, one, Err(ChangeRefusal::NotOwner)),
            (Approve, &guest, &admin, one, Err(ChangeRefusal::Not(Refusal::Guest))),
            (Reject, &admin, &admin, one, Ok(())),
            (Reject, &admin, &ana, one, Err(ChangeRefusal::NotOwner)),
            (Reject, &ana, &ana, &both[..], Ok(())),
        ] {
            assert_eq!(may_decide(action, by, author.id, owners), verdict, "{action:?} {by:?} {author:?}");
        }
    }

    #[test]
    fn a_code_reads_in_any_case() {
        assert_eq!("r-7".parse(), Ok(ChangeCode(7)));
        assert_eq!(ChangeCode(7).to_string(), "R-7");
        for wrong in ["", "7", "R7", "R-", "R-0", "R-+1", "P-1"] {
            assert_eq!(wrong.parse::<ChangeCode>(), Err(()), "{wrong}");
        }
    }
}
