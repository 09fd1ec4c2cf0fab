//! The command about reminders.

use super::kinds::{Command, Kind, optional};
use crate::domain::intent::Intent;

/// What somebody wants to be reminded of.
pub(super) const REMIND: Command = Command {
    name: "remind",
    aliases: &["reminders"],
    arguments: &[optional("task when words|list|cancel 1", Kind::Remind, &[])],
    help: "remind you of a task, or of anything, in a private message",
    more: "Say when in front or at the end, on your own clock. The message says how the task stands by then. Alone it lists \
           your reminders, which nobody else sees; up to 50 may wait.",
    examples: &[
        "remind AUTH-3 tomorrow 10:00 look at the logs",
        "remind me in 2 hours to call Ben",
        "remind me about AUTH-3 on Friday",
        "remind list",
        "remind cancel 1",
    ],
    build: |v| v.either(Intent::Reminders),
};
