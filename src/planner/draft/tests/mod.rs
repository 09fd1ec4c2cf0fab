//! What a model's answers come to.

mod refining;
mod size;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{patch::Confidence, task::Status},
    llm::{Question, fence::Fence, prompt::Said, schema::check_portable},
    planner::{
        edit::Sketch,
        fixtures::{people, sample, shown},
    },
};

const BITS: u128 = 0x3f2a_91c4_d005_be77;

fn fence() -> Fence {
    Fence::new(BITS)
}

fn ana(words: &str) -> Said {
    Said::new("Ana Lopez, full member", words)
}

fn day() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

fn task(name: &str, title: &str, after: &[&str]) -> Value {
    json!({
        "ref": name, "title": title, "description": format!("What belongs to {title}."),
        "acceptance": ["It can be shown"], "estimate_minutes": 480, "after": after, "reason": format!("{title} is needed."),
    })
}

fn first_plan() -> Value {
    json!({
        "title": "User authentication flow",
        "summary": "People sign in and stay signed in.",
        "key": "AUTH",
        "tasks": [
            task("scope", "Agreed scope", &[]), task("tokens", "Token service", &["scope"]), task("page", "Sign-in page", &["tokens", "Scope"]),
        ],
    })
}

fn planned(answer: &Value) -> Result<Draft, String> {
    let taken = BTreeSet::from(["SHOP".parse().unwrap()]);
    plan::read(&answer.to_string(), "Build a user authentication flow", &taken).map_err(|problems| problems.join("\n"))
}

