//! Tokens of the JSON API: what a program may do in a member's name.

use std::{collections::BTreeSet, time::Duration};

use super::{
    ids::{MemberId, TokenId},
    project::words,
    time::Timestamp,
};

/// How the text of every token starts, so that people and scanners of secrets know one when they see it.
pub const PREFIX: &str = "docket_";
/// Characters in the name of a token.
pub const MAX_NAME: usize = 60;
/// The longest that a token may be given to live.
pub const MAX_LIFE: Duration = Duration::from_hours(366 * 24);
/// How often it is noted that a token is in use, at most.
pub const NOTED_EVERY: Duration = Duration::from_mins(5);

words! {
    /// What a token is for. It never gives more than its member has at that moment.
    Scope {
        /// See projects, tasks, patches, members and the audit trail.
        Read = "read",
        /// Propose changes, and propose to take applied ones back.
        Propose = "propose",
        /// Approve and reject.
        Decide = "decide",
    }
}

impl Scope {
    /// What it allows, for people.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Read => "see projects, tasks, patches, members and the audit trail",
            Self::Propose => "propose changes, which somebody then decides on",
            Self::Decide => "approve and reject, as far as you may yourself",
        }
    }
}

/// A token of the JSON API. Its text is known to whoever made it and to nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token's id.
    pub id: TokenId,
    /// What its maker calls it.
    pub name: String,
    /// What it is for.
    pub scopes: BTreeSet<Scope>,
    /// Who made it, and in whose name it acts.
    pub member: MemberId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within [`NOTED_EVERY`].
    pub used_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether its time is over.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    /// Whether it should be noted that it is in use.
    pub fn is_worth_noting(&self, now: Timestamp) -> bool {
        self.used_at.is_none_or(|used| now.since(used) >= NOTED_EVERY)
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::ids::Id;

    #[test]
    fn a_token_ends_at_its_time_and_its_use_is_noted_now_and_then() {
        let at = Timestamp::from_millis;
        let token = ApiToken {
            id: TokenId::from_ulid(Ulid::from_parts(0, 1)),
            name: "CI".to_owned(),
            scopes: BTreeSet::from([Scope::Read]),
            member: MemberId::from_ulid(Ulid::from_parts(0, 2)),
            created_at: at(0),
            expires_at: Some(at(1_000)),
            used_at: None,
        };
        assert!(!token.has_expired(at(999)) && token.has_expired(at(1_000)));
        assert!(!ApiToken { expires_at: None, ..token.clone() }.has_expired(at(i64::MAX)));
        assert!(token.is_worth_noting(at(0)));
        let used = ApiToken { used_at: Some(at(0)), ..token };
        assert!(!used.is_worth_noting(at(299_999)) && used.is_worth_noting(at(300_000)));
    }
}
