//! Commands about what people say to each other.

use super::kinds::{Command, Kind, optional, required};
use crate::{domain::intent::Intent, intent::args::Values};

/// Reads what was said.
pub(super) const PROCESS: Command = Command {
    name: "process",
    aliases: &[],
    arguments: &[optional("dry-run", Kind::Dry, &[])],
    help: "propose what follows from what was said in the channels",
    more: "It compares the conversations since the last time with the tasks. Where one says that a task is done, begun, \
           taken or blocked, that is proposed with the message as evidence, in the project's channel; where it is not \
           clear which task is meant, you are asked. It happens every night by itself. “dry-run” only tells what would \
           be proposed.",
    examples: &["process dry-run", "process"],
    build: |v| v.either(Intent::Process { is_dry: false }),
};

/// Says what a conversation is about.
pub(super) const TRACK: Command = Command {
    name: "track",
    aliases: &[],
    arguments: &[required("conversation task|no|which", Kind::Track, &[])],
    help: "propose a task for a conversation, link it to one, or say that it is no work",
    more: "Alone it proposes a new task. With a task it proposes a link to the conversation on that one. “no” says that it \
           is no work: it is not offered again. “which” offers the nearest tasks.",
    examples: &["track T-7", "track T-7 AUTH-3", "track T-7 no", "track T-7 which"],
    build: Values::whole,
};

/// What was made of them.
pub(super) const DECISIONS: Command = Command {
    name: "decisions",
    aliases: &[],
    arguments: &[optional("project, task or conversation", Kind::Decided, &["of", "for", "about"])],
    help: "which tasks conversations were about, what was proposed, and what people decided",
    more: "With a project's key only those about its tasks, with AUTH-3 only those about that task, with T-7 only those of \
           that conversation. The page Decisions has all of them.",
    examples: &["decisions", "decisions AUTH", "decisions AUTH-3", "decisions T-7"],
    build: |v| v.either(Intent::Decisions(None)),
};
