//! Commands about digests.

use super::kinds::{Command, Kind, optional};
use crate::{
    domain::{
        digest::DraftWish,
        intent::{Intent, StandupWish},
        schedule::DigestKind,
    },
    intent::args::Values,
};

/// What a team does, at the right time.
pub(super) const STANDUP: Command = Command {
    name: "standup",
    aliases: &["standups"],
    arguments: &[optional("at …|now|preview|list|pause|resume|skip|edit|remove", Kind::Standup, &[])],
    help: "when this channel gets its standup, and change that",
    more: "“at” and the days and the time, or “cron” and five fields, set one: the next five times are shown first, and \
           nothing is saved before you say yes. Without a time zone it is yours. It may be for certain projects, come \
           late after Docket was not running (late 2h) or not at all (skip missed), and bring each member a private \
           draft before (with drafts). Where a channel has several, “list” numbers them. What is paused or skipped goes \
           on with “resume”. “now” posts one at once, “preview” shows it to you alone.",
    examples: &[
        "standup at 9:30 weekdays Europe/Paris",
        "standup at 9:30 weekdays for AUTH late 2h with drafts",
        "standup cron 30 9 * * 1-5",
        "standup now",
        "standup preview",
        "standup list",
        "standup pause until Monday",
        "standup resume",
        "standup skip tomorrow",
        "standup edit at 10:00",
        "standup remove",
    ],
    build: |v| standing(v, DigestKind::Standup),
};

/// What the next standup will say of the sender.
pub(super) const DRAFT: Command = Command {
    name: "draft",
    aliases: &[],
    arguments: &[optional("add …|drop 2|2: …|skip|ok", Kind::Draft, &[])],
    help: "what the next standup says of you, and correct it",
    more: "Where a standup has drafts, each member gets theirs before it. Add a line, drop one by its number, say one in \
           other words, or be left out this time; in the thread of the draft any words are a line to add. This changes \
           what the standup says, never the plan. Where several drafts of yours wait, you are asked which one you mean.",
    examples: &[
        "draft",
        "draft add Talked to legal",
        "draft drop 2",
        "draft 2: Nearly there",
        "draft skip",
        "draft ok",
    ],
    build: |v| v.either(Intent::Draft { wish: DraftWish::Show, of: None }),
};

/// What a week came to.
pub(super) const WEEKLY: Command = Command {
    name: "weekly",
    aliases: &[],
    arguments: &[optional("at …|now|preview|list|pause|resume|skip|edit|remove", Kind::Weekly, &[])],
    help: "when this channel gets the digest of its week, and change that",
    more: "It says what the week came to and what the next one risks. Everything but drafts is as for standup.",
    examples: &[
        "weekly at Friday 15:00",
        "weekly now",
        "weekly preview",
        "weekly list",
        "weekly pause 2 until 4 Jan",
        "weekly edit 2 at 16:00",
        "weekly remove 2",
    ],
    build: |v| standing(v, DigestKind::Weekly),
};

fn standing(values: &mut Values, kind: DigestKind) -> Option<Intent> {
    values.either(Intent::Standup(kind, StandupWish::List))
}
