use super::*;
use crate::{
    domain::{
        intent::{FieldValue, Person},
        patch::PatchCode,
        task::{Priority, Status},
    },
    intent::{help, test_day},
};

fn read(text: &str) -> Intent {
    parse(text, test_day()).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

fn refused(text: &str) -> String {
    match parse(text, test_day()) {
        Err(problem) => problem.0,
        Ok(intent) => panic!("{text}: {intent:?}"),
    }
}

fn code(text: &str) -> TaskName {
    TaskName::Code(text.to_owned())
}

fn set(task: &str, value: FieldValue) -> Intent {
    Intent::Set { task: code(task), value }
}

/// The command behind an intent. No wildcard: a new variant asks for a command here and in the table.
fn command_of(intent: &Intent) -> &'static str {
    match intent {
        Intent::Help(_) => "help",
        Intent::Show(_) => "show",
        Intent::List => "list",
        Intent::Next(_) => "next",
        Intent::Inbox => "inbox",
        Intent::Status(_) => "status",
        Intent::WhoAmI => "whoami",
        Intent::Connect => "connect",
        Intent::Models | Intent::SetModels(_) => "models",
        Intent::Routes | Intent::ForgetRoutes(_) => "routes",
        Intent::Privacy | Intent::SetPrivacy(_) => "privacy",
        Intent::Forget(_) => "forget",
        Intent::Stats => "stats",
        Intent::Policy(_) | Intent::SetPolicy { .. } | Intent::DecideChange { .. } | Intent::TestPolicy { .. } => {
            "policy"
        }
        Intent::Roles | Intent::SetRole { .. } => "role",
        Intent::Hours | Intent::SetHours(_) => "hours",
        Intent::Away(_) | Intent::SetAway { .. } => "away",
        Intent::Holidays | Intent::SetHolidays(_) => "holidays",
        Intent::Repositories(_) => "repos",
        Intent::Pulls(_) => "prs",
        Intent::Link { .. } => "link",
        Intent::Unlink { .. } => "unlink",
        Intent::Announced(_) | Intent::Announce { .. } | Intent::Mention(_) => "github",
        Intent::Object { .. } => "object",
        Intent::Withdraw(_) => "withdraw",
        Intent::Archive(_) => "archive",
        Intent::Template(_) => "template",
        Intent::Plan(_) => "plan",
        Intent::Break { .. } => "break",
        Intent::Edit(_) => "edit",
        Intent::Issue { .. } => "issue",
        Intent::Set { value, .. } => match value {
            FieldValue::Status(status) => match status {
                Status::Backlog => "park",
                Status::Todo => "reopen",
                Status::InProgress => "start",
                Status::InReview => "review",
                Status::Blocked => "block",
                Status::Done => "done",
                Status::Cancelled => "cancel",
            },
            FieldValue::Assignee(_) => "assign",
            FieldValue::Estimate(_) => "estimate",
            FieldValue::Priority(_) => "priority",
            FieldValue::Due(_) => "due",
        },
        Intent::Standup(kind, _) => kind.as_str(),
        Intent::Draft { .. } => "draft",
        Intent::Reminders | Intent::Remind(_) => "remind",
        Intent::Process { .. } => "process",
        Intent::Track { .. } => "track",
        Intent::Decisions(_) => "decisions",
        Intent::Approve(_) => "approve",
        Intent::Reject { .. } => "reject",
        Intent::Undo(_) => "undo",
        Intent::Rebase(_) => "rebase",
        Intent::Renew(_) => "renew",
    }
}

#[test]
fn table_parser_and_help_cannot_drift_apart() {
    for command in COMMANDS {
        assert!(!command.examples.is_empty(), "{}", command.name);
        for example in command.examples {
            for word in command.words() {
                let rest = example.strip_prefix(command.name).unwrap();
                let intent = read(&format!("{word}{rest}"));
                assert_eq!(command_of(&intent), command.name, "{word}{rest}");
            }
        }
        let optional_first = command.arguments.windows(2).any(|pair| !pair[0].required && pair[1].required);
        assert!(!optional_first, "{}: a required argument follows an optional one", command.name);
    }
    // Every word names one command, and every command that an intent can come from is in the table.
    let mut words: Vec<_> = COMMANDS.iter().flat_map(Command::words).collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count);
    let reachable: std::collections::BTreeSet<_> =
        COMMANDS.iter().map(|command| command_of(&read(command.examples[0]))).collect();
    assert_eq!(reachable.len(), COMMANDS.len());
}

