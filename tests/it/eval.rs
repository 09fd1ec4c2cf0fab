//! `docket eval`: the cases that ship, their files, and what they notice.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use docket::{
    domain::model::JsonMode,
    eval::{self, Answer, Ask, Check, Kind, Report, Silence, Suite},
    llm::{
        Endpoint, Llm, Question, Request, Speaker,
        openai::{OpenAi, Timeouts},
        reach::Reach,
    },
};
use serde_json::Value;

use crate::support::{
    clock::TestClock,
    fake_model::{self, FakeModel},
    secrets,
};

const CASES: &str = include_str!("../data/eval/cases.toml");
const ANSWERS: &str = include_str!("../data/eval/answers.json");

/// The answer of a good model to each of the cases that ship.
fn good_answers() -> BTreeMap<String, Value> {
    serde_json::from_str(ANSWERS).unwrap()
}

/// A model that gives these answers, one for each question.
struct Scripted(Mutex<VecDeque<Result<String, Silence>>>);

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Result<String, Silence>>) -> Self {
        Self(Mutex::new(answers.into_iter().collect()))
    }
}

#[async_trait]
impl Ask for Scripted {
    async fn ask(&self, _: &Question, check: Check<'_>) -> Answer {
        let answer = self.0.lock().unwrap().pop_front().unwrap();
        let text = answer.and_then(|text| match check(&text) {
            Ok(()) => Ok(text),
            Err(problems) => Err(Silence::Refused(problems.join(" "))),
        });
        Answer { text, tokens: 100 }
    }
}

/// A model behind the real client, asked once.
struct OverHttp {
    llm: Arc<dyn Llm>,
    endpoint: Endpoint,
}

#[async_trait]
impl Ask for OverHttp {
    async fn ask(&self, question: &Question, check: Check<'_>) -> Answer {
        let request = Request {
            model: "gpt-5".to_owned(),
            messages: vec![
                (Speaker::System, question.prompt.system.clone()),
                (Speaker::User, question.prompt.user.clone()),
            ],
            name: question.name,
            schema: question.schema.clone(),
            max_tokens: question.max_tokens,
        };
        let completion = self.llm.complete(&self.endpoint, &request).await.unwrap();
        let tokens = completion.prompt_tokens.unwrap_or(0) + completion.answer_tokens.unwrap_or(0);
        let text = check(&completion.text).map(|()| completion.text.clone());
        Answer { text: text.map_err(|problems| Silence::Refused(problems.join(" "))), tokens }
    }
}

/// Puts every case to a model.
async fn report(suite: &Suite, ask: &dyn Ask) -> Report {
    let chance = TestClock::new().chance(1);
    let (mut cases, mut stopped) = (Vec::new(), None);
    for case in &suite.cases {
        match eval::run(case, ask, &chance).await {
            Ok(outcome) => cases.push(outcome),
            Err(why) => {
                stopped = Some(why);
                break;
            }
        }
    }
    Report::new(cases, stopped)
}

#[test]
fn thirty_cases_ship_and_each_has_an_answer() {
    let suite = Suite::read(CASES).unwrap();
    let ids: Vec<_> = suite.cases.iter().map(|case| case.id.clone()).collect();
    assert_eq!(ids.len(), 30);
    let answers = good_answers();
    assert_eq!(ids.iter().filter(|id| !answers.contains_key(*id)).count(), 0);
    assert_eq!(answers.len(), 30);
    for kind in Kind::ALL {
        let of = suite.cases.iter().filter(|case| case.kind == *kind).count();
        assert!(of >= 5, "{}: {of}", kind.as_str());
    }
}

