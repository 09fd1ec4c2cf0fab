//! What questions to a model cost in tokens: they must not grow with the plan.
//!
//! `cargo bench --bench prompt` prints a table. The shape of the answer, which goes along, is counted too.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::BTreeMap;

use docket::{
    domain::{
        ids::Id,
        patch::PatchCode,
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
    },
    intent::classify::{self, Around},
    llm::{Question, fence::Fence, prompt::Said, schema, tokens},
    planner::{
        draft::{breakdown, plan, refine},
        edit::Sketch,
        people::People,
    },
};
use ulid::Ulid;

const SIZES: [u32; 4] = [10, 100, 1_000, 10_000];
/// Tasks under each task.
const FAN: u32 = 11;

fn main() {
    println!("tokens     {:>8} {:>8} {:>8} {:>8}   tasks", SIZES[0], SIZES[1], SIZES[2], SIZES[3]);
    let plans = SIZES.map(tree);
    for (name, question) in
        [("route", route as fn(&Plan) -> Question), ("plan", first), ("break", break_down), ("refine", change)]
    {
        let [a, b, c, d] = plans.each_ref().map(|plan| cost(&question(plan)));
        println!("{name:<10} {a:>8} {b:>8} {c:>8} {d:>8}");
    }
}

/// Tokens of the prompt and of the shape of the answer.
fn cost(question: &Question) -> u64 {
    let prompt = &question.prompt;
    tokens::count(&prompt.system) + tokens::count(&prompt.user) + tokens::count(&schema::instructions(&question.schema))
}

fn ana(words: &str) -> Said {
    Said::new("Ana Lopez, full member", words)
}

fn route(plan: &Plan) -> Question {
    let around = Around {
        projects: std::slice::from_ref(&plan.project),
        open: Some((PatchCode(41), "plan the sign-in")),
        thread: true,
    };
    classify::question(&Fence::new(1), &ana("could you make the tokens part smaller?"), &around)
}

fn first(_: &Plan) -> Question {
    plan::question(&Fence::new(1), &ana("Build a user authentication flow"))
}

fn break_down(plan: &Plan) -> Question {
    // One near the end has nothing under it.
    let number = TaskNumber(u32::try_from(plan.len()).unwrap_or(u32::MAX));
    breakdown::question(&Fence::new(1), plan, number, Some(&ana("focus on tests"))).expect("a task to break down")
}

fn change(plan: &Plan) -> Question {
    let people = People { sender: Id::from_ulid(Ulid::nil()), members: Vec::new(), users: BTreeMap::new() };
    let said = [ana("what do you think?"), ana("merge the first two, and we need a security review before launch")];
    let day = chrono::NaiveDate::default();
    refine::question(&Fence::new(1), &Sketch::of_plan(plan), &said, &people, day).expect("a plan to change")
}

/// A tree in which every task says much and waits for the one before it.
fn tree(size: u32) -> Plan {
    let project = Project {
        id: Id::from_ulid(Ulid::from_parts(0, 1)),
        key: "AUTH".parse().expect("a key"),
        title: "Sign-in".to_owned(),
        summary: "People sign in and stay signed in. ".repeat(20),
        lifecycle: Lifecycle::Active,
        revision: Revision(1),
    };
    let ranks: Vec<Rank> =
        std::iter::successors(Some(Rank::only()), |rank| Some(Rank::between(Some(rank), None))).take(11).collect();
    let tasks = (1..=size).map(|number| {
        let (above, nth) = ((number - 1) / FAN, (number - 1) % FAN);
        let mut fields = TaskFields::titled(format!("Part {number} of the work, with a title of the usual length"));
        fields.description = "What belongs to it and what does not. ".repeat(50);
        fields.acceptance = vec!["Somebody can check this and answer with yes or no".to_owned(); 10];
        fields.status = if number % 3 == 0 { Status::Backlog } else { Status::Todo };
        fields.depends_on.extend((nth > 0).then(|| TaskNumber(number - 1)));
        let place = Place { parent: (above > 0).then_some(TaskNumber(above)), rank: ranks[nth as usize].clone() };
        Task { number: TaskNumber(number), place, fields, version: Revision(1) }
    });
    Plan::new(project, tasks)
}
