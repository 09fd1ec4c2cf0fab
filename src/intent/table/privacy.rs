//! Commands about what Docket keeps of what people say.

use super::kinds::{Command, Kind, optional, required};
use crate::domain::intent::Intent;

/// What is kept.
pub(super) const PRIVACY: Command = Command {
    name: "privacy",
    aliases: &[],
    arguments: &[optional("off|on|keep 7 days|backfill", Kind::Privacy, &[])],
    help: "what Docket keeps of what is said in channels, and for how long",
    more: "Members turn it off for the channel they are in; whoever did, or an owner or admin, turns it on again. Owners \
           and admins say for how many days messages are kept, up to 90. “backfill” reads once what was said in the channel \
           in the last 24 hours, before Docket was there.",
    examples: &["privacy", "privacy off", "privacy on", "privacy keep 7 days", "privacy backfill"],
    build: |v| v.either(Intent::Privacy),
};

/// Forgetting it.
pub(super) const FORGET: Command = Command {
    name: "forget",
    aliases: &[],
    arguments: &[required("me|channel|T-7", Kind::Forget, &[])],
    help: "have Docket forget what you said, what was said in this channel, or one conversation",
    more: "Messages are deleted at once and for good, and what comes of them later is not kept either. Plans, proposals \
           and decisions stay.",
    examples: &["forget me", "forget channel", "forget channel yes", "forget T-7"],
    build: |v| v.whole(),
};
