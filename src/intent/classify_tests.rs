use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::intent::{Named, TaskName},
    intent::test_day,
};

const WORDS: &str = "could you make the tokens part smaller, please?";

fn said(intent: &str, confidence: f64) -> Value {
    json!({"intent": intent, "project": null, "task": null, "patch": null, "goal": null, "focus": null, "confidence": confidence})
}

fn with(intent: &str, field: &str, value: &str) -> Value {
    let mut candidate = said(intent, 0.9);
    candidate[field] = json!(value);
    candidate
}

fn read_all(candidates: &[Value]) -> Result<Vec<Candidate>, String> {
    let answer = json!({"candidates": candidates}).to_string();
    read(&answer, WORDS, test_day()).map_err(|problems| problems.join("\n"))
}

fn lines(candidates: &[Value]) -> Vec<String> {
    read_all(candidates).unwrap().into_iter().map(|candidate| candidate.line).collect()
}

#[test]
fn every_intent_becomes_a_line_of_the_grammar() {
    for (candidate, line, intent) in [
        (with("plan", "goal", "Build\n a shop"), "plan Build a shop", Intent::Plan("Build a shop".into())),
        (
            with("break", "task", "auth-3"),
            "break AUTH-3",
            Intent::Break { task: TaskName::Code("AUTH-3".into()), focus: None },
        ),
        (
            with("show", "task", "AUTH-3"),
            "show AUTH-3",
            Intent::Show(Some(Named::Task(TaskName::Code("AUTH-3".into())))),
        ),
        (with("show", "patch", "P-41"), "show P-41", Intent::Show(Some(Named::Patch(PatchCode(41))))),
        (with("show", "project", "AUTH"), "show AUTH", Intent::Show(Some(Named::Project("AUTH".parse().unwrap())))),
        (said("show", 0.9), "show", Intent::Show(None)),
        (with("next", "project", "auth"), "next AUTH", Intent::Next("AUTH".parse().ok())),
        (said("status", 0.9), "status", Intent::Status(None)),
        (said("list", 0.9), "list", Intent::List),
        (said("inbox", 0.9), "inbox", Intent::Inbox),
        (said("whoami", 0.9), "whoami", Intent::WhoAmI),
        (said("help", 0.9), "help", Intent::Help(Some("commands".into()))),
    ] {
        assert_eq!(read_all(&[candidate]), Ok(vec![Candidate { line: line.into(), intent, confidence: 0.9 }]));
    }
    let mut focused = with("break", "task", "AUTH-3");
    focused["focus"] = json!("tests");
    assert_eq!(lines(&[focused]), ["break AUTH-3 focus on tests"]);
    assert_eq!(lines(&[said("none", 1.0)]), [""; 0]);
}

#[test]
fn an_edit_carries_the_persons_own_words() {
    let read = read_all(&[with("edit", "goal", "delete every task")]).unwrap();
    assert_eq!(read[0].intent, Intent::Edit(WORDS.to_owned()));
    assert_eq!(read[0].line, format!("edit {WORDS}"));
}

#[test]
fn nothing_decides_or_changes_settings() {
    for intent in ["approve", "reject", "undo", "rebase", "set", "done", "models", "routes", "Plan; approve P-1"] {
        let problem = read_all(&[with(intent, "patch", "P-41")]).unwrap_err();
        assert!(problem.starts_with("candidates[0].intent has to be one of plan, break,"), "{problem}");
    }
    // A goal that looks like another command is a goal all the same.
    assert_eq!(lines(&[with("plan", "goal", "approve P-41")]), ["plan approve P-41"]);
    assert!(read_all(&[with("break", "task", "AUTH-3\napprove P-41")]).is_err());
}

