use super::*;
use crate::{
    domain::{
        intent::Person,
        task::{Priority, Status},
    },
    intent::test_day,
};

fn n(number: u32) -> Pick {
    Pick::Named(TaskName::Number(number))
}

fn each(numbers: &[u32]) -> Picks {
    Picks::Each(numbers.iter().copied().map(n).collect())
}

fn code(text: &str) -> Pick {
    Pick::Named(TaskName::Code(text.to_owned()))
}

fn add(title: &str, spot: Option<Spot>) -> Wish {
    Wish::Add { title: title.to_owned(), spot }
}

fn set(numbers: &[u32], value: FieldValue) -> Wish {
    Wish::Set { tasks: each(numbers), value }
}

fn rename(task: Pick, title: &str) -> Wish {
    Wish::Rename { task, title: title.to_owned() }
}

fn combine(tasks: Picks, title: Option<&str>) -> Wish {
    Wish::Combine { tasks, title: title.map(str::to_owned) }
}

fn move_to(tasks: &[u32], spot: Spot) -> Wish {
    Wish::Move { tasks: each(tasks), spot }
}

fn check(table: Vec<(&str, Wish)>) {
    for (words, expected) in table {
        assert_eq!(wishes(words, test_day()), Ok(vec![expected]), "{words}");
    }
}

#[test]
fn tasks_are_added_removed_and_renamed() {
    check(vec![
        ("add a task for documentation", add("Documentation", None)),
        ("Please add a task for documentation.", add("Documentation", None)),
        ("add a task called “Write docs”", add("Write docs", None)),
        ("add a task to write the docs", add("Write the docs", None)),
        ("add documentation", add("Documentation", None)),
        ("add a task: rate limits", add("Rate limits", None)),
        ("add a task for docs under AUTH-2", add("Docs", Some(Spot::Under(code("AUTH-2"))))),
        ("add a task for docs after 3", add("Docs", Some(Spot::After(n(3))))),
        ("add a task for docs before 1", add("Docs", Some(Spot::Before(n(1))))),
        ("add a task for docs first", add("Docs", Some(Spot::First))),
        ("add a task for docs at the end", add("Docs", Some(Spot::Last))),
        ("add a task for docs after the first one", add("Docs", Some(Spot::After(Pick::Nth(1))))),
        ("add a task for cleaning up after the launch", add("Cleaning up after the launch", None)),
        ("add a task for terms and conditions", add("Terms and conditions", None)),
        ("add a documentation task", add("Documentation", None)),
        ("add a subtask to 2 called Foo", add("Foo", Some(Spot::Under(n(2))))),
        ("add a task under 2 for foo", add("Foo", Some(Spot::Under(n(2))))),
        ("remove the dependency of 3 on 2", Wish::Unwait { task: n(3), on: Some(each(&[2])) }),
        ("I'd like to rename 2 to X", rename(n(2), "X")),
        (
            "add tasks: docs, tests and a demo",
            Wish::AddEach { titles: vec!["Docs".into(), "Tests".into(), "A demo".into()], spot: None },
        ),
        (
            "add two sub-tasks to 3: docs and tests",
            Wish::AddEach { titles: vec!["Docs".into(), "Tests".into()], spot: Some(Spot::Under(n(3))) },
        ),
        ("remove 3", Wish::Remove(each(&[3]))),
        ("drop the last one", Wish::Remove(Picks::Each(vec![Pick::Last]))),
        ("drop the last", Wish::Remove(Picks::Each(vec![Pick::Last]))),
        ("delete the first two", Wish::Remove(Picks::First(2))),
        ("remove the last 2 tasks", Wish::Remove(Picks::Last(2))),
        ("drop tasks 2, 3 and 5", Wish::Remove(each(&[2, 3, 5]))),
        ("drop 2-4", Wish::Remove(each(&[2, 3, 4]))),
        ("get rid of AUTH-7", Wish::Remove(Picks::Each(vec![code("AUTH-7")]))),
        ("remove the login page task", Wish::Remove(Picks::Each(vec![Pick::Title("login page".into())]))),
        ("drop the 2nd one", Wish::Remove(Picks::Each(vec![Pick::Nth(2)]))),
        ("rename 2 to Token service", rename(n(2), "Token service")),
        ("rename task 2 to \"Sign in; sign out. And back\"", rename(n(2), "Sign in; sign out. And back")),
        ("rename 2 to From idea to launch", rename(n(2), "From idea to launch")),
        ("rename the second one to Login", rename(Pick::Nth(2), "Login")),
        ("rename \"Sign in to app\" to Login", rename(Pick::Title("Sign in to app".into()), "Login")),
        ("rename 2 to Search and filter", rename(n(2), "Search and filter")),
        ("change the title of 2 to Login", rename(n(2), "Login")),
    ]);
}