#[tokio::test]
async fn a_good_model_passes_every_case() {
    let suite = Suite::read(CASES).unwrap();
    let answers = good_answers();
    let model = FakeModel::start().await;
    model.script(suite.cases.iter().map(|case| fake_model::Answer::Json(answers[&case.id].clone())));
    let endpoint = Endpoint { base_url: model.url(), key: None, reach: Reach::Anywhere, json: JsonMode::Schema };
    let asked = report(&suite, &OverHttp { llm: Arc::new(OpenAi::new(Timeouts::default()).unwrap()), endpoint }).await;
    let failed: Vec<_> = asked.cases.iter().filter(|outcome| !outcome.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(asked.passed());
    assert_eq!(model.problems(), [""; 0]);
    let counted: Vec<_> = asked.kinds.iter().map(|share| (share.kind, share.passed, share.asked)).collect();
    assert_eq!(counted, [(Kind::Plan, 7, 7), (Kind::Break, 5, 5), (Kind::Refine, 10, 10), (Kind::Route, 8, 8)]);
    assert!(asked.cases.iter().all(|outcome| outcome.tokens > 0));
}

#[tokio::test]
async fn a_model_that_says_the_same_to_everything_fails_nearly_every_case() {
    let suite = Suite::read(CASES).unwrap();
    for answer in [r#"{"tasks":[],"candidates":[],"operations":[],"note":null}"#, "I can't help with that."] {
        let asked = report(&suite, &Scripted::new(suite.cases.iter().map(|_| Ok(answer.to_owned())))).await;
        let passed: Vec<&str> =
            asked.cases.iter().filter(|outcome| outcome.passed()).map(|outcome| outcome.id.as_str()).collect();
        assert!(passed.len() <= 8, "{passed:?}");
        assert!(!asked.passed());
    }
}

/// A case on a small plan.
fn case(kind: &str, expect: &str) -> Suite {
    let ground = r#"plan = """
Scope [done] (4h) @Ana
Tokens (2d) after 1 @Ben
  Issue
Page
"""
"#;
    let ground = if kind == "plan" { "" } else { ground };
    let target = if kind == "break" { "target = \"AUTH-2\"\n" } else { "" };
    let text = format!(
        "[[case]]\nid = \"one\"\nkind = \"{kind}\"\nwords = \"say\"\n{ground}{target}[case.expect]\n{expect}\n"
    );
    Suite::read(&text).unwrap()
}

fn operation(said: &str) -> String {
    let mut operation: BTreeMap<&str, Value> =
        BTreeMap::from([("clear", Value::Array(Vec::new())), ("reason", "".into())]);
    let said: BTreeMap<String, Value> = serde_json::from_str(&format!("{{{said}}}")).unwrap();
    operation.extend(said.iter().map(|(name, value)| (name.as_str(), value.clone())));
    serde_json::to_string(&operation).unwrap()
}

fn change(operations: &[&str]) -> String {
    let operations: Vec<String> = operations.iter().map(|said| operation(said)).collect();
    format!(r#"{{"operations":[{}],"note":null}}"#, operations.join(","))
}

const NEW: &str = r#""op":"add","ref":"new","title":"Audit log","description":"Who did what.""#;

async fn failed(kind: &str, expect: &str, answer: &str) -> Vec<String> {
    let suite = case(kind, expect);
    let mut asked = report(&suite, &Scripted::new([Ok(answer.to_owned())])).await;
    asked.cases.remove(0).failed
}

#[tokio::test]
async fn every_expectation_of_a_change_can_pass_and_fail() {
    let add = change(&[NEW]);
    let rename = change(&[r#""op":"change","task":"AUTH-4","title":"Sign-in page""#]);
    let remove = change(&[r#""op":"remove","task":"AUTH-2""#]);
    let finish = change(&[r#""op":"change","task":"AUTH-4","status":"done","assignee":"Ana""#]);
    let under = change(&[r#""op":"move","task":"AUTH-4","parent":"AUTH-3""#]);
    let full = change(&[
        r#""op":"add","ref":"new","title":"Audit log","acceptance":["It is there."],"estimate_minutes":60,"waits_for":["AUTH-4"]"#,
    ]);
    let none = change(&[]);
    let table: &[(&str, &str, &str, &str)] = &[
        ("nothing = true", &none, &rename, "a change is proposed"),
        ("max_tasks = 0", &rename, &add, "new tasks: 1, at most 0 expected"),
        ("min_tasks = 1", &add, &rename, "new tasks: 0, at least 1 expected"),
        ("max_operations = 1", &rename, &remove, "operations: 2, at most 1 expected"),
        ("max_depth = 1", &rename, &under, "depth: 2, at most 1 expected"),
        ("mentions = ['audit|trail']", &add, &rename, "\"audit|trail\" is not mentioned"),
        ("not_mentions = ['who did']", &rename, &add, "\"who did\" is mentioned"),
        ("no_deletes = true", &rename, &remove, "AUTH-2, AUTH-3 would go"),
        ("deletes = ['auth-2', 'AUTH-3']", &remove, &rename, "nothing would go, expected was AUTH-2, AUTH-3"),
        ("touches = ['AUTH-4']", &rename, &add, "AUTH-4 stays as it is"),
        ("touches_only = ['AUTH-4']", &under, &remove, "AUTH-2, AUTH-3 is touched too"),
        ("keeps_assignees = true", &rename, &finish, "AUTH-4 gets another assignee"),
        ("keeps_status = true", &rename, &finish, "AUTH-4 gets another status"),
        ("has_acceptance = true", &full, &add, "new tasks without acceptance criteria: 1"),
        ("has_estimates = true", &full, &add, "new tasks without an estimate: 1"),
        ("has_dependencies = true", &full, &add, "no new task waits for another"),
    ];
    for (expect, good, bad, says) in table {
        assert_eq!(failed("refine", expect, good).await, [""; 0], "{expect}");
        assert_eq!(failed("refine", expect, bad).await, [*says], "{expect}");
    }
}

#[tokio::test]
async fn every_expectation_of_a_meaning_can_pass_and_fail() {
    let sure = r#"{"candidates":[{"intent":"break","task":"AUTH-2","confidence":0.9}]}"#;
    let torn = r#"{"candidates":[{"intent":"status","confidence":0.5},{"intent":"list","confidence":0.4}]}"#;
    let none = r#"{"candidates":[{"intent":"none","confidence":0.9}]}"#;
    for (expect, good, bad, says) in [
        ("intent = 'break|show'", sure, torn, "the likeliest command is status, not break|show"),
        ("intent = 'none'", none, sure, "the likeliest command is break, not none"),
        ("line = 'break auth-2'", sure, torn, "the likeliest line is \"status\", not \"break auth-2\""),
        ("decision = 'act'", sure, torn, "the decision is to ask, not to act"),
        ("decision = 'ask | nothing'", none, sure, "the decision is to act, not to ask | nothing"),
    ] {
        assert_eq!(failed("route", expect, good).await, [""; 0], "{expect}");
        assert_eq!(failed("route", expect, bad).await, [says], "{expect}");
    }
}

#[tokio::test]
async fn what_stays_silent_fails_unless_that_is_expected() {
    let silent = async |expect: &str, silence: Silence| {
        let suite = case("refine", expect);
        report(&suite, &Scripted::new([Err(silence)])).await
    };
    let refused = || Silence::Refused("the model refused".to_owned());
    assert_eq!(silent("max_tasks = 1", refused()).await.cases[0].failed, ["the model refused"]);
    assert!(silent("refused_ok = true", refused()).await.passed());
    let failed = silent("refused_ok = true", Silence::Failed("no answer in time".to_owned())).await;
    assert_eq!(failed.cases[0].failed, ["no answer in time"]);
    assert!(self::failed("refine", "refused_ok = true", "no JSON").await.is_empty());
    assert!(self::failed("refine", "refused_ok = true", &change(&[])).await.is_empty());
    let said = self::failed("refine", "max_tasks = 1", &change(&[])).await;
    assert!(said[0].starts_with("no change is proposed: "), "{said:?}");
    // Where an answer does come, what is expected of it still counts.
    assert_eq!(self::failed("refine", "refused_ok = true\nmax_tasks = 0", &change(&[NEW])).await.len(), 1);

    let mut suite = case("refine", "max_tasks = 1");
    suite.cases.push(suite.cases[0].clone());
    let stopped = report(&suite, &Scripted::new([Err(Silence::Stop("no model is connected".to_owned()))])).await;
    assert_eq!((stopped.cases.len(), stopped.stopped.as_deref()), (0, Some("no model is connected")));
    assert!(!stopped.passed());
}

#[tokio::test]
async fn a_case_that_can_not_be_asked_fails_in_words() {
    let text = CASES.replace("target = \"AUTH-3\"", "target = \"AUTH-1\"");
    let mut suite = Suite::read(&text).unwrap();
    assert!(suite.keep_only("break-a-page"));
    let asked = report(&suite, &Scripted::new([])).await;
    assert!(asked.cases[0].failed[0].starts_with("can't be asked: "), "{:?}", asked.cases[0].failed);
    assert!(!suite.keep_only("no-such-case"));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let problems = |text: &str| Suite::read(text).unwrap_err().to_string();
    let head = "[[case]]\nid = 'a'\nkind = 'plan'\nwords = 'x'\n";
    for (text, says) in [
        (String::new(), "line 1: missing field `case`"),
        ("case = []".to_owned(), "line 1: there is no case in it"),
        (format!("{head}[case.expect]\nmax_taks = 3\n"), "line 6: unknown field `max_taks`"),
        (format!("{head}goal = 'y'\n[case.expect]\nmax_tasks = 3\n"), "line 5: unknown field `goal`"),
        (format!("{head}[case.expect]\nmax_tasks = 'many'\n"), "line 6: invalid type: string \"many\""),
        (format!("{head}[case.expect]\nmax_tasks = -1\n"), "line 6: invalid value"),
        ("[[case]]\nid = 'a'\nkind = 'chat'\n".to_owned(), "line 3: unknown variant `chat`"),
        ("[[case]]\nid = 'a\n".to_owned(), "line 2: "),
        (format!("{head}[case.expect]\n"), "line 5: nothing is expected, so the case could never fail"),
        (format!("{head}[case.expect]\nintent = 'plan'\n"), "intent can't be expected of the kind plan"),
        (format!("{head}[case.expect]\nmin_tasks = 3\nmax_tasks = 2\n"), "min_tasks 3 is more than max_tasks 2"),
        (format!("{head}[case.expect]\nnothing = true\n"), "nothing can't be expected of the kind plan"),
        (format!("{head}[case.expect]\nno_deletes = true\ntouches = ['AUTH-9']\n"), "\"AUTH-9\" is no task"),
        (format!("{head}plan = 'Scope'\n[case.expect]\nmax_tasks = 3\n"), "line 1: plan means nothing for a case"),
        (format!("{head}people = []\n[case.expect]\nmax_tasks = 3\n"), "line 5: there has to be somebody who speaks"),
        ("[[case]]\nid = 'a'\nkind = 'plan'\n[case.expect]\nmax_tasks = 3".to_owned(), "a case of the kind plan needs words"),
        (
            "[[case]]\nid = 'a'\nkind = 'route'\nwords = 'x'\n[case.expect]\ndecision = 'guess'".to_owned(),
            "\"guess\" is no decision",
        ),
        ("[[case]]\nid = 'a'\nkind = 'refine'\nwords = 'x'\n[case.expect]\nmax_tasks = 3".to_owned(), "needs a plan"),
        (
            "[[case]]\nid = 'a'\nkind = 'break'\nplan = 'Scope'\n[case.expect]\nmax_tasks = 3".to_owned(),
            "a case of the kind break needs a target",
        ),
        (
            "[[case]]\nid = 'a'\nkind = 'break'\ntarget = 'AUTH-2'\nplan = 'Scope'\n[case.expect]\nmax_tasks = 3".to_owned(),
            "line 4: \"AUTH-2\" is no task of the plan",
        ),
        (
            "[[case]]\nid = 'a'\nkind = 'break'\ntarget = 'AUTH-1'\nplan = 'Scope'\nfiller = 20001\n[case.expect]\nmax_tasks = 3"
                .to_owned(),
            "line 6: filler is 20001, and at most 20000 are made",
        ),
        (
            "[[case]]\nid = 'a'\nkind = 'route'\nwords = 'x'\nproject = 'A title'\n[case.expect]\nintent = 'plan'".to_owned(),
            "line 5: a project is written as its key and its title",
        ),
    ] {
        let said = problems(&text);
        assert!(said.contains(says), "{text}\n→ {said}");
    }
}

#[test]
fn everything_that_is_wrong_with_the_meaning_of_a_file_is_said_at_once() {
    let text = r#"
[[case]]
id = "twice"
kind = "refine"
words = "x"
plan = """
Scope [finished]
   Crooked
Tokens after 7
+ Page @Zoe
  Under a proposed one
"""
[case.expect]
max_tasks = 3

[[case]]
id = "twice"
kind = "plan"
words = "x"
talk = ["before"]
[case.expect]
max_tasks = 3
"#;
    insta::assert_snapshot!(Suite::read(text).unwrap_err().to_string(), @r#"
    line 7: [finished] is no status
    line 8: it has to be indented by two blanks for each task above it
    line 9: it waits for 7, which is not in the plan
    line 10: @Zoe is none of the people
    line 11: it has to be indented by two blanks for each task above it
    line 16: talk means nothing for a case of the kind plan
    line 17: the id "twice" is there already
    "#);
}

/// `docket eval` on a migrated database of its own, with these settings and arguments.
async fn docket_eval(settings: &[(&str, String)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::TempDir::new().unwrap();
    let program = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_docket"));
        command.env_clear().envs(settings.iter().cloned()).current_dir(folder.path()).args(arguments);
        command
    };
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/eval/cases.toml");
    let mut migrate = program(&["migrate"]);
    let mut eval = program(&[&["eval", cases], arguments].concat());
    let ran = tokio::task::spawn_blocking(move || {
        assert!(migrate.output().map(secrets::checked).unwrap().status.success());
        eval.output().map(secrets::checked).unwrap()
    });
    let ran = ran.await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

fn settings(model: &FakeModel) -> Vec<(&'static str, String)> {
    vec![
        ("OPENAI_BASE_URL", model.url()),
        ("OPENAI_API_KEY", "sk-hush".to_owned()),
        ("OPENAI_MODEL", "gpt-5-mini".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_what_passed_and_what_it_took() {
    let model = FakeModel::start().await;
    let answers = good_answers();
    let suite = Suite::read(CASES).unwrap();
    model.script(suite.cases.iter().map(|case| fake_model::Answer::Json(answers[&case.id].clone())));
    let (code, out, err) = docket_eval(&settings(&model), &[]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("✓ ")).count(), 30, "{out}");
    let all: Vec<&str> = out.lines().last().unwrap().split_whitespace().take(3).collect();
    assert_eq!(all, ["all", "30", "30"], "{out}");
    assert_eq!(model.problems(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_ends_with_1_where_a_case_fails_twice() {
    let model = FakeModel::start().await;
    // The repair is no better than the first attempt.
    model.respond(|_| fake_model::Answer::Json(serde_json::json!({"operations": [], "note": "No."})));
    let (code, out, _) = docket_eval(&settings(&model), &["--only", "refine-rename", "--json"]).await;
    assert_eq!(code, Some(1), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["cases"][0]["failed"], serde_json::json!(["no change is proposed: No."]));
    assert!(report["cases"][0]["tokens"].as_u64().unwrap() > 0);
    assert_eq!(report["kinds"][0]["passed"], 0);

    let arguments = ["--only", "route-small-talk", "--account", "environment", "--model", "gpt-5-nano"];
    let (code, out, _) = docket_eval(&settings(&model), &arguments).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("✗ route-small-talk") && out.contains("candidates is missing"), "{out}");
    assert_eq!(model.last().body["model"], "gpt-5-nano");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_stops_where_no_model_can_be_asked() {
    let (code, out, _) = docket_eval(&[], &[]).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("Stopped after 0 of 30 cases: No model is connected."), "{out}");
    let model = FakeModel::start().await;
    let (code, out, _) = docket_eval(&settings(&model), &["--account", "nobody"]).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("There is no account called nobody."), "{out}");
    assert!(model.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_refuses_a_wrong_file_before_it_asks_anything() {
    for (arguments, says) in
        [(&["--only", "no-such-case"][..], "has no case \"no-such-case\""), (&["--model", "gpt-5"], "--account <NAME>")]
    {
        let (code, _, err) = docket_eval(&[], arguments).await;
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(says), "{err}");
    }
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("wrong.toml");
    for (text, says) in [(None, "can't be read"), (Some("[[case]]\nid = 3"), "line 2: invalid type")] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_docket"));
        let ran = command
            .env_clear()
            .current_dir(folder.path())
            .arg("eval")
            .arg(&file)
            .output()
            .map(secrets::checked)
            .unwrap();
        let err = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{err}");
        assert!(err.contains(says), "{err}");
    }
    assert!(!folder.path().join("data").exists(), "nothing is made before the file is right");
}
