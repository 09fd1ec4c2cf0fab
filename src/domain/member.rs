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
    /// whatever role is stored: see [`Member::effective_role`].
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

impl Role {
    /// The role as somebody is it: `an owner`.
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Owner => "an owner",
            Self::Admin => "an admin",
            Self::Approver => "an approver",
            Self::Member => "a member",
            Self::Viewer => "a viewer",
        }
    }

    /// What it lets people do, in a sentence.
    pub const fn may(self) -> &'static str {
        match self {
            Self::Owner => "Owners name everybody's role and approve changes of the policy.",
            Self::Admin => "Admins name everybody but owners and admins, and look after models and connections.",
            Self::Approver => "Approvers decide on changes of plans.",
            Self::Member => "Members propose changes, and decide where the policy says so.",
            Self::Viewer => "Viewers read.",
        }
    }
}

impl Member {
    /// The role that counts: whoever is not a full member of the organisation is a viewer.
    pub fn effective_role(&self) -> Role {
        if self.standing == Standing::Full { self.role } else { Role::Viewer }
    }

    /// Whether the member looks after this tenant: an owner or an admin.
    pub fn is_in_charge(&self) -> bool {
        self.effective_role() <= Role::Admin
    }
}

/// Why somebody may not give a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NamingRefusal {
    /// Neither owner nor admin.
    #[error("only owners and admins give roles")]
    NotInCharge,
    /// An admin reached for owners or admins.
    #[error("only owners make or unmake owners and admins")]
    NotOwner,
    /// Nobody would be left.
    #[error("there has to be an owner, and this is the last one; make somebody else owner first")]
    LastOwner,
}

/// Whether `by` may give `whom` the role `to`. `others` is how many owners there are besides: full members, and not the
/// person at the console, whom nobody else can reach.
///
/// # Errors
/// Why not.
pub fn may_name(by: &Member, whom: &Member, to: Role, others: usize) -> Result<(), NamingRefusal> {
    if !by.is_in_charge() {
        return Err(NamingRefusal::NotInCharge);
    }
    if by.effective_role() != Role::Owner && (whom.role <= Role::Admin || to <= Role::Admin) {
        return Err(NamingRefusal::NotOwner);
    }
    if whom.role == Role::Owner && to != Role::Owner && others == 0 {
        return Err(NamingRefusal::LastOwner);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Id;

    fn member(role: Role, standing: Standing) -> Member {
        let id = MemberId::from_ulid(ulid::Ulid::from_parts(0, role as u128));
        Member { id, name: "Ana".to_owned(), role, standing, time_zone: "UTC".to_owned() }
    }

    #[test]
    fn only_full_members_are_what_their_role_says() {
        for role in Role::ALL {
            assert_eq!(member(*role, Standing::Full).effective_role(), *role);
            for standing in [Standing::Guest, Standing::Bot, Standing::Gone, Standing::Unknown] {
                assert_eq!(member(*role, standing).effective_role(), Role::Viewer, "{standing:?}");
                assert!(!member(*role, standing).is_in_charge());
            }
        }
    }

    #[test]
    fn owners_name_everybody_and_admins_everybody_below_them() {
        use Role::{Admin, Approver, Member, Owner, Viewer};
        for (by, from, to, others, verdict) in [
            (Owner, Owner, Viewer, 1, Ok(())),
            (Owner, Owner, Admin, 0, Err(NamingRefusal::LastOwner)),
            (Owner, Owner, Owner, 0, Ok(())),
            (Owner, Viewer, Owner, 1, Ok(())),
            (Admin, Member, Approver, 1, Ok(())),
            (Admin, Approver, Viewer, 1, Ok(())),
            (Admin, Member, Admin, 1, Err(NamingRefusal::NotOwner)),
            (Admin, Admin, Member, 1, Err(NamingRefusal::NotOwner)),
            (Admin, Owner, Member, 1, Err(NamingRefusal::NotOwner)),
            (Approver, Member, Viewer, 1, Err(NamingRefusal::NotInCharge)),
            (Member, Member, Owner, 1, Err(NamingRefusal::NotInCharge)),
            (Viewer, Viewer, Member, 1, Err(NamingRefusal::NotInCharge)),
        ] {
            let (by, whom) = (member(by, Standing::Full), member(from, Standing::Full));
            assert_eq!(may_name(&by, &whom, to, others), verdict, "{by:?} {whom:?} {to:?}");
        }
        let guest = member(Owner, Standing::Guest);
        assert_eq!(may_name(&guest, &member(Member, Standing::Full), Viewer, 1), Err(NamingRefusal::NotInCharge));
    }
}
