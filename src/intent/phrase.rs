//! Free text without a model: everyday wishes and the sentences of an `edit`. What it is not sure of, it leaves alone.

use chrono::NaiveDate;

use super::{
    command::shorten,
    place,
    text::{self, after, after_any, before_any},
    value, wish,
};
use crate::{
    domain::{
        intent::{FieldValue, Intent, TaskName},
        patch::PatchCode,
        task::{Status, TaskCode},
    },
    error::UserError,
};

mod question;

/// Reads everyday words. `None` is an honest “I don't know”: the caller answers with [`not_understood`].
pub fn parse(text: &str, today: NaiveDate) -> Option<Intent> {
    let plain = text::tidy(text);
    if plain.chars().count() > super::command::MAX_TEXT {
        return None;
    }
    let (scope, line) = place::scope(&plain);
    let line = without_courtesy(line);
    let intent = question::read(line, scope.as_ref())
        .or_else(|| decision(line))
        .or_else(|| project_work(line))
        .or_else(|| one_field(line, today));
    match (intent, scope) {
        // Questions take the project from the scope themselves.
        (Some(intent), None) | (Some(intent @ (Intent::Next(_) | Intent::Status(_) | Intent::Show(_))), Some(_)) => {
            Some(intent)
        }
        (Some(Intent::Set { task: TaskName::Number(number), value }), Some(key)) => {
            Some(Intent::Set { task: TaskName::Code(format!("{key}-{number}")), value })
        }
        (Some(Intent::Break { task: TaskName::Number(number), focus }), Some(key)) => {
            Some(Intent::Break { task: TaskName::Code(format!("{key}-{number}")), focus })
        }
        (Some(_), Some(_)) => None,
        (None, scope) => wish::understands(line)
            .then(|| Intent::Edit(scope.map_or_else(|| line.to_owned(), |key| format!("{key}: {line}")))),
    }
}

/// What to say to words that nothing understands.
pub fn not_understood(text: &str) -> UserError {
    let said = shorten(&text::tidy(text));
    let quoted = if said.is_empty() { "that".to_owned() } else { format!("“{said}”") };
    UserError::new(format!(
        "I don't understand {quoted}. Try for example:\n\
         • plan Build a user authentication flow\n\
         • add a task for documentation\n\
         • what is next"
    ))
}

/// The same, where no model is connected that could understand more.
pub fn without_model(problem: &UserError) -> UserError {
    UserError::new(format!("{problem}\nNo model is connected; with one I understand more: /docket models"))
}

/// Whether the line begins as questions do: then its first word is no command that was mistyped.
pub(super) fn asks(line: &str) -> bool {
    let words = ["who", "what", "when", "where", "why", "how", "which", "is", "are", "does", "do", "did"];
    line.contains(' ') && after_any(line, &words).is_some()
}

/// Without a greeting in front and punctuation or thanks behind.
fn without_courtesy(line: &str) -> &str {
    let mut line = line.trim();
    loop {
        let shorter = line.trim_end_matches(['?', '!', '.', ',', ' ']);
        let shorter = before_any(shorter, &["please", "thanks", "thank you"]).unwrap_or(shorter);
        let greetings = [
            "please",
            "hey docket",
            "hi docket",
            "hello docket",
            "hey",
            "hi",
            "ok",
            "okay",
            "docket",
            "@docket",
            "so",
            "can you",
            "could you",
            "would you",
            "will you",
            "can we",
            "could we",
            "let's",
            "i want to",
            "i'd like to",
            "we should",
        ];
        let shorter = after_any(shorter, &greetings).unwrap_or(shorter);
        let shorter = shorter.trim_start_matches([',', ':', ' ']);
        if shorter == line || shorter.is_empty() {
            return line;
        }
        line = shorter;
    }
}

