use proptest::prelude::*;

use super::{
    fixtures::{channel, code, index, known, project, thread},
    *,
};
use crate::domain::{
    heard::ChatThread,
    task::{Status, TaskFields},
};

fn codes(ranked: &[Scored]) -> Vec<String> {
    ranked.iter().map(|one| one.task.code.to_string()).collect()
}

fn task(task: &str) -> TaskRef {
    let code = code(task);
    TaskRef { project: project(code.project.as_str()), code }
}

#[test]
fn a_task_that_is_named_is_meant_whatever_else_is_said() {
    let index = index(&[("AUTH-3", "Sign-in page"), ("AUTH-4", "Token service"), ("WEB-1", "Dark mode")]);
    let thread = thread(&["the token service and dark mode, see AUTH-3"]);
    let ranked = rank(&index, &thread);
    assert_eq!(codes(&ranked)[0], "AUTH-3");
    assert_eq!(judge(&thread, &ranked), Verdict::Linked(vec![task("AUTH-3")]));
}

#[test]
fn a_task_that_is_over_is_found_by_its_name_only() {
    let done = TaskFields { status: Status::Done, ..TaskFields::titled("Token service") };
    let index = Index::new([known("AUTH-4", done)]);
    assert!(rank(&index, &thread(&["the token service of the token service"])).is_empty());
    assert_eq!(codes(&rank(&index, &thread(&["AUTH-4 again"]))), ["AUTH-4"]);
}

#[test]
fn the_page_of_a_pull_request_names_its_task() {
    let page = "https://github.com/acme/web/pull/12".to_owned();
    let index = Index::new([Known { pages: vec![page], ..known("AUTH-4", TaskFields::titled("Token service")) }]);
    let is_named = |text: &str| rank(&index, &thread(&[text])).first().is_some_and(|one| one.is_named);
    assert!(is_named("please look at https://github.com/acme/web/pull/12/"));
    assert!(!is_named("please look at https://github.com/acme/web/pull/123"));
    assert!(!is_named("> https://github.com/acme/web/pull/12\nwhat is this?"));
}

#[test]
fn what_is_private_stays_in_its_channel() {
    let text = "the token service, AUTH-4";
    let at = |is_private_task, is_private_thread, home| {
        let fields = TaskFields::titled("Token service");
        let known = Known { is_private: is_private_task, homes: vec![channel(home)], ..known("AUTH-4", fields) };
        let thread = ChatThread { is_private: is_private_thread, ..thread(&[text]) };
        !rank(&Index::new([known]), &thread).is_empty()
    };
    assert!(at(false, false, "C2"));
    assert!(!at(true, false, "C2") && !at(false, true, "C2") && !at(true, true, "C2"));
    assert!(at(true, true, "C1") && at(false, true, "C1"));
}

#[test]
fn tasks_of_the_channel_and_active_ones_come_first_among_equals() {
    let tasks = ["AAA-1", "BBB-1", "CCC-1"].map(|code| known(code, TaskFields::titled("Token service")));
    let [plain, active, home] = tasks;
    let active = Known { is_active: true, ..active };
    let home = Known { homes: vec![channel("C1")], ..home };
    let thread = thread(&["the token service fails"]);
    assert_eq!(codes(&rank(&Index::new([plain, active, home]), &thread)), ["CCC-1", "BBB-1", "AAA-1"]);
}

#[test]
fn two_tasks_alike_are_asked_about() {
    let index = index(&[("AUTH-3", "Sign-in page of the shop"), ("AUTH-4", "Sign-in page of the blog")]);
    let thread = thread(&["the sign-in page is broken"]);
    let verdict = judge(&thread, &rank(&index, &thread));
    assert_eq!(verdict, Verdict::Asked(vec![task("AUTH-3"), task("AUTH-4")]));
}

/// Words that are no stop words and no codes.
fn words(least: usize) -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "token", "page", "search", "invoice", "backup", "chart", "alert", "export", "mobile", "avatar", "login",
        "queue",
    ]);
    prop::collection::vec(word, least..6).prop_map(|words| words.join(" "))
}

fn plans() -> impl Strategy<Value = Vec<Known>> {
    prop::collection::vec((words(1), words(0)), 1..12).prop_map(|tasks| {
        let known = |(nth, (title, description)): (usize, (String, String))| {
            known(&format!("AUTH-{}", nth + 1), TaskFields { description, ..TaskFields::titled(title) })
        };
        tasks.into_iter().enumerate().map(known).collect()
    })
}

proptest! {
    #[test]
    fn ranking_is_the_same_whatever_the_order_of_the_tasks(tasks in plans(), said in words(1)) {
        let thread = thread(&[said.as_str()]);
        let ranked = rank(&Index::new(tasks.clone()), &thread);
        prop_assert_eq!(&ranked, &rank(&Index::new(tasks.clone()), &thread));
        prop_assert_eq!(&ranked, &rank(&Index::new(tasks.into_iter().rev()), &thread));
    }

    #[test]
    fn a_task_that_has_nothing_to_do_with_a_thread_changes_nothing(tasks in plans(), said in words(1)) {
        let thread = thread(&[said.as_str()]);
        let ranked = rank(&Index::new(tasks.clone()), &thread);
        let other = known("ZZZ-1", TaskFields::titled("Xylophone zephyr quartz"));
        prop_assert_eq!(ranked, rank(&Index::new(tasks.into_iter().chain([other])), &thread));
    }

    #[test]
    fn a_thread_in_the_words_of_a_title_has_nothing_better_than_that_task(tasks in plans(), nth in 0..12_usize) {
        let own = &tasks[nth % tasks.len()];
        let thread = thread(&[own.fields.title.as_str()]);
        let ranked = rank(&Index::new(tasks.clone()), &thread);
        let score = ranked.iter().find(|one| one.task == own.task).map_or(0, |one| one.score);
        prop_assert!(ranked.iter().all(|one| one.score <= score), "{:?}", ranked);
    }

    #[test]
    fn any_text_is_read(said in "\\PC{0,200}") {
        let thread = thread(&[said.as_str()]);
        let index = index(&[("AUTH-3", "Sign-in page")]);
        let _ = judge(&thread, &rank(&index, &thread));
        let _ = says::told(&index, &thread, &code("AUTH-3"), true);
    }
}
