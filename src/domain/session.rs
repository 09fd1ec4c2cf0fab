//! Signing in: browsers that are signed in, the ways there, and how providers name people.

use super::{
    ids::{MemberId, SessionId, TenantId},
    project::words,
    provider::Provider,
    secret::Hashed,
    time::Timestamp,
};

words! {
    /// The other side of an OAuth round trip, and whoever vouches for a person.
    Party {
        /// Slack.
        Slack = "slack",
        /// Discord.
        Discord = "discord",
        /// GitHub.
        GitHub = "github",
        /// Linear.
        Linear = "linear",
        /// Coder.
        Coder = "coder",
        /// The OpenID Connect provider of this server, such as Keycloak.
        Oidc = "oidc",
    }
}

impl Party {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slack => Provider::Slack.name(),
            Self::Discord => Provider::Discord.name(),
            Self::GitHub => Provider::GitHub.name(),
            Self::Linear => Provider::Linear.name(),
            Self::Coder => Provider::Coder.name(),
            Self::Oidc => "OpenID Connect",
        }
    }
}

impl From<Provider> for Party {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Slack => Self::Slack,
            Provider::Discord => Self::Discord,
            Provider::GitHub => Self::GitHub,
            Provider::Linear => Self::Linear,
            Provider::Coder => Self::Coder,
        }
    }
}

words! {
    /// What an OAuth round trip is for.
    Purpose {
        /// To sign somebody in.
        SignIn = "sign_in",
        /// To add a login to the member who is signed in.
        Link = "link",
        /// To give the tenant access.
        Connect = "connect",
        /// To give the member access of their own.
        Own = "own",
        /// To make the operator's app at the provider.
        App = "app",
    }
}

words! {
    /// The way somebody signed in.
    WayIn {
        /// With Slack.
        Slack = "slack",
        /// With the server's OpenID Connect provider.
        Oidc = "oidc",
        /// By a private link from chat.
        Ticket = "ticket",
    }
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names it among others, and opens nothing.
    pub id: SessionId,
    /// Of whom.
    pub member: MemberId,
    /// How they signed in.
    pub how: WayIn,
    /// What the browser calls itself.
    pub browser: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, give or take some minutes.
    pub seen_at: Timestamp,
}

/// An OAuth round trip that was started. Its state and its browser are known by their hashes alone.
#[derive(Clone)]
pub struct StartedFlow {
    /// The hash of the state in the address.
    pub state: Hashed,
    /// The hash of the cookie of the browser that started it.
    pub browser: Hashed,
    /// With whom.
    pub party: Party,
    /// What for.
    pub purpose: Purpose,
    /// The member who started it; `None` where nobody was signed in.
    pub by: Option<(TenantId, MemberId)>,
    /// The verifier of PKCE: worthless without the code that the provider hands to the browser.
    pub verifier: String,
    /// What the provider has to repeat in what it states about the person.
    pub nonce: String,
    /// What the purpose has to remember.
    pub detail: serde_json::Value,
    /// The page to go on with: a path on this site.
    pub return_to: String,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// How a provider where nobody talks to Docket names a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who vouches.
    pub party: Party,
    /// Where the name counts: the issuer, the server.
    pub realm: String,
    /// The person there, by a name that never passes to somebody else.
    pub subject: String,
    /// Who it is here.
    pub member: MemberId,
    /// What people call it there.
    pub name: String,
    /// When it was linked.
    pub linked_at: Timestamp,
}
