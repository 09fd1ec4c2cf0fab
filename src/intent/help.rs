//! What Docket says about itself, all of it from the table of commands.

use super::{
    command::{COMMANDS, Command},
    place,
};
use crate::{
    domain::message::{Block, Line, Message, Span},
    error::UserError,
};

/// The topic of [`Intent::Help`](crate::domain::intent::Intent::Help) that lists every command.
pub const EVERYTHING: &str = "commands";

/// The five lines that `/docket` alone answers.
pub const ABOUT: [&str; 5] = [
    "Docket keeps your plan and changes it only by diffs that you approve here.",
    "/docket plan Build a user authentication flow: proposes a project's first plan.",
    "/docket edit add a task for documentation: changes the proposal, or the plan, in words.",
    "/docket next, show, status, inbox: where things stand. /docket done AUTH-3: moves a task on.",
    "/docket help lists all commands; /docket help plan explains one.",
];

/// The answer to `help`, for the topic of an [`Intent::Help`](crate::domain::intent::Intent::Help).
pub fn message(topic: Option<&str>) -> Result<Message, UserError> {
    match topic {
        None => Ok(Message {
            summary: ABOUT[0].to_owned(),
            blocks: vec![Block::Lines {
                lines: ABOUT.iter().map(|line| Line::plain(vec![Span::plain(*line)])).collect(),
                more: None,
            }],
        }),
        Some(EVERYTHING) => Ok(everything()),
        Some(word) => Command::find(word).map(one).ok_or_else(|| {
            let words = COMMANDS.iter().flat_map(Command::words);
            let hint =
                place::did_you_mean(word, words).map_or(String::new(), |close| format!(" Did you mean {close}?"));
            UserError::new(format!("There is no command “{word}”.{hint} /docket help lists all commands."))
        }),
    }
}

/// One line per command.
fn everything() -> Message {
    let lines = COMMANDS
        .iter()
        .map(|command| Line::plain(vec![Span::Code(command.usage()), Span::plain(format!("  {}", command.help))]))
        .collect();
    Message {
        summary: "Everything Docket understands".to_owned(),
        blocks: vec![
            Block::Lines { lines, more: None },
            Block::Context(vec![Span::plain(
                "Everyday words work too: “what is next”, “AUTH-3 is done”, “drop the last one”.",
            )]),
        ],
    }
}

