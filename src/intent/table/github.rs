//! Commands about repositories and pull requests.

use super::kinds::{Command, Kind, optional, required};
use crate::{domain::intent::Intent, intent::args::Values};

/// Which repositories a project's work happens in.
pub(super) const LINK: Command = Command {
    name: "link",
    aliases: &[],
    arguments: &[optional("project owner/repo", Kind::Link, &[])],
    help: "link a project to a repository",
    more: "From then on pull requests whose branch, title or text names AUTH-12 show up on that task and in the project's \
           channel. A project may have several repositories, and a repository may serve several projects. Without a \
           repository it suggests some.",
    examples: &["link AUTH acme/web", "link AUTH https://github.com/acme/web", "link AUTH", "link acme/web"],
    build: |v| v.either(Intent::Link { project: None, repository: None }),
};

/// The opposite.
pub(super) const UNLINK: Command = Command {
    name: "unlink",
    aliases: &[],
    arguments: &[required("project owner/repo", Kind::Unlink, &[])],
    help: "take the link between a project and a repository back",
    more: "Its pull requests no longer count for the project's tasks. Nothing changes at GitHub.",
    examples: &["unlink AUTH acme/web"],
    build: Values::whole,
};

/// What can be linked.
pub(super) const REPOS: Command = Command {
    name: "repos",
    aliases: &["repositories"],
    arguments: &[optional("words", Kind::Words, &[])],
    help: "which repositories each connection can see",
    more: "With the projects that each is linked to, and since when one is missing. Words narrow the list down.",
    examples: &["repos", "repos web"],
    build: |v| Some(Intent::Repositories(v.words())),
};

/// How the pull requests stand.
pub(super) const PRS: Command = Command {
    name: "prs",
    aliases: &["pulls"],
    arguments: &[optional("project", Kind::Project, &["of", "for", "in"])],
    help: "which pull requests are open, and what became of the others since yesterday",
    more: "The open ones with whoever is waited for and since when, those whose checks fail, and those that nobody \
           touched for seven days; then what was opened, merged and closed in the last 24 hours, with the comments.",
    examples: &["prs", "prs AUTH"],
    build: |v| Some(Intent::Pulls(v.project())),
};

/// Which issue stands for a task.
pub(super) const ISSUE: Command = Command {
    name: "issue",
    aliases: &[],
    arguments: &[required("task", Kind::Task, &["for"]), optional("issue or repository", Kind::Issue, &["in", "is"])],
    help: "open an issue at GitHub for a task, or say which one stands for it",
    more: "The issue gets the task's title, text and acceptance criteria, and is tied to those of its parent, its parts \
           and what it waits for. When it is closed, reopened, relabelled or assigned there, the same is proposed here.",
    examples: &["issue AUTH-12", "issue AUTH-12 acme/web", "issue AUTH-12 #45", "issue AUTH-12 acme/web#45"],
    build: |v| Some(Intent::Issue { task: v.task()?, issue: v.issue() }),
};

/// What a channel is told, and who is mentioned.
pub(super) const GITHUB: Command = Command {
    name: "github",
    aliases: &["gh"],
    arguments: &[required("events|mute|unmute|mentions …", Kind::GitHub, &[])],
    help: "what a project's channel is told of GitHub, and whether you are mentioned",
    more: "“events” says what is told where, and turns topics on and off: pulls, reviews, checks, merges, comments, \
           releases, and every, for pull requests that name no task. “mute” keeps quiet about a repository or a label. \
           “mentions on” mentions you when a review is asked of you or your pull request waits for you; it needs your \
           GitHub account to be linked on the page Connect.",
    examples: &[
        "github events AUTH",
        "github events AUTH comments off",
        "github events AUTH reviews checks off every on",
        "github mute AUTH acme/web",
        "github mute AUTH label:wip",
        "github unmute AUTH label:wip",
        "github mentions on",
    ],
    build: Values::whole,
};