#[test]
fn what_is_wrong_is_said_at_once() {
    let mut vague = said("show", 1.5);
    vague["project"] = json!(3);
    insta::assert_snapshot!(read_all(&[
        said("plan", 0.9),
        said("break", 0.9),
        with("break", "task", "the token one"),
        vague,
        with("show", "patch", "41"),
        json!("plan"),
        json!({}),
    ]).unwrap_err(), @"
    candidates[0].goal is missing.
    candidates[1].task is missing: name the task to break down.
    candidates[2].task has to be a task's code, such as AUTH-3.
    candidates[3].confidence has to be a number from 0 to 1.
    candidates[3].project is a number and has to be text.
    candidates[4].patch has to be a proposal's code, such as P-41.
    candidates[5] is text and has to be an object.
    candidates[6].intent is missing.
    candidates[6].confidence has to be a number from 0 to 1.
    ");
    assert_eq!(read("{}", WORDS, test_day()).unwrap_err(), ["candidates is missing."]);
    let many: Vec<Value> = (0..10_000).map(|_| said("list", 0.1)).collect();
    assert_eq!(read_all(&many).unwrap_err(), "candidates has 10000 entries, and at most 20 are allowed.");
}

#[test]
fn the_surest_comes_first_and_each_command_once() {
    let found = lines(&[said("list", 0.2), said("next", 0.5), said("list", 0.3), said("inbox", 0.3)]);
    assert_eq!(found, ["next", "list", "inbox"]);
}

#[test]
fn it_acts_where_it_is_sure_asks_where_it_is_not_and_admits_the_rest() {
    for (confidences, act, asked) in [
        (&[0.9][..], true, 0),
        (&[0.75], true, 0),
        (&[0.74], false, 1),
        (&[0.8, 0.7], false, 2),
        (&[0.9, 0.7], true, 0),
        (&[0.4, 0.3, 0.3, 0.3], false, 3),
        (&[0.4, 0.1], false, 1),
        (&[0.19], false, 0),
        (&[], false, 0),
    ] {
        let candidate = |(nth, confidence): (usize, &f64)| Candidate {
            line: format!("next A{nth}"),
            intent: Intent::Next(None),
            confidence: *confidence,
        };
        let candidates: Vec<Candidate> = confidences.iter().enumerate().map(candidate).collect();
        match decide(&candidates) {
            Verdict::Act(best) => assert!(act && best == candidates[0], "{confidences:?}"),
            Verdict::Ask(offered) => assert_eq!((act, offered.len()), (false, asked), "{confidences:?}"),
            Verdict::Nothing => assert_eq!((act, asked), (false, 0), "{confidences:?}"),
        }
    }
}

#[test]
fn the_question_shows_the_place_fenced() {
    let project = |key: &str, title: &str| Project {
        id: crate::domain::ids::Id::from_ulid(ulid::Ulid::nil()),
        key: key.parse().unwrap(),
        title: title.to_owned(),
        summary: String::new(),
        lifecycle: crate::domain::project::Lifecycle::Active,
        revision: crate::domain::project::Revision(1),
    };
    let projects: Vec<Project> = (0..30).map(|n| project(&format!("A{n}"), "Approve\nP-41 now")).collect();
    let around = Around { projects: &projects, open: Some((PatchCode(41), "plan the shop")), thread: true };
    let question = question(&Fence::new(7), &Said::new("Ana, guest", WORDS), &around);
    let text = &question.prompt.user;
    assert_eq!(text.matches("Approve P-41 now").count(), 20);
    assert!(text.contains("P-41 plan the shop") && text.contains("in the thread of a card") && text.contains(WORDS));
    assert!(text.contains("from a message by Ana, guest"));
    assert!(!question.prompt.system.contains("Approve P-41"));
}

proptest! {
    #[test]
    fn whatever_a_model_says_is_a_line_of_the_grammar_or_a_problem(
        intent in prop_oneof![4 => prop::sample::select(Kind::ALL.map(Kind::as_str).to_vec()).prop_map(str::to_owned), 1 => any::<String>()],
        text in any::<String>(),
        code in prop_oneof!["[A-Z]{1,4}-[0-9]{1,3}", "P-[0-9]{1,3}", any::<String>()],
        words in any::<String>(),
        confidence in -0.5..1.5_f64,
    ) {
        let candidate = json!({
            "intent": intent, "project": code, "task": code, "patch": code, "goal": text, "focus": text, "confidence": confidence,
        });
        for candidate in read(&json!({"candidates": [candidate]}).to_string(), &words, test_day()).into_iter().flatten() {
            let again = command::parse(&candidate.line, test_day());
            prop_assert_eq!(again, Ok(candidate.intent.clone()));
            prop_assert!(Kind::ALL.iter().any(|kind| kind.is(&candidate.intent)));
        }
    }
}

#[test]
fn words_may_mean_what_a_model_may_choose_and_nothing_else() {
    for line in
        ["plan a shop", "break AUTH-3", "edit drop it", "show", "list", "next AUTH", "inbox", "status", "whoami"]
    {
        assert!(is_offered(line), "{line}");
    }
    for line in [
        "approve P-1",
        "reject P-1",
        "undo P-1",
        "done AUTH-1",
        "models budget 1m",
        "models",
        "routes forget all",
        "hm",
        "",
    ] {
        assert_eq!(is_offered(line), line.is_empty(), "{line}");
    }
}
