//! What a command is made of.

use crate::{domain::intent::Intent, intent::args::Values};

/// A command that people can type.
#[derive(Debug)]
pub struct Command {
    /// Its word: `plan`.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// What follows the word, in order. An argument that takes the rest of the line comes last.
    pub arguments: &'static [Argument],
    /// One line about it.
    pub help: &'static str,
    /// What else there is to know, in a few sentences.
    pub more: &'static str,
    /// Lines that work, without `/docket`; the first is the one shown in errors.
    pub examples: &'static [&'static str],
    pub(in crate::intent) build: fn(&mut Values) -> Option<Intent>,
}

/// One argument of a command.
#[derive(Debug)]
pub struct Argument {
    /// Its name in usage lines.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether the command needs it.
    pub required: bool,
    /// Words that may stand before it and mean nothing: `assign AUTH-3 to @ana`.
    pub filler: &'static [&'static str],
}

/// What an argument is, for parsing and for a platform's own input fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The rest of the line.
    Words,
    /// A task: `AUTH-3` or `3`.
    Task,
    /// A project's key.
    Project,
    /// A project, a task or a patch.
    Named,
    /// A patch: `P-41`.
    Patch,
    /// A command's word.
    Command,
    /// A person, `me` or `nobody`: the rest of the line.
    Person,
    /// An effort or `none`: the rest of the line.
    Effort,
    /// A day or `none`: the rest of the line.
    Date,
    /// A priority.
    Priority,
    /// An issue, or a repository for a new one.
    Issue,
    /// What to do with the models; may be nothing.
    Models,
    /// What to do with the remembered words; may be nothing.
    Routes,
    /// What to change in what is kept; may be nothing.
    Privacy,
    /// What to forget.
    Forget,
    /// A person and a role; may be nothing.
    Role,
    /// Working hours: the rest of the line.
    Hours,
    /// Days away, perhaps with somebody in front: the rest of the line.
    Away,
    /// A country, a feed, or what to remove: the rest of the line.
    Holidays,
    /// What to do with the policy; may be nothing.
    Policy,
    /// A project, a repository, or both.
    Link,
    /// A repository, perhaps with its project in front.
    Unlink,
    /// What to tell of what happens at GitHub.
    GitHub,
    /// What to do with the standups of a channel; may be nothing.
    Standup,
    /// The same for the digests of a week.
    Weekly,
    /// A task, a moment and words, or what to do with the reminders; may be nothing.
    Remind,
    /// `dry-run`.
    Dry,
    /// A conversation, and what it is about.
    Track,
    /// A project or a conversation.
    Decided,
    /// What to do with one's draft of a standup; may be nothing.
    Draft,
}

pub(super) const fn required(name: &'static str, kind: Kind, filler: &'static [&'static str]) -> Argument {
    Argument { name, kind, required: true, filler }
}

pub(super) const fn optional(name: &'static str, kind: Kind, filler: &'static [&'static str]) -> Argument {
    Argument { name, kind, required: false, filler }
}