#[test]
fn lines_are_read() {
    let p41 = PatchCode(41);
    for (line, expected) in [
        ("", Intent::Help(None)),
        ("/docket", Intent::Help(None)),
        ("docket help", Intent::Help(Some(help::EVERYTHING.into()))),
        ("HELP Plan", Intent::Help(Some("plan".into()))),
        ("/docket plan Build a user authentication flow", Intent::Plan("Build a user authentication flow".into())),
        ("plan: Build it", Intent::Plan("Build it".into())),
        ("```/docket next```", Intent::Next(None)),
        ("next auth", Intent::Next(Some("AUTH".parse().unwrap()))),
        ("in AUTH: next", Intent::Next(Some("AUTH".parse().unwrap()))),
        ("AUTH: status", Intent::Status(Some("AUTH".parse().unwrap()))),
        ("status of AUTH", Intent::Status(Some("AUTH".parse().unwrap()))),
        ("show", Intent::Show(None)),
        ("in auth: show", Intent::Show(Some(Named::Project("AUTH".parse().unwrap())))),
        ("in auth: show 3", Intent::Show(Some(Named::Task(code("AUTH-3"))))),
        ("show 3", Intent::Show(Some(Named::Task(TaskName::Number(3))))),
        ("show auth-3", Intent::Show(Some(Named::Task(code("AUTH-3"))))),
        ("show p-41", Intent::Show(Some(Named::Patch(p41)))),
        ("break AUTH-3 down", Intent::Break { task: code("AUTH-3"), focus: None }),
        ("break AUTH–3 focus on tests", Intent::Break { task: code("AUTH-3"), focus: Some("tests".into()) }),
        ("in AUTH: break 3", Intent::Break { task: code("AUTH-3"), focus: None }),
        ("edit AUTH: drop 2", Intent::Edit("AUTH: drop 2".into())),
        ("in AUTH: edit drop 2", Intent::Edit("AUTH: drop 2".into())),
        ("edit add “docs” & tests", Intent::Edit("add \"docs\" & tests".into())),
        ("approve P—41", Intent::Approve(p41)),
        ("reject P-41 because too big", Intent::Reject { patch: p41, reason: "too big".into() }),
        ("assign AUTH-3 to <@U123>", set("AUTH-3", FieldValue::Assignee(Some(Person::User("U123".into()))))),
        ("assign AUTH-3 <@U123|ana>", set("AUTH-3", FieldValue::Assignee(Some(Person::User("U123".into()))))),
        ("assign AUTH-3 Ana Lopez", set("AUTH-3", FieldValue::Assignee(Some(Person::Name("Ana Lopez".into()))))),
        ("assign AUTH-3 nobody", set("AUTH-3", FieldValue::Assignee(None))),
        ("estimate AUTH-3 at 1.5 d", set("AUTH-3", FieldValue::Estimate(Some(720)))),
        ("estimate AUTH-3 none", set("AUTH-3", FieldValue::Estimate(None))),
        ("priority AUTH-3 urgent", set("AUTH-3", FieldValue::Priority(Priority::Urgent))),
        ("due AUTH-3 by 24 Dec", set("AUTH-3", FieldValue::Due("2026-12-24".parse().ok()))),
        ("done\u{A0}AUTH-3\u{200B}", set("AUTH-3", FieldValue::Status(Status::Done))),
        ("unblock #3", Intent::Set { task: TaskName::Number(3), value: FieldValue::Status(Status::Todo) }),
        // No command: understood as a phrase.
        ("mark AUTH-3 done", set("AUTH-3", FieldValue::Status(Status::Done))),
        ("drop the last one", Intent::Edit("drop the last one".into())),
        ("in AUTH: drop the last one", Intent::Edit("AUTH: drop the last one".into())),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn half_a_command_is_never_acted_on() {
    for line in [
        "done AUTH-3 AUTH-4",
        "done AUTH-3 <@U123>",
        "done",
        "done everything",
        "done AUTH-0",
        "approve",
        "approve 41",
        "approve P-41 and P-42",
        "whoami <@U123>",
        "connect openai",
        "list everything",
        "assign AUTH-3",
        "assign AUTH-3 <@U1> <@U2>",
        "estimate AUTH-3 soon",
        "due AUTH-3 31 Feb",
        "priority AUTH-3 purple",
        "show what",
        "plan",
        "edit",
        "in AUTH: plan a house",
        "in AUTH: done SHOP-3",
    ] {
        // "show what" is a key, but WHAT may well exist: it is read, and looked up later.
        if line != "show what" {
            assert!(refused(line).contains("\nUsage: /docket "), "{line}: {}", refused(line));
        }
    }
    insta::assert_snapshot!(refused("done AUTH-3 <@U123>"), @"
    done does not know what to do with “<@U123>”, so I changed nothing.
    Usage: /docket done <task>
    For example: /docket done AUTH-3
    ");
    insta::assert_snapshot!(refused("assign AUTH-3"), @"
    assign: name one person: a mention, a name, “me” or “nobody”.
    Usage: /docket assign <task> <person>
    For example: /docket assign AUTH-3 @ana
    ");
    insta::assert_snapshot!(refused("edit"), @"
    edit: say what to change.
    Usage: /docket edit <changes>
    For example: /docket edit add a task for documentation
    ");
    insta::assert_snapshot!(refused("plan"), @"
    plan: say the goal.
    Usage: /docket plan <goal>
    For example: /docket plan Build a user authentication flow
    ");
    insta::assert_snapshot!(refused("approve 7"), @"
    I can't read “7” as a patch. Do you mean P-7? Write it so.
    Usage: /docket approve <patch>
    For example: /docket approve P-41
    ");
    insta::assert_snapshot!(refused("due AUTH-3 31 Feb"), @"
    I can't read “31 Feb” as a day, such as tomorrow, friday, 24 Dec, 2026-12-24 or “none”.
    Usage: /docket due <task> <day>
    For example: /docket due AUTH-3 friday
    ");
}

#[test]
fn an_unknown_word_gets_a_suggestion_or_an_honest_answer() {
    insta::assert_snapshot!(refused("/docket aprove P-41"), @"There is no command “aprove”. Did you mean approve? /docket help lists all commands.");
    insta::assert_snapshot!(refused("nxt"), @"There is no command “nxt”. Did you mean next? /docket help lists all commands.");
    assert!(refused("sing me a song").starts_with("I don't understand “sing me a song”"));
    assert!(refused("how do birds fly").starts_with("I don't understand “how do birds fly”"), "it is no `show`");
}

#[test]
fn a_command_that_goes_on_in_everyday_words_is_understood() {
    let code_3 = || Some(Named::Task(code("AUTH-3")));
    for (line, expected) in [
        ("show me AUTH-3", Intent::Show(code_3())),
        ("show AUTH-3 please", Intent::Show(code_3())),
        ("break down AUTH-3 please", Intent::Break { task: code("AUTH-3"), focus: None }),
        ("assign 2 and 3 to me", Intent::Edit("assign 2 and 3 to me".into())),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
    assert!(refused("done 1 2").starts_with("done does not know what to do with “2”"));
}

#[test]
fn long_and_strange_lines_are_read_quickly() {
    assert!(refused(&"x".repeat(MAX_TEXT + 1)).contains("10001 characters"));
    for piece in [
        "x ",
        "and add a task ",
        "\" to ",
        "<@U1> ",
        "🚀",
        "שלום ",
        "add a task for a. ",
        "; ",
        "\n",
        "1",
        "rename 2 to ",
    ] {
        let line: String = piece.chars().cycle().take(MAX_TEXT - 10).collect();
        let started = std::time::Instant::now();
        for head in ["", "plan ", "edit ", "done ", "estimate 1 ", "due 1 ", "add "] {
            let _either = parse(&format!("{head}{line}"), test_day());
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(3), "{piece:?} took {:?}", started.elapsed());
    }
}
