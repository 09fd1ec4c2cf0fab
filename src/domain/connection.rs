//! Access to a provider: a tenant's, or a member's own.

use std::time::Duration;

use super::{
    ids::{ConnectionId, MemberId},
    project::words,
    provider::Provider,
    secret::Sealed,
    time::Timestamp,
};

/// A token that ends sooner than this is refreshed before it is used.
pub const SHORT: Duration = Duration::from_mins(5);

/// How long before its end a token is refreshed at the earliest.
const AHEAD: Duration = Duration::from_hours(2);

words! {
    /// What a connection is good for.
    Condition {
        /// It works, as far as is known.
        Live = "live",
        /// It no longer works, and somebody has to connect it again.
        Broken = "broken",
        /// Somebody disconnected it; its token is being revoked, and nothing else is done with it.
        Leaving = "leaving",
    }
}

/// A tenant's, or a member's own, access to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The connection's id, which stays when it is connected again.
    pub id: ConnectionId,
    /// What it leads to.
    pub provider: Provider,
    /// The organisation there, by the provider's own id: a Slack team or enterprise, a Discord server, a GitHub
    /// installation, a Linear organisation; of Coder the address and the user. At most one tenant has each.
    pub realm: String,
    /// The member whose own it is; `None` for the tenant's.
    pub owner: Option<MemberId>,
    /// What the provider calls the organisation.
    pub name: String,
    /// As whom Docket acts there, such as `docket` or `app/docket-acme`.
    pub account: String,
    /// Where it is, for people.
    pub url: String,
    /// What Docket may do there.
    pub scopes: Vec<String>,
    /// The token, sealed for [`purpose`]`(…, "access")`; `None` once it is known to be dead.
    pub access: Option<Sealed>,
    /// What fresh tokens are got with, sealed for [`purpose`]`(…, "refresh")`.
    pub refresh: Option<Sealed>,
    /// When the token ends; `None` where it does not.
    pub expires_at: Option<Timestamp>,
    /// What it is good for.
    pub condition: Condition,
    /// Why it is broken, in words for people, and since when.
    pub trouble: Option<(String, Timestamp)>,
    /// Grows whenever the tokens change; guards that change.
    pub version: u32,
    /// Who connected it last.
    pub by: MemberId,
    /// When that was.
    pub connected_at: Timestamp,
    /// When its token was refreshed last.
    pub refreshed_at: Option<Timestamp>,
}

impl Connection {
    /// Whether the token lives for less than `ahead` from `now`, and can't be used without a fresh one.
    pub fn ends_within(&self, ahead: Duration, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now.plus(ahead))
    }

    /// How long before its end a token is refreshed that has `life` left: the longer it lives, the more time there is
    /// for a provider to be away.
    pub fn ahead(life: Duration) -> Duration {
        (life / 4).clamp(SHORT * 2, AHEAD)
    }

    /// How much of `ahead` there is to gain: what somebody pasted can't be refreshed, and works to its end.
    pub fn margin(&self, ahead: Duration) -> Duration {
        if self.provider == Provider::Coder && self.refresh.is_none() { Duration::ZERO } else { ahead }
    }
}

/// What a token is sealed for. `what` is `access` or `refresh`.
pub fn purpose(provider: Provider, id: ConnectionId, what: &str) -> String {
    format!("connection {} {id} {what}", provider.as_str())
}

/// A tenant's own app at a provider: a GitHub App that was made by a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderApp {
    /// Where.
    pub provider: Provider,
    /// Its number there.
    pub number: u64,
    /// Its name in addresses.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// Its page.
    pub url: String,
    /// Its client id.
    pub client_id: String,
    /// Its client secret, sealed for [`app_purpose`]`(…, "client")`.
    pub client_secret: Sealed,
    /// Its private key in PEM, sealed for [`app_purpose`]`(…, "key")`.
    pub private_key: Sealed,
    /// The secret that its webhooks are signed with, sealed for [`app_purpose`]`(…, "hook")`.
    pub hook_secret: Option<Sealed>,
    /// Who made it.
    pub by: MemberId,
    /// When.
    pub made_at: Timestamp,
}

/// What a secret of a tenant's own app is sealed for. `what` is `client`, `key` or `hook`.
pub fn app_purpose(provider: Provider, what: &str) -> String {
    format!("app {} {what}", provider.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_refreshed_the_earlier_the_longer_it_lives() {
        for (life, ahead) in [(1, 15), (8, 120), (12, 120), (24, 120), (24 * 7, 120)] {
            assert_eq!(Connection::ahead(Duration::from_hours(life)), Duration::from_mins(ahead), "{life} h");
        }
        assert_eq!(Connection::ahead(Duration::from_secs(1)), SHORT * 2);
    }
}