#[test]
fn a_first_plan_is_read() {
    let draft = planned(&first_plan()).unwrap();
    let founding = draft.founding.clone().unwrap();
    assert_eq!(founding.key.as_str(), "AUTH");
    assert_eq!(
        (founding.title.as_str(), draft.title.as_str()),
        ("User authentication flow", "plan user authentication flow")
    );
    assert_eq!(
        (draft.confidence, draft.mode, draft.method.as_str()),
        (Confidence::Medium, crate::domain::patch::Mode::Project, "")
    );
    insta::assert_snapshot!(shown(&draft.steps), @"
    + 1 Agreed scope (1 d)  [Agreed scope is needed]
    + 2 Token service (1 d) after 1  [Token service is needed]
    + 3 Sign-in page (1 d) after 1, 2  [Sign-in page is needed]
    ");
}

#[test]
fn a_key_that_will_not_do_is_replaced() {
    for (said, key) in [
        (json!("shop"), "SHOP2"),
        (json!("A-B"), "AUTH"),
        (json!(null), "AUTH"),
        (json!(7), "AUTH"),
        (json!("login"), "LOGIN"),
    ] {
        let mut answer = first_plan();
        answer["key"] = said;
        assert_eq!(planned(&answer).unwrap().founding.unwrap().key.as_str(), key);
    }
}

#[test]
fn everything_that_is_wrong_with_a_plan_is_said_at_once() {
    let answer = json!({
        "title": "x".repeat(121),
        "summary": ["a list"],
        "tasks": [
            {"ref": "a", "title": null, "description": 3, "acceptance": [], "estimate_minutes": "2 days", "after": ["b", "nobody"]},
            {"ref": "A", "title": "Two\nlines\u{202e}", "acceptance": "all fine", "estimate_minutes": 1.5, "after": null},
            "Write the docs",
        ],
    });
    insta::assert_snapshot!(planned(&answer).unwrap_err(), @r#"
    title has 121 characters, and at most 120 fit.
    summary is a list and has to be text.
    tasks[0].acceptance is empty: say how one can check that the task is done.
    tasks[0].description is a number and has to be text.
    tasks[0].estimate_minutes is text and has to be a whole number from 0.
    tasks[0].title is missing.
    tasks[1].ref is "A" once more; every task needs a ref of its own.
    tasks[1].acceptance is text and has to be a list.
    tasks[1].estimate_minutes is a number and has to be a whole number from 0.
    tasks[2] is text and has to be an object.
    tasks[0].after names "b", which is neither a ref of this answer nor a task of the plan.
    tasks[0].after names "nobody", which is neither a ref of this answer nor a task of the plan.
    "#);
    insta::assert_snapshot!(planned(&json!({"title": "Sign-in", "tasks": []})).unwrap_err(), @"tasks is empty: there has to be at least one task.");
    insta::assert_snapshot!(planned(&json!({"title": "Sign-in"})).unwrap_err(), @"tasks is empty: there has to be at least one task.");
}

#[test]
fn the_rules_for_everybody_hold_for_a_model_too() {
    let mut many = first_plan();
    many["tasks"] = (0..7).map(|n| task(&format!("t{n}"), "One more", &[])).collect();
    insta::assert_snapshot!(planned(&many).unwrap_err(), @"tasks has 7 entries, and at most 6 are allowed.");
    let mut circle = first_plan();
    circle["tasks"][0]["after"] = json!(["page"]);
    circle["tasks"][1]["estimate_minutes"] = json!(0);
    insta::assert_snapshot!(planned(&circle).unwrap_err(), @r#"
    These tasks would wait for each other: AUTH-1 → AUTH-3 → AUTH-1. Drop one of the dependencies.
    The estimate of AUTH-2 is 0 minutes: it must be 1 to 100000 minutes (208 d 2 h 40 min).
    These tasks would wait for each other: AUTH-2 → AUTH-1 → AUTH-3 → AUTH-2. Drop one of the dependencies.
    Of the new tasks, AUTH-1 is your "scope", AUTH-2 is your "tokens" and AUTH-3 is your "page".
    "#);
}

fn broken_down(answer: &Value, number: u32) -> Result<Draft, String> {
    breakdown::read(&answer.to_string(), &sample(), TaskNumber(number), TaskNumber(6))
        .map_err(|problems| problems.join("\n"))
}

#[test]
fn sub_tasks_are_read_behind_those_that_are_there() {
    let answer = json!({"tasks": [task("store", "Store", &["AUTH-4"]), task("rotate", "Rotate", &["store"])]});
    let draft = broken_down(&answer, 2).unwrap();
    assert_eq!(draft.title, "break down AUTH-2 further: Tokens");
    insta::assert_snapshot!(shown(&draft.steps), @"
    + 6 Store (1 d) under 2 after 4  [Store is needed]
    + 7 Rotate (1 d) under 2 after 6  [Rotate is needed]
    ");
    let kin = json!({"tasks": [task("store", "Issue", &["AUTH-2"]), task("far", "Far", &["AUTH-99", "SHOP-1"])]});
    insta::assert_snapshot!(broken_down(&kin, 2).unwrap_err(), @r#"
    "Issue" is there already, as AUTH-4.
    tasks[1].after names "AUTH-99", which is neither a ref of this answer nor a task of the plan.
    tasks[1].after names "SHOP-1", which is neither a ref of this answer nor a task of the plan.
    "#);
    let own = json!({"tasks": [task("store", "Store", &["AUTH-2"])]});
    insta::assert_snapshot!(broken_down(&own, 2).unwrap_err(), @r#"
    AUTH-6 can't depend on AUTH-2 and be part of it: they would wait for each other (AUTH-6 → AUTH-2 → AUTH-6).
    Of the new tasks, AUTH-6 is your "store".
    "#);
    let many = json!({"tasks": (0..6).map(|n| task(&format!("t{n}"), &format!("Part {n}"), &[])).collect::<Vec<_>>()});
    insta::assert_snapshot!(broken_down(&many, 2).unwrap_err(), @"tasks has 6 entries, and at most 5 are allowed.");
}

#[test]
fn what_can_not_be_broken_down_is_not_asked_about() {
    let mut tasks: Vec<_> = sample().tasks().cloned().collect();
    tasks[0].fields.status = Status::Done;
    let plan = crate::domain::plan::Plan::new(sample().project, tasks);
    let refused = |number| breakdown::question(&fence(), &plan, TaskNumber(number), None).unwrap_err().0;
    assert!(refused(1).starts_with("AUTH-1 is done, so there is nothing to break down."));
    assert_eq!(refused(33), "There is no task AUTH-33. Did you mean AUTH-3?");
    assert!(broken_down(&json!({"tasks": []}), 33).unwrap_err().contains("no task AUTH-33"));
    let full = crate::planner::fixtures::plan(&[
        (1, 0, "All"),
        (2, 1, "a"),
        (3, 1, "b"),
        (4, 1, "c"),
        (5, 1, "d"),
        (6, 1, "e"),
        (7, 1, "f"),
        (8, 1, "g"),
    ]);
    let words = breakdown::question(&fence(), &full, TaskNumber(1), None).unwrap_err().0;
    insta::assert_snapshot!(words, @"AUTH-1 already has 7 sub-tasks, and a breakdown has at most 7. Break one of them down, or add one in words: /docket edit add a task for … under AUTH-1");
}

#[test]
fn a_breakdown_sees_the_family_and_never_the_whole_plan() {
    let plan = crate::planner::fixtures::plan(&[
        (1, 0, "Scope"),
        (2, 0, "Tokens"),
        (4, 2, "Issue"),
        (7, 4, "Sign"),
        (8, 7, "Choose an algorithm"),
        (5, 2, "Revoke"),
        (9, 5, "Hidden"),
        (3, 0, "Page"),
        (6, 3, "Also hidden"),
    ]);
    let question = breakdown::question(&fence(), &plan, TaskNumber(4), Some(&ana("look at tests"))).unwrap();
    insta::assert_snapshot!(question.prompt.user, @"
    The project:
    <<<data 3f2a91c4d005be77 from the project AUTH>>>
    User authentication flow
    <<<end 3f2a91c4d005be77>>>

    The tasks around AUTH-4: those above it, beside it, under it, and those it waits for or that wait for it.
    <<<data 3f2a91c4d005be77 from plan AUTH>>>
    AUTH-2 [todo] Tokens
      AUTH-4 [todo] Issue
        AUTH-7 [todo] Sign · 1 more under it
      AUTH-5 [todo] Revoke · 1 more under it
    … and 5 more tasks that are not shown, 5 of them open
    <<<end 3f2a91c4d005be77>>>

    The task to break down, AUTH-4:
    <<<data 3f2a91c4d005be77 from task AUTH-4>>>
    Issue

    <<<end 3f2a91c4d005be77>>>

    What the person wants to be looked at in particular:
    <<<data 3f2a91c4d005be77 from a message by Ana Lopez, full member>>>
    look at tests
    <<<end 3f2a91c4d005be77>>>

    Break AUTH-4 down as the JSON object.
    ");
}

/// The questions, each with an answer that is read.
fn questions() -> [(Question, Value); 4] {
    let (plan, people) = (sample(), people());
    let refine =
        refine::question(&fence(), &Sketch::of_plan(&plan), &[ana("drop the last one")], &people, day()).unwrap();
    let around = crate::intent::classify::Around { projects: &[], open: None, thread: false };
    [
        (plan::question(&fence(), &ana("Build it")), first_plan()),
        (
            breakdown::question(&fence(), &plan, TaskNumber(2), None).unwrap(),
            json!({"tasks": [task("store", "Store", &["AUTH-4"])]}),
        ),
        (
            refine,
            json!({"operations": [refining::operation(&json!({"op": "remove", "task": "AUTH-3"}))], "note": null}),
        ),
        (
            crate::intent::classify::question(&fence(), &ana("what now?"), &around),
            json!({"candidates": [{
                "intent": "next", "project": null, "task": null, "patch": null, "goal": null, "focus": null, "confidence": 0.9,
            }]}),
        ),
    ]
}

#[test]
fn every_shape_is_portable_and_the_answers_fit() {
    for (question, answer) in questions() {
        assert_eq!(check_portable(&question.schema), Ok(()), "{}", question.name);
        let validator = jsonschema::validator_for(&question.schema).unwrap();
        let problems: Vec<_> = validator.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{}: {problems:?}", question.name);
        assert!(question.name.bytes().all(|b| b.is_ascii_lowercase()), "{}", question.name);
        assert_eq!(question.prompt.version.len(), 8);
    }
}

#[test]
fn whatever_stands_in_place_of_an_answer_is_told_in_words() {
    for text in ["", "I'd rather not.", "[]", "{\"tasks\": [{\"ref\": \"a\", \"ti", "null", "{}"] {
        for problems in [
            plan::read(text, "Build it", &BTreeSet::new()).unwrap_err(),
            breakdown::read(text, &sample(), TaskNumber(2), TaskNumber(6)).unwrap_err(),
            refine::read(text, &Sketch::of_plan(&sample()), &people(), TaskNumber(6)).unwrap_err(),
        ] {
            assert!(problems.iter().all(|words| words.ends_with('.')), "{text}: {problems:?}");
        }
    }
}
