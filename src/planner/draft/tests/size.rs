//! How large questions get.

use super::{ana, day, fence};
use crate::{
    domain::{
        plan::Plan,
        task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
    },
    llm::{Question, tokens},
    planner::{
        draft::{breakdown, refine},
        edit::Sketch,
        fixtures::{people, project},
    },
};

/// Tokens of a question about a plan of any size, with a message of a few words.
const MOST: u64 = 6_000;
/// How many more there may be in ten times the plan: figures get longer.
const MORE: u64 = 300;

/// A tree in which every task has eleven children, says much, and waits for the one before it.
fn plan(size: u32) -> Plan {
    let ranks: Vec<Rank> =
        std::iter::successors(Some(Rank::only()), |rank| Some(Rank::between(Some(rank), None))).take(11).collect();
    let tasks = (1..=size).map(|number| {
        let (above, nth) = ((number - 1) / 11, (number - 1) % 11);
        let mut fields =
            TaskFields::titled(format!("Part {number} of the work, which has a title of the usual length"));
        fields.description = "What belongs to it and what does not. ".repeat(50);
        fields.acceptance = vec!["Somebody can check this and answer with yes or no".to_owned(); 10];
        fields.status = if number % 3 == 0 { Status::Done } else { Status::Todo };
        fields.depends_on.extend((nth > 0).then(|| TaskNumber(number - 1)));
        let place = Place { parent: (above > 0).then_some(TaskNumber(above)), rank: ranks[nth as usize].clone() };
        Task { number: TaskNumber(number), place, fields, version: crate::domain::project::Revision(1) }
    });
    Plan::new(project(), tasks)
}

fn refine(plan: &Plan, words: &str) -> Question {
    refine::question(&fence(), &Sketch::of_plan(plan), &[ana(words)], &people(), day()).unwrap()
}

#[test]
fn questions_do_not_grow_with_the_plan() {
    let cost = |question: &Question| tokens::count(&question.prompt.system) + tokens::count(&question.prompt.user);
    let costs = |size: u32| {
        let plan = plan(size);
        [
            cost(&refine(&plan, "combine the first two parts")),
            cost(&refine(&plan, "what AUTH-7 says is wrong")),
            cost(&breakdown::question(&fence(), &plan, TaskNumber(950), None).unwrap()),
        ]
    };
    let (some, many) = (costs(1_000), costs(10_000));
    for (some, many) in some.into_iter().zip(many) {
        assert!(many <= some + MORE && many <= MOST, "{some} tokens at 1,000 tasks, {many} at 10,000");
    }
}

#[test]
fn the_tasks_that_are_meant_come_first_then_their_family_then_what_is_open_nearby() {
    let plan = plan(10_000);
    let text = refine(&plan, "please rethink AUTH-9876.").prompt.user;
    let outline: Vec<&str> =
        text.lines().filter(|line| line.trim_start().starts_with("AUTH-") && line.contains('[')).collect();
    assert_eq!(outline.len(), 60);
    for code in ["AUTH-9876 ", "AUTH-897 ", "AUTH-81 ", "AUTH-7 ", "AUTH-9875 ", "AUTH-9877 "] {
        assert!(outline.iter().any(|line| line.trim_start().starts_with(code)), "{code} in\n{}", outline.join("\n"));
    }
    assert!(text.contains("… and 9940 more tasks that are not shown"), "{text}");
    assert!(text.contains("AUTH-9876: What belongs to it"));
    let details: Vec<&str> = text.lines().filter(|line| line.contains(": What belongs to it")).collect();
    assert!((1..=12).contains(&details.len()) && details.iter().all(|line| line.chars().count() <= 520), "{details:?}");
}

#[test]
fn long_titles_take_lines_and_not_the_limit() {
    let long = "w".repeat(120);
    let lines: Vec<(u32, u32, &str)> = (1..=200).map(|number| (number, 0, long.as_str())).collect();
    let text = refine(&crate::planner::fixtures::plan(&lines), "what now").prompt.user;
    let outline = text.lines().filter(|line| line.starts_with("AUTH-")).map(|line| line.len() + 1).sum::<usize>();
    assert!(outline <= 7_000, "{outline}");
    assert!(text.contains("AUTH-1 [todo]"));
}
