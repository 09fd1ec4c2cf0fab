//! Breaking a task down without a model: the parts that work of its kind usually has, shaped by what the task says.

use super::{
    Draft,
    goal::{Goal, upper_first},
    templates::{Breakdown, Part, Template, Templates, USUAL, stems},
};
use crate::{
    domain::{
        patch::{Confidence, MAX_CHILDREN, MAX_DEPTH, Mode, Operation, Step},
        plan::Plan,
        task::{Place, Rank, Task, TaskFields, TaskNumber},
    },
    error::UserError,
};

/// Sub-tasks that one breakdown usually has at most.
const USUAL_PARTS: usize = 6;

/// A sub-task before it has a number.
struct Child {
    title: String,
    acceptance: Vec<String>,
    share: u32,
    waits: bool,
}

impl Templates {
    /// Drafts the sub-tasks of a task. `focus` says what to look at in particular. Where the task has sub-tasks
    /// already, only what is missing is added.
    pub fn break_down(
        &self,
        plan: &Plan,
        task: TaskNumber,
        focus: Option<&str>,
        first_free: TaskNumber,
    ) -> Result<Draft, UserError> {
        let code = plan.code(task);
        let parent = plan.task(task).ok_or_else(|| {
            crate::intent::place::unknown_task(&plan.project.key, task, plan.tasks().map(|task| task.number))
        })?;
        refuse(plan, parent)?;
        let said = format!("{} {}", parent.fields.title, focus.unwrap_or_default());
        let (template, breakdown) = self.breakdown_for(&said, &plan.project.title).ok_or_else(|| {
            UserError::new("There is no plan template to break tasks down with. Ask whoever runs Docket to add one.")
        })?;
        let existing: Vec<&Task> = plan.children(Some(task)).collect();
        let mut children = children(breakdown, parent, focus);
        children.retain(|child| existing.iter().all(|task| !alike(&task.fields.title, &child.title)));
        children.truncate(USUAL_PARTS.min(MAX_CHILDREN.saturating_sub(existing.len())));
        if children.is_empty() {
            return Err(UserError::new(format!(
                "{code} already has {} sub-tasks, and I know of nothing that is missing. Add one in words: \
                 /docket edit add a task for … under {code}",
                existing.len()
            )));
        }
        share_acceptance(&mut children, &parent.fields.acceptance);
        let more = if existing.is_empty() { "" } else { " further" };
        let title = format!("break down {code}{more}: {}", parent.fields.title);
        let had = match existing.len() {
            0 => String::new(),
            1 => ", adds to the 1 sub-task there is".to_owned(),
            n => format!(", adds to the {n} sub-tasks there are"),
        };
        Ok(Draft {
            founding: None,
            mode: Mode::Task { number: task },
            title: super::title(&title),
            steps: steps(plan, parent, children, first_free),
            confidence: Confidence::Medium,
            method: format!("template \"{}\"{had}", template.name),
            drafted: None,
        })
    }

    /// The usual way to break such a task down: a way of its own kind with fitting words, one of the usual template
    /// with fitting words, else the common way of its kind.
    fn breakdown_for(&self, said: &str, project: &str) -> Option<(&Template, &Breakdown)> {
        let words = stems(said);
        let usual = self.by_name.get(USUAL);
        let own =
            self.choose(said).filter(|(_, score)| *score > 0).or_else(|| self.choose(project)).map(|(own, _)| own);
        let fits = |breakdown: &&Breakdown| words.iter().any(|word| breakdown.words.contains(word));
        let fitting = own.into_iter().chain(usual).find_map(|template| {
            let count = |b: &&Breakdown| words.iter().filter(|word| b.words.contains(*word)).count();
            template.breakdowns.iter().filter(fits).max_by_key(count).map(|breakdown| (template, breakdown))
        });
        fitting.or_else(|| {
            let template = own.or(usual)?;
            template
                .breakdowns
                .iter()
                .find(|breakdown| breakdown.words.is_empty())
                .map(|breakdown| (template, breakdown))
        })
    }
}

