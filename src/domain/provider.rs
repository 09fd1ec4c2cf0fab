//! The services that a tenant connects.

use super::project::words;

words! {
    /// A service that a tenant connects: where people talk, or where work happens.
    Provider {
        /// Slack workspaces, or whole organisations of them.
        Slack = "slack",
        /// Discord servers, which its API calls guilds.
        Discord = "discord",
        /// GitHub, or a GitHub Enterprise Server.
        GitHub = "github",
        /// Linear organisations.
        Linear = "linear",
        /// Coder deployments, whose workspaces belong to people.
        Coder = "coder",
    }
}

impl Provider {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Discord => "Discord",
            Self::GitHub => "GitHub",
            Self::Linear => "Linear",
            Self::Coder => "Coder",
        }
    }
}
