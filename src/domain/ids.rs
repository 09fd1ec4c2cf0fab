//! Identifiers: prefixed ULIDs for things that are stored, short codes for things that people say.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// Why a text is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {expected} identifier")]
pub struct InvalidId {
    /// The prefix that was expected, such as `pat`.
    pub expected: &'static str,
}

/// A stored identifier: made from a ULID, written `prefix_ULID`.
pub trait Id: Sized {
    /// The three letters in front, such as `pat`.
    const PREFIX: &'static str;

    /// Wraps a freshly made ULID.
    fn from_ulid(ulid: Ulid) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_ulid(ulid: Ulid) -> Self {
                Self(ulid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { expected: $prefix };
                let ulid = text.strip_prefix(concat!($prefix, "_")).ok_or(invalid.clone())?;
                Ulid::from_string(ulid).map(Self).map_err(|_| invalid)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One customer organisation.
    TenantId = "ten";
    /// A person in a tenant.
    MemberId = "mem";
    /// A project.
    ProjectId = "prj";
    /// A patch; people call it by its [`PatchCode`](super::patch::PatchCode).
    PatchId = "pat";
    /// A verified inbound request.
    DeliveryId = "dlv";
    /// A unit of background work.
    JobId = "job";
    /// The message that shows a patch on a surface.
    CardId = "crd";
    /// A private answer on its way to one person.
    AnswerId = "ans";
    /// An entry of the audit trail.
    AuditId = "aud";
    /// A line of the console's conversation.
    EntryId = "ent";
    /// An account with a provider of models.
    AccountId = "acc";
    /// A call of a model.
    CallId = "cal";
    /// A browser that is signed in.
    SessionId = "ses";
    /// A tenant's, or a member's own, access to a provider.
    ConnectionId = "con";
    /// A token of the JSON API.
    TokenId = "tok";
    /// A proposed change of the policy.
    ChangeId = "pch";
    /// A repository that went missing.
    IncidentId = "inc";
    /// The message that shows a pull request on a surface.
    PullCardId = "pcd";
    /// A line about something that happened at a tracker.
    NoticeId = "ntc";
    /// A wish that an issue stands for a task.
    OrderId = "ord";
    /// A schedule of digests.
    ScheduleId = "sch";
    /// A digest: one message for one slot of a schedule, or for somebody who asked.
    DigestId = "dig";
    /// A reminder.
    ReminderId = "rem";
    /// A conversation that people had in a channel.
    ThreadId = "thr";
    /// A reading of what was said in a channel before.
    BackfillId = "bfl";
    /// A calendar of days on which nobody works.
    CalendarId = "cld";
    /// What was made of a conversation at one time.
    MatchId = "mat";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes_and_nothing_else() {
        let id = PatchId::from_ulid(Ulid::from_parts(1_700_000_000_000, 42));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in
            ["", "pat", "pat_", "tsk_01HF7YAT00000000000000001A", "pat_not-a-ulid", "01HF7YAT00000000000000001A"]
        {
            assert_eq!(wrong.parse::<PatchId>(), Err(InvalidId { expected: "pat" }), "{wrong}");
        }
    }
}