/// Says no where sub-tasks make no sense.
pub(super) fn refuse(plan: &Plan, task: &Task) -> Result<(), UserError> {
    let code = plan.code(task.number);
    let status = task.fields.status;
    if status.is_terminal() {
        return Err(UserError::new(format!(
            "{code} is {}, so there is nothing to break down. Reopen it first: /docket reopen {code}",
            status.words()
        )));
    }
    if plan.depth(task.number) >= MAX_DEPTH {
        return Err(UserError::new(format!(
            "{code} is {MAX_DEPTH} levels deep already, the deepest a plan goes. Write the steps into its description, or move it up: \
             /docket edit move {code} to the top level"
        )));
    }
    Ok(())
}

/// The parts that fit, filled with the task's own words, the focus first among equals.
fn children(breakdown: &Breakdown, parent: &Task, focus: Option<&str>) -> Vec<Child> {
    let goal = Goal::of_title(&parent.fields.title);
    let said = stems(&format!(
        "{} {} {} {}",
        parent.fields.title,
        parent.fields.description,
        parent.fields.acceptance.join(" "),
        focus.unwrap_or_default()
    ));
    let fits = |part: &Part| part.words.is_empty() || said.iter().any(|word| part.words.contains(word));
    let mut found: Vec<Child> = breakdown
        .parts
        .iter()
        .filter(|part| fits(part))
        .map(|part| Child {
            title: super::title(&upper_first(&goal.fill(&part.title))),
            acceptance: part.acceptance.iter().map(|line| goal.fill(line)).collect(),
            share: part.share,
            waits: part.waits,
        })
        .collect();
    let Some(focus) = focus.map(crate::intent::text::one_line).filter(|focus| focus.chars().any(char::is_alphanumeric))
    else {
        return found;
    };
    // What the focus names and no part covers becomes a part of its own, after the first.
    let words = stems(&focus);
    let telling = |word: &&String| word.chars().count() > 3;
    let covered = breakdown.words.iter().any(|word| words.contains(word))
        || found.iter().any(|child| words.iter().filter(telling).any(|word| stems(&child.title).contains(word)));
    if !covered {
        let short = super::cut(&focus, 60);
        found.truncate(USUAL_PARTS - 1);
        let own = Child {
            title: super::title(&format!("{} of {}", upper_first(&short), goal.subject)),
            acceptance: vec![
                format!("What matters about {short} is written down and agreed"),
                format!("It is shown to hold for {}", goal.subject),
            ],
            share: 2,
            waits: true,
        };
        found.insert(1.min(found.len()), own);
    }
    found
}

/// Whether two titles speak of the same piece of work: the telling words of one are all in the other.
fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (stems(one), stems(other));
    let telling = |words: &[String]| {
        words.iter().filter(|word| word.chars().count() > 3).cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let (one, other) = (telling(&one), telling(&other));
    let common = one.intersection(&other).count();
    common > 0 && common == one.len().min(other.len())
}

/// Hands the task's own acceptance criteria to the sub-tasks, each to the one that shares most words, else to the last.
fn share_acceptance(children: &mut [Child], criteria: &[String]) {
    for criterion in criteria {
        let words = stems(criterion);
        let common = |child: &Child| {
            stems(&child.title).iter().filter(|word| word.chars().count() > 3 && words.contains(*word)).count()
        };
        let Some(best) = children.iter().enumerate().max_by_key(|(at, child)| (common(child), *at)).map(|(at, _)| at)
        else {
            return;
        };
        if let Some(child) = children.get_mut(best)
            && !child.acceptance.contains(criterion)
        {
            child.acceptance.push(criterion.clone());
        }
    }
}

