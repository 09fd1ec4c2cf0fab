//! Policies as they are stored, those of earlier versions too.
//!
//! A field that this version does not know is an error and no rule is dropped for it: what is not understood must not
//! let anything pass.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Approvers, Large, Lazy, Move, Policy, Small, Stricter};

/// What a project sets otherwise than its tenant; what is `None` stays the tenant's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Override {
    /// See [`Policy::approvers`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Approvers>,
    /// See [`Policy::approvals`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<usize>,
    /// See [`Policy::self_approval`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_approval: Option<bool>,
    /// See [`Policy::deletes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<Stricter>,
    /// See [`Policy::large`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large: Option<Large>,
    /// See [`Policy::expiry`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Duration>,
    /// See [`Policy::auto`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<BTreeSet<Small>>,
    /// See [`Policy::lazy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lazy: Option<Lazy>,
    /// See [`Policy::moves`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<BTreeSet<Move>>,
}

impl Override {
    /// This with what `more` says otherwise.
    #[must_use]
    pub fn with(self, more: Self) -> Self {
        Self {
            approvers: more.approvers.or(self.approvers),
            approvals: more.approvals.or(self.approvals),
            self_approval: more.self_approval.or(self.self_approval),
            deletes: more.deletes.or(self.deletes),
            large: more.large.or(self.large),
            expiry: more.expiry.or(self.expiry),
            auto: more.auto.or(self.auto),
            lazy: more.lazy.or(self.lazy),
            moves: more.moves.or(self.moves),
        }
    }
}

/// A tenant's policy in the database.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    approvers: Option<Approvers>,
    approvals: Option<usize>,
    self_approval: Option<bool>,
    deletes: Option<Stricter>,
    large: Option<Large>,
    expiry: Option<Duration>,
    auto: Option<BTreeSet<Small>>,
    lazy: Option<Lazy>,
    moves: Option<BTreeSet<Move>>,
    /// Until the kinds could be chosen, all or none of them.
    auto_apply_small: Option<bool>,
}

impl From<Stored> for Policy {
    fn from(stored: Stored) -> Self {
        let before = match stored.auto_apply_small {
            Some(false) => Some(BTreeSet::new()),
            Some(true) | None => None,
        };
        let Stored { approvers, approvals, self_approval, deletes, large, expiry, auto, lazy, moves, .. } = stored;
        let auto = auto.or(before);
        let own = Override { approvers, approvals, self_approval, deletes, large, expiry, auto, lazy, moves };
        Self::default().with(&own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Policy, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn what_earlier_versions_stored_means_what_it_meant() {
        let old = r#"{"approvals":2,"self_approval":false,"auto_apply_small":true,"expiry":{"secs":604800,"nanos":0}}"#;
        let expected = Policy { approvals: 2, self_approval: false, ..Policy::default() };
        assert_eq!(read(old).unwrap(), expected);
        let none = Policy { auto: BTreeSet::new(), ..expected };
        assert_eq!(read(&old.replace("true", "false")).unwrap(), none);
        assert_eq!(read(&serde_json::to_string(&none).unwrap()).unwrap(), none);
    }

    #[test]
    fn a_rule_that_is_not_known_is_an_error_and_not_nothing() {
        assert!(read(r#"{"approvals":2,"on_mondays":"never"}"#).is_err());
        assert!(read(r#"{"approvers":{"roles":["owner"],"quorum":2}}"#).is_err());
        assert!(serde_json::from_str::<Override>(r#"{"approvals":2,"on_mondays":"never"}"#).is_err());
    }

    #[test]
    fn a_project_sets_only_what_it_says() {
        let own = Override { approvals: Some(3), ..Override::default() };
        assert_eq!(serde_json::to_string(&own).unwrap(), r#"{"approvals":3}"#);
        let both = Policy { self_approval: false, ..Policy::default() }.with(&own);
        assert_eq!(both, Policy { self_approval: false, approvals: 3, ..Policy::default() });
    }
}