/// `approve P-4`, `P-4 is fine`, `undo P-4`, `reject P-4 because …`.
fn decision(line: &str) -> Option<Intent> {
    let patch = |words: &str| -> Option<PatchCode> {
        after_any(words, &["the patch", "patch", "proposal"]).unwrap_or(words).parse().ok()
    };
    if let Some(code) = after_any(line, &["approve", "accept", "apply"]).and_then(patch) {
        return Some(Intent::Approve(code));
    }
    if let Some(rest) = after_any(line, &["reject", "decline", "turn down"]) {
        let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let reason = after_any(reason, &["because", "since", ":"]).unwrap_or(reason.trim());
        return patch(code).map(|patch| Intent::Reject { patch, reason: reason.to_owned() });
    }
    if let Some(code) = after_any(line, &["undo", "revert", "take back", "roll back"]).and_then(patch) {
        return Some(Intent::Undo(code));
    }
    if let Some(code) = after_any(line, &["rebase", "refresh"]).and_then(patch) {
        return Some(Intent::Rebase(code));
    }
    after(line, "renew").and_then(patch).map(Intent::Renew)
}

/// `plan a login page`, `break AUTH-2 down`.
fn project_work(line: &str) -> Option<Intent> {
    let plans = [
        "make a plan for",
        "make a plan to",
        "create a plan for",
        "create a plan to",
        "draft a plan for",
        "draft a plan to",
        "start a new project for",
        "start a new project to",
        "start a project for",
        "start a project to",
        "new project",
        "plan out",
        "plan for",
        "plan to",
        "plan",
    ];
    if let Some(goal) = after_any(line, &plans) {
        let goal = goal.trim_start_matches([':', ' ']);
        return (goal.split_whitespace().count() >= 2).then(|| Intent::Plan(goal.to_owned()));
    }
    let rest = after_any(line, &["break down", "break up", "break", "decompose"])?;
    let (task, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let task = TaskName::parse(task.trim_end_matches(','))?;
    let rest = after_any(rest, &["down", "up"]).unwrap_or(rest);
    let rest = after_any(rest, &["into sub-tasks", "into subtasks", "into tasks", "into smaller tasks", "into steps"])
        .unwrap_or(rest);
    let focus =
        after_any(rest, &["and focus on", "with a focus on", "with focus on", "focusing on", "focus on", "for"]);
    match (focus, rest.trim()) {
        (Some(focus), _) => Some(Intent::Break { task, focus: Some(focus.to_owned()).filter(|f| !f.is_empty()) }),
        (None, "") => Some(Intent::Break { task, focus: None }),
        (None, _) => None,
    }
}

/// A wish about one task that can be answered at once. Other tasks and fields go through `edit`.
///
/// Only a code or a number that stands where the task belongs counts: a message that merely mentions
/// a task, such as “I think AUTH-3 broke something”, never changes it.
fn one_field(line: &str, today: NaiveDate) -> Option<Intent> {
    let set = |task: &str, value: FieldValue| {
        let task = after_any(task, &["the task", "task"]).unwrap_or(task);
        Some(Intent::Set { task: TaskName::parse(task.trim())?, value })
    };
    let verbs = [
        ("start working on", Status::InProgress),
        ("i'm working on", Status::InProgress),
        ("i am working on", Status::InProgress),
        ("start", Status::InProgress),
        ("begin", Status::InProgress),
        ("finish", Status::Done),
        ("finished", Status::Done),
        ("i finished", Status::Done),
        ("i have finished", Status::Done),
        ("i've finished", Status::Done),
        ("we finished", Status::Done),
        ("i'm done with", Status::Done),
        ("i am done with", Status::Done),
        ("we're done with", Status::Done),
        ("done with", Status::Done),
        ("complete", Status::Done),
        ("close", Status::Done),
        ("block", Status::Blocked),
        ("unblock", Status::Todo),
        ("reopen", Status::Todo),
        ("cancel", Status::Cancelled),
        ("park", Status::Backlog),
    ];
    if let Some(intent) = verbs.iter().find_map(|(verb, status)| set(after(line, verb)?, FieldValue::Status(*status))) {
        return Some(intent);
    }
    if let Some(rest) = after_any(line, &["mark", "set", "move"]) {
        let as_said = ["as", "to"].iter().find_map(|word| text::split_last(rest, word));
        let bare = rest.split_once(char::is_whitespace);
        let status = as_said.into_iter().chain(bare).find_map(|(task, said)| {
            set(
                task,
                value::status(said)
                    .map(FieldValue::Status)
                    .or_else(|| value::priority(said).map(FieldValue::Priority))?,
            )
        });
        if status.is_some() {
            return status;
        }
    }
    if let Some(rest) = after_any(line, &["push", "postpone", "delay", "defer", "move", "reschedule"])
        && let Some((task, day)) = ["to", "until", "till"].iter().find_map(|word| text::split_last(rest, word))
        && let Some(Some(day)) = value::date(day, today)
    {
        return set(task, FieldValue::Due(Some(day)));
    }
    if let Some(rest) = after_any(line, &["assign", "give"])
        && let Some((task, who)) = text::split_last(rest, "to")
    {
        return set(task, FieldValue::Assignee(value::person(who)?));
    }
    if let Some(rest) = after(line, "estimate")
        && let Some((task, effort)) = text::split_last(rest, "at").or_else(|| rest.split_once(char::is_whitespace))
    {
        return set(task, FieldValue::Estimate(value::effort(effort)?));
    }
    told(line, today)
}

/// `AUTH-3 is done`, `AUTH-3 is due friday`, `I'll take AUTH-3`.
fn told(line: &str, today: NaiveDate) -> Option<Intent> {
    if let Some(task) = after_any(line, &["i'll take", "i take", "i will take", "i'll do", "i will do"]) {
        let value = FieldValue::Assignee(Some(crate::domain::intent::Person::Sender));
        return Some(Intent::Set { task: TaskName::parse(task)?, value });
    }
    // “take 5” is a break.
    if let Some(task) = after_any(line, &["take", "i'm taking", "i am taking"]) {
        let task: TaskCode = task.parse().ok()?;
        let value = FieldValue::Assignee(Some(crate::domain::intent::Person::Sender));
        return Some(Intent::Set { task: TaskName::Code(task.to_string()), value });
    }
    let (task, rest) = line.split_once(char::is_whitespace)?;
    let task: TaskCode = task.parse().ok()?;
    let said = after_any(rest, &["is now", "is", "are", "="])?;
    let value = match after_any(said, &["due by", "due on", "due"]) {
        Some(day) => FieldValue::Due(value::date(day, today)?),
        None => FieldValue::Status(value::status(said)?),
    };
    Some(Intent::Set { task: TaskName::Code(task.to_string()), value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            intent::{Named, Person},
            project::ProjectKey,
            task::Priority,
        },
        intent::test_day,
    };

    fn set(task: &str, value: FieldValue) -> Intent {
        Intent::Set { task: TaskName::parse(task).unwrap(), value }
    }

    #[test]
    fn everyday_wishes_are_understood() {
        let auth = || "AUTH".parse::<ProjectKey>().unwrap();
        let done = || FieldValue::Status(Status::Done);
        for (line, expected) in [
            ("what is next", Intent::Next(None)),
            ("What's next?", Intent::Next(None)),
            ("hey docket, what’s next in auth?", Intent::Next(Some(auth()))),
            ("what's open", Intent::Status(None)),
            ("how is it going with AUTH", Intent::Status(Some(auth()))),
            ("who am i", Intent::WhoAmI),
            ("what can you do?", Intent::Help(None)),
            ("what waits for me", Intent::Inbox),
            ("show all projects", Intent::List),
            ("show me the plan", Intent::Show(None)),
            ("in AUTH: show the plan", Intent::Show(Some(Named::Project(auth())))),
            ("show auth", Intent::Show(Some(Named::Project(auth())))),
            ("show me AUTH-3", Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into()))))),
            ("what is AUTH-3 about?", Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into()))))),
            ("P-4", Intent::Show(Some(Named::Patch(PatchCode(4))))),
            ("who is doing AUTH-3?", Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into()))))),
            ("who's on AUTH-3", Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into()))))),
            ("why is auth-3 blocked", Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into()))))),
            ("when is AUTH-3 due?", Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into()))))),
            ("what's late?", Intent::Status(None)),
            ("what's left in auth", Intent::Status(Some(auth()))),
            ("how is AUTH going?", Intent::Status(Some(auth()))),
            ("how far is AUTH", Intent::Status(Some(auth()))),
            ("push AUTH-3 to tomorrow", set("AUTH-3", FieldValue::Due("2026-11-21".parse().ok()))),
            ("move 3 to tomorrow", set("3", FieldValue::Due("2026-11-21".parse().ok()))),
            ("take AUTH-3", set("AUTH-3", FieldValue::Assignee(Some(Person::Sender)))),
            ("I'm done with AUTH-3", set("AUTH-3", done())),
            ("approve P-4, please", Intent::Approve(PatchCode(4))),
            ("undo P-4", Intent::Undo(PatchCode(4))),
            (
                "reject p-4 because it is too big",
                Intent::Reject { patch: PatchCode(4), reason: "it is too big".into() },
            ),
            ("mark AUTH-3 done", set("AUTH-3", done())),
            ("please mark AUTH-3 as done!", set("AUTH-3", done())),
            ("AUTH-3 is done", set("AUTH-3", done())),
            ("auth-3 is in review", set("AUTH-3", FieldValue::Status(Status::InReview))),
            ("start AUTH-3", set("AUTH-3", FieldValue::Status(Status::InProgress))),
            ("I'm working on AUTH-3", set("AUTH-3", FieldValue::Status(Status::InProgress))),
            ("assign 2 to @ana", set("2", FieldValue::Assignee(Some(Person::Name("ana".into()))))),
            ("I'll take AUTH-3", set("AUTH-3", FieldValue::Assignee(Some(Person::Sender)))),
            ("set AUTH-3 to urgent", set("AUTH-3", FieldValue::Priority(Priority::Urgent))),
            ("estimate AUTH-3 at 4h", set("AUTH-3", FieldValue::Estimate(Some(240)))),
            ("AUTH-3 is due tomorrow", set("AUTH-3", FieldValue::Due("2026-11-21".parse().ok()))),
            ("plan a login page", Intent::Plan("a login page".into())),
            ("can you make a plan for moving to Postgres?", Intent::Plan("moving to Postgres".into())),
            ("break AUTH-2 down", Intent::Break { task: TaskName::Code("AUTH-2".into()), focus: None }),
            ("break down AUTH-2 into sub-tasks", Intent::Break { task: TaskName::Code("AUTH-2".into()), focus: None }),
            (
                "break AUTH-2 down focusing on tests",
                Intent::Break { task: TaskName::Code("AUTH-2".into()), focus: Some("tests".into()) },
            ),
            ("combine the first two tasks", Intent::Edit("combine the first two tasks".into())),
            ("in AUTH: mark 3 done", set("AUTH-3", done())),
            ("add a task for documentation", Intent::Edit("add a task for documentation".into())),
        ] {
            assert_eq!(parse(line, test_day()), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_merely_mentions_a_task_changes_nothing() {
        for line in [
            "",
            "🚀",
            "I think AUTH-3 broke something",
            "is AUTH-3 done?",
            "AUTH-3 was done by Ben",
            "when AUTH-3 is done we can ship",
            "AUTH-3 is not done",
            "AUTH-3 is done but the tests fail",
            "the done task AUTH-3",
            "what is love",
            "auth",
            "2",
            "plan",
            "approve everything",
            "good morning",
            "ship it",
            "start the meeting",
            "שלום",
            "that's next level",
            "take 5",
            "push it to friday",
            "move AUTH-3 to the moon",
            "how is Ana",
            "who is Ana",
            "how far is it",
            "when is lunch",
        ] {
            let read = parse(line, test_day());
            assert!(read.is_none(), "{line}: {read:?}");
        }
    }

    #[test]
    fn what_is_not_understood_gets_three_examples_that_work() {
        let answer = not_understood("the <!channel> weather").0;
        insta::assert_snapshot!(answer, @"
        I don't understand “the <!channel> weather”. Try for example:
        • plan Build a user authentication flow
        • add a task for documentation
        • what is next
        ");
        for example in answer.lines().filter_map(|line| line.strip_prefix("• ")) {
            assert!(parse(example, test_day()).is_some(), "{example}");
        }
    }
}
