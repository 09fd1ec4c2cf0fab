//! A delivery: one verified inbound request, stored before it is acknowledged.

use serde::{Deserialize, Serialize};

use super::{
    ids::{DeliveryId, TenantId},
    project::words,
    time::Timestamp,
};

words! {
    /// The door a delivery came in by.
    Source {
        /// A Slack slash command.
        SlackCommand = "slack.command",
        /// A click, a form or another interaction in Slack.
        SlackInteraction = "slack.interaction",
        /// A Slack event.
        SlackEvent = "slack.event",
        /// A line or a click in the console, or `docket say`.
        Console = "console",
        /// A webhook of GitHub. Its dedupe key is the event's name, a blank, and the delivery's id there.
        GitHub = "github",
    }
}

/// A verified inbound request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The delivery's id.
    pub id: DeliveryId,
    /// Whose it is; `None` only for one that was kept for inspection because nobody could tell.
    pub tenant: Option<TenantId>,
    /// The door it came in by.
    pub source: Source,
    /// Unique per tenant and source: a second delivery of the same key is the same request again.
    pub dedupe_key: String,
    /// The raw body, exactly as it was signed; where it held a provider's key, with that sealed or masked. Of an event of
    /// Slack that was handled nothing.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}
