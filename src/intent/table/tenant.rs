//! Commands about the organisation itself.

use super::kinds::{Command, Kind, optional};
use crate::domain::intent::Intent;

/// Which models are used.
pub(super) const MODELS: Command = Command {
    name: "models",
    aliases: &[],
    arguments: &[optional("test|default|use|budget|remove …", Kind::Models, &[])],
    help: "which models are connected, and what they cost today",
    more: "Alone it lists the accounts with a button to add one. Owners test an account, choose the model for \
           everything (default) or for one kind of work (use route, plan, break, refine, match or digest), set the \
           tokens of a day (budget), and remove an account with its key.",
    examples: &[
        "models",
        "models test openai",
        "models default openai/gpt-5",
        "models use route openai/gpt-5-mini",
        "models use route default",
        "models budget 500k",
        "models remove openai",
    ],
    build: |v| v.either(Intent::Models),
};

/// What words mean in a channel.
pub(super) const ROUTES: Command = Command {
    name: "routes",
    aliases: &["meanings"],
    arguments: &[optional("forget 2|forget all", Kind::Routes, &[])],
    help: "what words were chosen to mean in this channel",
    more: "When words could mean several things, Docket asks, and remembers the choice for the channel. Here they are \
           listed, and can be forgotten.",
    examples: &["routes", "routes forget 2", "routes forget all"],
    build: |v| v.either(Intent::Routes),
};
