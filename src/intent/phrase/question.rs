//! Questions, which change nothing.

use crate::{
    domain::{
        intent::{Intent, Named, TaskName},
        project::ProjectKey,
        task::TaskCode,
    },
    intent::{
        place,
        text::{self, after, after_any, before_any},
    },
};

const NEXT: &[&str] = &[
    "what is next",
    "what next",
    "next",
    "what should i do next",
    "what can i do next",
    "what can be started",
    "what should we do next",
    "what can i start",
    "what to do next",
    "what is ready",
];
const STATUS: &[&str] = &[
    "what is open",
    "how are we doing",
    "how is it going",
    "where are we",
    "where do we stand",
    "what is the status",
    "status",
    "how far are we",
    "how does it look",
    "what is going on",
    "what is blocked",
    "what is late",
    "what is overdue",
    "what is left",
    "what is left to do",
    "what is missing",
    "what is in progress",
    "what is under way",
    "what are we working on",
    "who is doing what",
    "who is working on what",
    "who does what",
];
const INBOX: &[&str] = &[
    "what is waiting for me",
    "what waits for me",
    "what is on my plate",
    "my tasks",
    "what are my tasks",
    "what do i have to do",
    "what needs my approval",
    "show my tasks",
    "show me my tasks",
    "show my inbox",
    "my inbox",
];
const LIST: &[&str] = &[
    "which projects are there",
    "what projects are there",
    "show projects",
    "show all projects",
    "show me all projects",
    "list projects",
    "list all projects",
    "list the projects",
    "all projects",
    "show me the projects",
    "show the projects",
];
const SHOW: &[&str] = &[
    "show the plan",
    "show me the plan",
    "show it",
    "show the project",
    "show me the project",
    "what is the plan",
    "the plan",
];
const WHO: &[&str] = &["who am i", "who i am", "what may i do", "do you know me"];
const HELP: &[&str] = &[
    "help",
    "help me",
    "what can you do",
    "who are you",
    "what are you",
    "how does this work",
    "how do you work",
    "hello",
    "hi",
    "hey",
];

/// Reads a question; `scope` is the project that the line names in front.
pub(super) fn read(line: &str, scope: Option<&ProjectKey>) -> Option<Intent> {
    let words = text::one_line(line).to_lowercase();
    let words = words.replace("what's", "what is").replace("who's", "who is").replace("how's", "how is");
    let words = words.as_str();
    if let Some(project) = about(words, NEXT, scope) {
        return Some(Intent::Next(project));
    }
    if let Some(project) = about(words, STATUS, scope) {
        return Some(Intent::Status(project));
    }
    let meant = [
        (WHO, Intent::WhoAmI),
        (HELP, Intent::Help(None)),
        (INBOX, Intent::Inbox),
        (LIST, Intent::List),
        (SHOW, Intent::Show(scope.cloned().map(Named::Project))),
    ];
    if let Some(project) = going(words) {
        return Some(Intent::Status(Some(project)));
    }
    let asked = meant.into_iter().find(|(phrases, _)| phrases.contains(&words)).map(|(_, intent)| intent);
    asked.or_else(|| about_a_task(words)).or_else(|| shown(line, scope))
}

/// `how is AUTH going`, `how far is AUTH`.
fn going(words: &str) -> Option<ProjectKey> {
    let rest = after_any(words, &["how far along is", "how far is", "how is", "where is"])?;
    let rest = after_any(rest, &["the project", "project"]).unwrap_or(rest);
    let ends = ["going", "doing", "coming along", "looking", "getting on", "along", "now"];
    // A bare `how is it` or `where is Ana` is about no project.
    let named = before_any(rest, &ends).or_else(|| words.starts_with("how far").then_some(rest))?;
    if ["it", "that", "this", "he", "she"].contains(&named) { None } else { named.parse().ok() }
}

/// `who is doing AUTH-2`, `when is AUTH-2 due`, `what blocks AUTH-2`: its page says so.
fn about_a_task(words: &str) -> Option<Intent> {
    let starts = [
        "who is doing",
        "who is working on",
        "who is on",
        "who works on",
        "who does",
        "who has",
        "who owns",
        "who took",
        "when is",
        "when will",
        "why is",
        "what blocks",
        "what is blocking",
        "what does",
        "what is",
        "how is",
        "how far is",
        "how big is",
    ];
    let rest = after_any(words, &starts)?;
    let ends = [
        "due",
        "blocked",
        "waiting for",
        "waiting on",
        "wait for",
        "depend on",
        "late",
        "going",
        "doing",
        "coming along",
        "be done",
        "assigned to",
    ];
    let task: TaskCode = before_any(rest, &ends).unwrap_or(rest).parse().ok()?;
    Some(Intent::Show(Some(Named::Task(TaskName::Code(task.to_string())))))
}

/// What project one of these questions is about: the one it names, else the scope's.
#[expect(
    clippy::option_option,
    reason = "no such question and a question about no project in particular are two things"
)]
fn about(words: &str, questions: &[&str], scope: Option<&ProjectKey>) -> Option<Option<ProjectKey>> {
    questions.iter().find_map(|question| {
        let rest = after(words, question)?;
        let rest = after_any(rest, &["in", "for", "with", "of", "on", "at"]).unwrap_or(rest);
        if rest.is_empty() { Some(scope.cloned()) } else { rest.parse().ok().map(Some) }
    })
}

/// `show auth`, `what is AUTH-3`, `AUTH-3`, `P-4`.
fn shown(line: &str, scope: Option<&ProjectKey>) -> Option<Intent> {
    let ordered = after_any(line, &["show me", "show", "open", "display", "view", "tell me about"]);
    let asked = ordered.or_else(|| after_any(line, &["what about", "what is", "what's", "where is"]));
    let rest = asked.unwrap_or(line);
    let rest =
        after_any(rest, &["the project", "project", "the task", "task", "the patch", "patch", "the"]).unwrap_or(rest);
    let rest = before_any(rest, &["about", "doing"]).unwrap_or(rest);
    match (place::named(rest)?, scope) {
        (Named::Task(TaskName::Number(number)), Some(key)) => {
            ordered.map(|_| Intent::Show(Some(Named::Task(TaskName::Code(format!("{key}-{number}"))))))
        }
        // A lone word or number is no request, and “what is love” neither.
        (named @ (Named::Project(_) | Named::Task(TaskName::Number(_))), _) => {
            ordered.map(|_| Intent::Show(Some(named)))
        }
        (named, _) => Some(Intent::Show(Some(named))),
    }
}
