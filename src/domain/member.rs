//! People, and how the platforms know them.

use serde::{Deserialize, Serialize};

use super::{ids::MemberId, project::words};

/// Where people talk to Docket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// A Slack workspace.
    Slack,
    /// The web console, which `docket say` shares.
    Console,
}

impl Surface {
    /// The word stored in the database and shown in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Console => "console",
        }
    }
}

/// How a platform names a person: the organisation there and the user in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The platform.
    pub surface: Surface,
    /// The organisation on that platform: a Slack team id; `local` for the console.
    pub team: String,
    /// The user on that platform, such as `U061F7AUR`.
    pub user: String,
}

/// What a person is allowed to be in the tenant, as the platform last told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A full member of the organisation.
    Full,
    /// A guest: restricted, or from another organisation through a shared channel.
    Guest,
    /// A bot or an app.
    Bot,
    /// Deactivated on the platform.
    Gone,
    /// Not looked up yet. Never counts as a full member.
    Unknown,
}

impl Standing {
    /// The word stored in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Guest => "guest",
            Self::Bot => "bot",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

words! {
    /// What a member may do, from the most to the least. Whoever is not a full member of the organisation is a viewer,
    /// whatever role is stored: see [`Member::role`].
    Role {
        /// Runs this tenant: names owners, approves changes of the policy, deletes the tenant.
        Owner = "owner",
        /// Connects platforms, names everybody but owners, looks after models and tokens.
        Admin = "admin",
        /// Decides on changes of plans.
        Approver = "approver",
        /// Proposes changes, and decides where the policy says so.
        Member = "member",
        /// Reads.
        Viewer = "viewer",
    }
}

/// A person in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The member's id.
    pub id: MemberId,
    /// The name shown on cards; the platform's user id until it was looked up.
    pub name: String,
    /// What the member may do.
    pub role: Role,
    /// What the platform last said about the member.
    pub standing: Standing,
    /// IANA name of the member's time zone, such as `Europe/Paris`.
    pub time_zone: String,
}
