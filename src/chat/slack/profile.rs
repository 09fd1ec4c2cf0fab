//! What Slack says about a person (docs.slack.dev, users.info).

use serde::Deserialize;

use crate::domain::member::Standing;

/// What Slack says about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name that people see.
    pub name: String,
    /// IANA name of the person's time zone; `None` where Slack gives none that we know.
    pub time_zone: Option<String>,
    /// What they are allowed to be.
    pub standing: Standing,
    /// Whether they run the workspace: an admin or an owner of it, and a full member.
    pub is_admin: bool,
}

/// The answer of `users.info`, as far as it is used.
#[derive(Deserialize)]
pub(super) struct UserInfo {
    pub(super) user: User,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the wire form of users.info")]
pub(super) struct User {
    id: String,
    team_id: Option<String>,
    name: Option<String>,
    real_name: Option<String>,
    tz: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    #[serde(default)]
    is_stranger: bool,
    #[serde(default)]
    is_admin: bool,
    #[serde(default)]
    is_owner: bool,
    #[serde(default)]
    is_primary_owner: bool,
    #[serde(default)]
    profile: Names,
    #[serde(rename = "enterprise_user")]
    enterprise: Option<EnterpriseUser>,
}

#[derive(Default, Deserialize)]
struct Names {
    display_name: Option<String>,
    real_name: Option<String>,
}

#[derive(Deserialize)]
struct EnterpriseUser {
    enterprise_id: Option<String>,
    #[serde(default)]
    teams: Vec<String>,
}

impl User {
    pub(super) fn profile(self, home: &str) -> Profile {
        let standing = self.standing(home);
        // Of somebody from elsewhere Slack may say what they are at home.
        let is_admin = standing == Standing::Full && (self.is_admin || self.is_owner || self.is_primary_owner);
        let names = [self.profile.display_name, self.profile.real_name, self.real_name, self.name, Some(self.id)];
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or_default();
        let time_zone = self.tz.filter(|tz| tz.parse::<chrono_tz::Tz>().is_ok());
        Profile { name, time_zone, standing, is_admin }
    }

    fn standing(&self, home: &str) -> Standing {
        let teams = self.enterprise.as_ref().map_or(&[][..], |user| user.teams.as_slice());
        let organisation = self.enterprise.as_ref().and_then(|user| user.enterprise_id.as_deref());
        let ours =
            [self.team_id.as_deref(), organisation].contains(&Some(home)) || teams.iter().any(|team| team == home);
        if self.deleted {
            Standing::Gone
        } else if self.is_bot || self.id == "USLACKBOT" {
            Standing::Bot
        } else if self.is_restricted || self.is_ultra_restricted || self.is_stranger || !ours {
            Standing::Guest
        } else {
            Standing::Full
        }
    }
}