#[test]
fn tasks_are_combined_split_and_moved() {
    check(vec![
        ("combine the first two tasks", combine(Picks::First(2), None)),
        ("merge 2 and 3", combine(each(&[2, 3]), None)),
        ("merge 2 with 3", combine(each(&[2, 3]), None)),
        ("combine 2 and 3 as Token service", combine(each(&[2, 3]), Some("Token service"))),
        ("merge 2 and 3 into \"Token service\"", combine(each(&[2, 3]), Some("Token service"))),
        ("merge 2 into 3", combine(each(&[3, 2]), None)),
        ("split 2 into API and page", Wish::Split { task: n(2), into: vec!["API".into(), "Page".into()] }),
        ("split 2 into a, b and c", Wish::Split { task: n(2), into: vec!["A".into(), "B".into(), "C".into()] }),
        (
            "split 2 into \"Read and write\" and Search",
            Wish::Split { task: n(2), into: vec!["Read and write".into(), "Search".into()] },
        ),
        ("move 3 before 1", move_to(&[3], Spot::Before(n(1)))),
        ("move 3 after 2", move_to(&[3], Spot::After(n(2)))),
        ("move 3 under AUTH-2", move_to(&[3], Spot::Under(code("AUTH-2")))),
        ("move 3 to the top", move_to(&[3], Spot::First)),
        ("move 3 to the end", move_to(&[3], Spot::Last)),
        ("move 3 to the top level", move_to(&[3], Spot::TopLevel)),
        ("put 3 first", move_to(&[3], Spot::First)),
        ("move 3 and 4 under 1", move_to(&[3, 4], Spot::Under(n(1)))),
        ("move 3 under the login task", move_to(&[3], Spot::Under(Pick::Title("login".into())))),
    ]);
}

#[test]
fn waiting_and_fields_are_set() {
    let wait = |task, on: &[u32]| Wish::Wait { tasks: each(&[task]), on: each(on) };
    let day: NaiveDate = "2026-11-27".parse().unwrap();
    check(vec![
        ("make 3 depend on 2", wait(3, &[2])),
        ("3 depends on 1 and 2", wait(3, &[1, 2])),
        ("3 waits for 2", wait(3, &[2])),
        ("let 3 wait for 2", wait(3, &[2])),
        ("3 after 2 waits for", wait(3, &[2])),
        ("3 no longer depends on 2", Wish::Unwait { task: n(3), on: Some(each(&[2])) }),
        ("3 doesn't wait for anything", Wish::Unwait { task: n(3), on: None }),
        ("estimate 2 at 4h", set(&[2], FieldValue::Estimate(Some(240)))),
        ("estimate 2 4h", set(&[2], FieldValue::Estimate(Some(240)))),
        ("2 takes 2 days", set(&[2], FieldValue::Estimate(Some(960)))),
        ("set the estimate of 2 to none", set(&[2], FieldValue::Estimate(None))),
        ("assign 2 to @ana", set(&[2], FieldValue::Assignee(Some(Person::Name("ana".into()))))),
        ("assign 2 and 3 to <@U1>", set(&[2, 3], FieldValue::Assignee(Some(Person::User("U1".into()))))),
        ("assign 2 to me", set(&[2], FieldValue::Assignee(Some(Person::Sender)))),
        ("assign 2 to nobody", set(&[2], FieldValue::Assignee(None))),
        ("unassign 2", set(&[2], FieldValue::Assignee(None))),
        ("mark 2 as done", set(&[2], FieldValue::Status(Status::Done))),
        ("mark 2 done", set(&[2], FieldValue::Status(Status::Done))),
        ("mark 2 in progress", set(&[2], FieldValue::Status(Status::InProgress))),
        ("set 2 to blocked", set(&[2], FieldValue::Status(Status::Blocked))),
        ("set the priority of 2 to high", set(&[2], FieldValue::Priority(Priority::High))),
        ("set 2's priority to high", set(&[2], FieldValue::Priority(Priority::High))),
        ("make 2 urgent", set(&[2], FieldValue::Priority(Priority::Urgent))),
        ("make 2 high priority", set(&[2], FieldValue::Priority(Priority::High))),
        ("2 is due friday", set(&[2], FieldValue::Due(Some(day)))),
        ("set 2 due friday", set(&[2], FieldValue::Due(Some(day)))),
        ("set the due date of 2 to friday", set(&[2], FieldValue::Due(Some(day)))),
        (
            "describe 2 as Issues tokens. Revokes them too",
            Wish::Describe { task: n(2), text: "Issues tokens. Revokes them too".into() },
        ),
        ("add acceptance \"it works\" to 2", Wish::Accept { task: n(2), text: "it works".into() }),
        ("add an acceptance criterion to 2: it works", Wish::Accept { task: n(2), text: "it works".into() }),
        ("set the project's title to Sign-in", Wish::ProjectTitle("Sign-in".into())),
        ("rename the project to Sign-in", Wish::ProjectTitle("Sign-in".into())),
        ("set the summary to Who may come in", Wish::ProjectSummary("Who may come in".into())),
    ]);
}

