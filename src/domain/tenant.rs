//! A tenant's presence on the platforms.

use serde::{Deserialize, Serialize};

use super::member::Surface;

/// Why an installation no longer works that somebody disconnected here.
pub const DISCONNECTED: &str = "disconnected";

/// A platform organisation that belongs to a tenant: at most one tenant each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The platform.
    pub surface: Surface,
    /// The organisation there, such as a Slack team id.
    pub team: String,
    /// What the platform calls it.
    pub name: String,
    /// Our own user there, whose messages are not listened to.
    pub bot_user: String,
    /// Why it no longer works: `app_uninstalled`, `tokens_revoked`, [`DISCONNECTED`]; `None` while it does.
    pub removed: Option<String>,
}