/// Everything about one command.
fn one(command: &Command) -> Message {
    let mut blocks = vec![
        Block::Text(vec![Span::Code(command.usage()), Span::plain(format!(": {}.", command.help))]),
        Block::Text(vec![Span::plain(command.more)]),
        Block::Lines {
            lines: command
                .examples
                .iter()
                .map(|line| Line::plain(vec![Span::Code(format!("/docket {line}"))]))
                .collect(),
            more: None,
        },
    ];
    if !command.aliases.is_empty() {
        blocks.push(Block::Context(vec![Span::plain(format!("Also: {}", command.aliases.join(", ")))]));
    }
    Message { summary: format!("{}: {}", command.usage(), command.help), blocks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docket_alone_explains_itself_in_five_lines() {
        insta::assert_snapshot!(message(None).unwrap().to_plain(), @"
        Docket keeps your plan and changes it only by diffs that you approve here.
        /docket plan Build a user authentication flow: proposes a project's first plan.
        /docket edit add a task for documentation: changes the proposal, or the plan, in words.
        /docket next, show, status, inbox: where things stand. /docket done AUTH-3: moves a task on.
        /docket help lists all commands; /docket help plan explains one.
        ");
    }

    #[test]
    fn help_lists_every_command() {
        insta::assert_snapshot!(message(Some(EVERYTHING)).unwrap().to_plain(), @r"
        /docket plan <goal>  propose the first plan of a new project
        /docket break <task> [focus]  propose sub-tasks of a task
        /docket template <goal or task>  propose a plan or sub-tasks from a template, without a model
        /docket edit <changes>  change the open proposal here, or the plan, in words
        /docket show [project, task or patch]  show a project, a task or a patch
        /docket list  list the projects
        /docket next [project]  which tasks can be started now
        /docket inbox  what waits for you
        /docket status [project]  how a project stands, or all of them
        /docket whoami  who you are to Docket
        /docket connect  get a private link that signs you in to Docket's pages
        /docket role [person role]  who may do what, and give somebody a role
        /docket hours [days hours zone|default]  when you work, and in which time zone
        /docket away [person days|cancel 1]  when you are away, so that nobody waits for you
        /docket holidays [country|address|remove 1]  on which days nobody works
        /docket policy [project approvals|self|approvers|delete|large|expiry|auto|lazy|moves|test …]  how decisions are taken, and propose to change that
        /docket models [test|default|use|budget|remove …]  which models are connected, and what they cost today
        /docket routes [forget 2|forget all]  what words were chosen to mean in this channel
        /docket privacy [off|on|keep 7 days|backfill]  what Docket keeps of what is said in channels, and for how long
        /docket forget <me|channel|T-7>  have Docket forget what you said, what was said in this channel, or one conversation
        /docket stats  how often proposals were approved in the last 30 days
        /docket process [dry-run]  propose what follows from what was said in the channels
        /docket track <conversation task|no|which>  propose a task for a conversation, link it to one, or say that it is no work
        /docket decisions [project, task or conversation]  which tasks conversations were about, what was proposed, and what people decided
        /docket link [project owner/repo]  link a project to a repository
        /docket unlink <project owner/repo>  take the link between a project and a repository back
        /docket repos [words]  which repositories each connection can see
        /docket prs [project]  which pull requests are open, and what became of the others since yesterday
        /docket issue <task> [issue or repository]  open an issue at GitHub for a task, or say which one stands for it
        /docket github <events|mute|unmute|mentions …>  what a project's channel is told of GitHub, and whether you are mentioned
        /docket archive <project>  put a project away
        /docket standup [at …|now|preview|list|pause|resume|skip|edit|remove]  when this channel gets its standup, and change that
        /docket weekly [at …|now|preview|list|pause|resume|skip|edit|remove]  when this channel gets the digest of its week, and change that
        /docket draft [add …|drop 2|2: …|skip|ok]  what the next standup says of you, and correct it
        /docket remind [task when words|list|cancel 1]  remind you of a task, or of anything, in a private message
        /docket approve <patch>  approve a patch
        /docket reject <patch> [reason]  turn a patch down
        /docket object <patch> [reason]  keep a patch from applying by itself
        /docket withdraw <patch>  take your objection to a patch back
        /docket undo <patch>  take an applied patch back
        /docket rebase <patch>  bring a stale patch up to date
        /docket renew <patch>  propose a lapsed patch again
        /docket start <task>  a task is being worked on
        /docket review <task>  a task waits for a review
        /docket block <task>  something is in a task's way
        /docket done <task>  a task is finished
        /docket cancel <task>  a task will not be done
        /docket reopen <task>  a task is to be done, again or after all
        /docket park <task>  put a task off
        /docket assign <task> <person>  say who does a task
        /docket estimate <task> <effort>  say how much work a task is
        /docket priority <task> <urgent|high|normal|low>  say how much a task matters
        /docket due <task> <day>  say by when a task should be done
        /docket help [command]  all commands, or one of them in detail
        Everyday words work too: “what is next”, “AUTH-3 is done”, “drop the last one”.
        ");
    }

    #[test]
    fn every_command_can_be_explained_by_each_of_its_words() {
        for word in COMMANDS.iter().flat_map(Command::words) {
            let text = message(Some(word)).unwrap().to_plain();
            assert!(text.starts_with("/docket "), "{word}: {text}");
        }
        insta::assert_snapshot!(message(Some("assign")).unwrap().to_plain(), @"
        /docket assign <task> <person>: say who does a task.
        Mention the person, type their name, or say “me” or “nobody”.
        /docket assign AUTH-3 @ana
        /docket assign AUTH-3 to me
        /docket assign AUTH-3 nobody
        Also: give
        ");
        assert_eq!(
            message(Some("aprove")).unwrap_err().0,
            "There is no command “aprove”. Did you mean approve? /docket help lists all commands."
        );
        let nope = message(Some("nope")).unwrap_err().0;
        assert_eq!(nope, "There is no command “nope”. /docket help lists all commands.");
    }
}