/// The sub-tasks as steps, numbered from `first_free`, sharing the parent's estimate.
fn steps(plan: &Plan, parent: &Task, children: Vec<Child>, first_free: TaskNumber) -> Vec<Step> {
    let total: u32 = children.iter().map(|child| child.share).sum::<u32>().max(1);
    let mut rank = plan.last_rank(Some(parent.number)).cloned();
    let mut before: Option<TaskNumber> = None;
    let mut steps = Vec::new();
    for (child, n) in children.into_iter().zip(first_free.0..) {
        let place = Place { parent: Some(parent.number), rank: Rank::between(rank.as_ref(), None) };
        rank = Some(place.rank.clone());
        let number = TaskNumber(n);
        // Whole half hours, at least one.
        let estimate = parent.fields.estimate.map(|minutes| {
            let share = u64::from(minutes) * u64::from(child.share) / u64::from(total);
            u32::try_from(share).unwrap_or(minutes).div_ceil(30).max(1) * 30
        });
        let fields = TaskFields {
            acceptance: child.acceptance,
            estimate,
            priority: parent.fields.priority,
            depends_on: before.filter(|_| child.waits).into_iter().collect(),
            ..TaskFields::titled(child.title)
        };
        before = Some(number);
        steps.push(Step::from(Operation::CreateTask { number, place, fields }));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::task::Status,
        planner::fixtures::{plan, project, sample, shown},
    };

    fn templates() -> Templates {
        Templates::built_in().unwrap()
    }

    fn with(plan: &Plan, number: u32, change: impl Fn(&mut TaskFields)) -> Plan {
        Plan::new(
            project(),
            plan.tasks().cloned().map(|mut task| {
                if task.number.0 == number {
                    change(&mut task.fields);
                }
                task
            }),
        )
    }

    #[test]
    fn a_task_becomes_a_few_sub_tasks_with_acceptance_criteria() {
        let titles = [
            "Sessions that can be issued, renewed and revoked",
            "Agree what signing in must do",
            "Sign-in page",
            "Write the documentation",
            "Roll out in steps",
            "🚀",
            "x",
        ];
        for title in titles {
            for focus in [None, Some("tests"), Some("accessibility for blind people"), Some("!!"), Some("")] {
                let plan = plan(&[(1, 0, title)]);
                let draft = templates().break_down(&plan, TaskNumber(1), focus, TaskNumber(7)).unwrap();
                assert!((3..=MAX_CHILDREN).contains(&draft.steps.len()), "{title}: {}", draft.steps.len());
                assert_eq!(draft.mode, Mode::Task { number: TaskNumber(1) });
                for (step, n) in draft.steps.iter().zip(7..) {
                    let Operation::CreateTask { number, place, fields } = &step.operation else { panic!("{title}") };
                    assert_eq!((number.0, place.parent), (n, Some(TaskNumber(1))));
                    assert!(!fields.acceptance.is_empty() && fields.title.chars().count() <= 120, "{title}");
                    assert!(fields.depends_on.iter().all(|first| first < number));
                }
            }
        }
    }

    #[test]
    fn the_title_the_criteria_and_the_focus_shape_it() {
        let plain = plan(&[(1, 0, "Sessions that can be issued, renewed and revoked")]);
        let plain = with(&plain, 1, |fields| {
            fields.estimate = Some(960);
            fields.acceptance = vec!["A revoked session is refused within a minute".into()];
        });
        let broken = |focus| templates().break_down(&plain, TaskNumber(1), focus, TaskNumber(2)).unwrap();
        insta::assert_snapshot!(shown(&broken(None).steps), @"
        + 2 Settle the cases and names of Sessions (1 h 30 min) under 1
        + 3 What is stored, and how it changes safely (3 h) under 1 after 2
        + 4 The plain case of Sessions, working (4 h 30 min) under 1 after 3
        + 5 Secrets and permissions around Sessions (3 h) under 1 after 4
        + 6 The odd cases: nothing, too much, twice, interrupted (3 h) under 1 after 5
        + 7 Look it over with somebody else, and clean up (1 h 30 min) under 1 after 6
        ");
        insta::assert_snapshot!(shown(&broken(Some("tests")).steps), @"
        + 2 List what could go wrong with Sessions, worst first (2 h) under 1
        + 3 Tests for the rules of Sessions (6 h) under 1 after 2
        + 4 Tests of the whole path, as a user walks it (6 h) under 1 after 3
        + 5 Run them in every build, and keep them honest (2 h) under 1 after 4
        ");
        insta::assert_snapshot!(shown(&broken(Some("rate limits")).steps), @"
        + 2 Settle the cases and names of Sessions (1 h 30 min) under 1
        + 3 Rate limits of Sessions (3 h) under 1 after 2
        + 4 What is stored, and how it changes safely (3 h) under 1 after 3
        + 5 The plain case of Sessions, working (4 h) under 1 after 4
        + 6 Secrets and permissions around Sessions (3 h) under 1 after 5
        + 7 The odd cases: nothing, too much, twice, interrupted (3 h) under 1 after 6
        ");
        let criterion = "A revoked session is refused within a minute".to_owned();
        let holders = broken(None).steps.into_iter().filter(|step| {
            matches!(&step.operation, Operation::CreateTask { fields, .. } if fields.acceptance.contains(&criterion))
        });
        assert_eq!(holders.count(), 1);
    }

    #[test]
    fn what_is_there_is_not_proposed_again() {
        let templates = templates();
        let first = templates.break_down(&plan(&[(1, 0, "Sign-in page")]), TaskNumber(1), None, TaskNumber(2)).unwrap();
        let titles: Vec<String> = first
            .steps
            .iter()
            .filter_map(|step| match &step.operation {
                Operation::CreateTask { fields, .. } => Some(fields.title.clone()),
                _ => None,
            })
            .collect();
        let lines: Vec<(u32, u32, &str)> = std::iter::once((1, 0, "Sign-in page"))
            .chain((2..).zip(&titles).skip(1).map(|(n, title)| (n, 1, title.as_str())))
            .collect();
        let again = templates.break_down(&plan(&lines), TaskNumber(1), None, TaskNumber(20)).unwrap();
        assert_eq!(again.steps.len(), 1);
        insta::assert_snapshot!(format!("{}\n{}", again.title, again.method), @r#"
        break down AUTH-1 further: Sign-in page
        template "feature", adds to the 4 sub-tasks there are
        "#);
        let lines: Vec<(u32, u32, &str)> = std::iter::once((1, 0, "Sign-in page"))
            .chain((2..).zip(&titles).map(|(n, title)| (n, 1, title.as_str())))
            .collect();
        insta::assert_snapshot!(templates.break_down(&plan(&lines), TaskNumber(1), None, TaskNumber(20)).unwrap_err(), @"AUTH-1 already has 5 sub-tasks, and I know of nothing that is missing. Add one in words: /docket edit add a task for … under AUTH-1");
    }

    #[test]
    fn finished_and_deep_tasks_are_refused() {
        let templates = templates();
        let done = with(&sample(), 1, |fields| fields.status = Status::Done);
        insta::assert_snapshot!(templates.break_down(&done, TaskNumber(1), None, TaskNumber(9)).unwrap_err(), @"AUTH-1 is done, so there is nothing to break down. Reopen it first: /docket reopen AUTH-1");
        let deep = plan(&[(1, 0, "a"), (2, 1, "b"), (3, 2, "c"), (4, 3, "d"), (5, 4, "e"), (6, 5, "f")]);
        insta::assert_snapshot!(templates.break_down(&deep, TaskNumber(6), None, TaskNumber(9)).unwrap_err(), @"AUTH-6 is 5 levels deep already, the deepest a plan goes. Write the steps into its description, or move it up: /docket edit move AUTH-6 to the top level");
        assert!(templates.break_down(&deep, TaskNumber(60), None, TaskNumber(9)).is_err());
    }
}