#[test]
fn several_sentences_are_told_apart() {
    let drop2 = || Wish::Remove(each(&[2]));
    for (words, expected) in [
        ("drop 2; rename 3 to X", vec![drop2(), rename(n(3), "X")]),
        ("drop 2\n- rename 3 to X", vec![drop2(), rename(n(3), "X")]),
        ("Drop 2. Rename 3 to X.", vec![drop2(), rename(n(3), "X")]),
        ("drop 2 and rename 3 to X", vec![drop2(), rename(n(3), "X")]),
        ("drop 2, then rename 3 to X", vec![drop2(), rename(n(3), "X")]),
        ("drop 2, rename 3 to X and add a task for docs", vec![drop2(), rename(n(3), "X"), add("Docs", None)]),
        ("add a task for design and add a task for tests", vec![add("Design", None), add("Tests", None)]),
        ("add a task for design and remove old pages", vec![add("Design and remove old pages", None)]),
        ("rename 2 to Search and 3 to Filter", vec![rename(n(2), "Search and 3 to Filter")]),
        (
            "describe 2 as One. drop 3",
            vec![Wish::Describe { task: n(2), text: "One".into() }, Wish::Remove(each(&[3]))],
        ),
    ] {
        assert_eq!(wishes(words, test_day()), Ok(expected), "{words}");
    }
}

#[test]
fn what_is_no_edit_is_quoted_back() {
    for words in [
        "add a task for docs and assign it to me",
        "add two tasks docs and tests",
        "add sub-tasks a, b to 3",
        "add tasks for a, b and c",
        "add tasks quickly: a and b",
        "add me to the channel",
        "hello",
        "the weather is nice",
        "drop",
        "rename 2",
        "estimate 2 at soon",
        "combine 2",
        "split 2",
        "remove it",
        "assign 2 to",
        "move 3",
        "I love you and me",
    ] {
        assert!(!understands(words), "{words}: {:?}", wishes(words, test_day()));
    }
    insta::assert_snapshot!(wishes("drop 2. fluff the thing. rename 3 to X", test_day()).unwrap_err(), @"I don't understand “fluff the thing”, so I changed nothing. What works, for example: “add a task for documentation”, “combine 2 and 3 as Token service”, “move 3 before 1”.");
    insta::assert_snapshot!(wishes(" ; \n", test_day()).unwrap_err(), @"Say what should change, for example: “add a task for documentation”, “combine 2 and 3 as Token service”, “move 3 before 1”.");
}

#[test]
fn a_title_that_goes_on_as_a_sentence_is_not_plain() {
    for plain in [
        "add a task for documentation",
        "add search and replace",
        "rename 2 to Token service; move 3 before 1",
        "combine the first two tasks",
        "split 2 into login and logout",
        "drop the last one",
        "add a security review after 3",
    ] {
        assert!(is_plain(plain), "{plain}");
    }
    for more in [
        "add a security review before launch and split the second one into two parts",
        "add a security review and make the second one more about mobile",
        "rename the login page to Anmeldung, but only if legal is fine with it",
        "add documentation and then maybe think about legal",
        "add more detail to the first task",
        "merge the first two, and we need a security review before launch",
        "make it nicer",
    ] {
        assert!(!is_plain(more), "{more}");
    }
}
