//! Commands about when people work.

use super::kinds::{Command, Kind, optional};
use crate::domain::intent::Intent;

/// When the sender works.
pub(super) const HOURS: Command = Command {
    name: "hours",
    aliases: &["working-hours"],
    arguments: &[optional("days hours zone|default", Kind::Hours, &["are", "is"])],
    help: "when you work, and in which time zone",
    more: "Alone it shows them. Say days, hours and a time zone, or some of them; the rest stays as it is. “default” goes \
           back to Monday to Friday, 9 to 17, in the time zone of your Slack profile. Only you set your own.",
    examples: &["hours", "hours Mon-Thu 9-17 Europe/Paris", "hours Europe/Paris", "hours default"],
    build: |v| v.either(Intent::Hours),
};

/// When somebody is away.
pub(super) const AWAY: Command = Command {
    name: "away",
    aliases: &["vacation", "ooo"],
    arguments: &[optional("person days|cancel 1", Kind::Away, &["on"])],
    help: "when you are away, so that nobody waits for you",
    more: "Alone it lists your days away. Say one day or several; whoever is away until Monday is back on Monday. Owners \
           and admins do the same for somebody else, with a mention in front.",
    examples: &[
        "away",
        "away 24 Dec – 2 Jan",
        "away tomorrow",
        "away until Monday",
        "away cancel 1",
        "away @ana 24 Dec",
    ],
    build: |v| v.either(Intent::Away(None)),
};

/// When nobody works.
pub(super) const HOLIDAYS: Command = Command {
    name: "holidays",
    aliases: &["holiday"],
    arguments: &[optional("country|address|remove 1", Kind::Holidays, &["for"])],
    help: "on which days nobody works",
    more: "Alone it lists the calendars with the next days. Owners and admins add the public holidays of a country, or an \
           iCalendar feed that is open to everybody, and remove them. A feed is read every day, for events of whole days \
           and those that come every year; its address is kept as it is, so give none that is a secret.",
    examples: &["holidays", "holidays FR", "holidays https://acme.example/holidays.ics", "holidays remove FR"],
    build: |v| v.either(Intent::Holidays),
};
