//! Steps of a patch from changes that a program spelled out: tasks by number or, where the same patch creates them, by
//! a name of its own; places by the sibling in front.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, goal::Goal};
use crate::domain::{
    patch::{Change, Confidence, Founding, Mode, Operation, ProjectChanges, Step, TaskChanges},
    plan::Plan,
    project::ProjectKey,
    task::{Link, Place, Rank, TaskFields, TaskNumber},
    validate::{Flaw, validate},
};

/// A task, as somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// One of the plan.
    Number(TaskNumber),
    /// One that another change of the same patch creates, by what that change calls it.
    New(String),
    /// None: what was said instead was found wrong before.
    Unknown,
}

/// Where among its siblings a task goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// Behind all of them.
    All,
    /// In front of all of them.
    None,
    /// Behind this one.
    Task(Name),
}

/// Where a task goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Under which task; `None` for the top level.
    pub parent: Option<Name>,
    /// Where among those under it.
    pub after: After,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A new task.
    Create {
        /// What other changes call it.
        label: Option<String>,
        /// What it says; its dependencies are in `depends_on`.
        fields: TaskFields,
        /// What it waits for.
        depends_on: Vec<Name>,
        /// Where it goes.
        spot: Spot,
    },
    /// Other fields of a task.
    Update {
        /// Which task.
        task: Name,
        /// What changes; the dependencies are in `depends_on`.
        changes: TaskChanges,
        /// What it is to wait for; `None` where that stays.
        depends_on: Option<Vec<Name>>,
    },
    /// Another place for a task.
    Move {
        /// Which task.
        task: Name,
        /// Where it goes.
        spot: Spot,
    },
    /// A task goes.
    Delete {
        /// Which task.
        task: Name,
    },
    /// Other fields of the project.
    Project {
        /// What changes.
        changes: ProjectChanges,
    },
}

/// A change with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// What is to be done.
    pub act: Act,
    /// Why; may be empty.
    pub reason: String,
    /// What is behind it.
    pub evidence: Option<Link>,
}

/// What is wrong with a change, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which one, from 0; `None` for all of them together.
    pub step: Option<usize>,
    /// What is wrong and what to do.
    pub words: String,
}

/// The draft that these changes make of `plan`, or everything that is wrong with them. Something was found wrong with
/// the `spoilt` ones before: what else is wrong with them is still said. `title` is made from the changes where nobody
/// gave one.
pub fn draft(
    plan: &Plan,
    founding: Option<Founding>,
    first_free: TaskNumber,
    (typed, spoilt): (Vec<Typed>, BTreeSet<usize>),
    title: Option<String>,
) -> Result<Draft, Vec<Mistake>> {
    let mut reader = Reader::new(plan, first_free, &typed, spoilt);
    for (step, typed) in typed.into_iter().enumerate() {
        reader.read(step, typed);
    }
    let Reader { steps, mut mistakes, spoilt, .. } = reader;
    let operations: Vec<&Operation> = steps.iter().map(|(_, step)| &step.operation).collect();
    for problem in validate(plan, Mode::Edit, &operations).err().into_iter().flatten() {
        let step = problem.step.and_then(|step| steps.get(step)).map(|(step, _)| *step);
        // A change that was not understood wholly leaves gaps, of which nothing new can be learned.
        let is_gap = step.map_or(!spoilt.is_empty(), |step| spoilt.contains(&step));
        if !is_gap || matches!(problem.flaw, Flaw::Field { .. }) {
            mistakes.push(Mistake { step, words: problem.words(&plan.project.key) });
        }
    }
    if !mistakes.is_empty() || !spoilt.is_empty() {
        mistakes.sort_by_key(|mistake| mistake.step.unwrap_or(usize::MAX));
        return Err(mistakes);
    }
    let steps: Vec<Step> = steps.into_iter().map(|(_, step)| step).collect();
    let title = title.unwrap_or_else(|| headline(plan, founding.as_ref(), &steps));
    Ok(Draft {
        founding,
        mode: Mode::Edit,
        title: super::title(&title),
        steps,
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    })
}

/// A key for a project of this title that nobody has; `None` where all are taken.
pub fn key(title: &str, taken: &BTreeSet<ProjectKey>) -> Option<ProjectKey> {
    const FALLBACK: &str = "PLAN";
    match Goal::read(title, &[]) {
        Ok(goal) => goal.key(FALLBACK, taken),
        Err(_) => FALLBACK.parse::<ProjectKey>().ok()?.free(taken),
    }
}

/// What the changes do, in a few words.
fn headline(plan: &Plan, founding: Option<&Founding>, steps: &[Step]) -> String {
    if let Some(founding) = founding {
        return format!("plan {}", founding.title);
    }
    let code = |number: &TaskNumber| plan.code(*number);
    match steps {
        [only] => match &only.operation {
            Operation::CreateTask { fields, .. } => format!("add “{}”", fields.title),
            Operation::UpdateTask { number, .. } => format!("change {}", code(number)),
            Operation::MoveTask { number, .. } => format!("move {}", code(number)),
            Operation::DeleteTask { number } => format!("delete {}", code(number)),
            Operation::UpdateProject { .. } => format!("change the project {}", plan.project.key),
        },
        several => format!("make {} changes", several.len()),
    }
}

/// Reads one change after the other, on the places as they are by then.
struct Reader<'a> {
    plan: &'a Plan,
    /// The new tasks by what they are called.
    labels: BTreeMap<String, TaskNumber>,
    /// The number of the task that a change creates.
    numbers: BTreeMap<usize, TaskNumber>,
    places: BTreeMap<TaskNumber, Place>,
    steps: Vec<(usize, Step)>,
    mistakes: Vec<Mistake>,
    /// Changes that something is wrong with.
    spoilt: BTreeSet<usize>,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a Plan, first_free: TaskNumber, typed: &[Typed], spoilt: BTreeSet<usize>) -> Self {
        let mut reader = Self {
            plan,
            labels: BTreeMap::new(),
            numbers: BTreeMap::new(),
            places: plan.tasks().map(|task| (task.number, task.place.clone())).collect(),
            steps: Vec::new(),
            mistakes: Vec::new(),
            spoilt,
        };
        let mut next = first_free.0.max(1);
        for (step, typed) in typed.iter().enumerate() {
            let Act::Create { label, .. } = &typed.act else { continue };
            reader.numbers.insert(step, TaskNumber(next));
            if let Some(label) = label
                && reader.labels.insert(label.clone(), TaskNumber(next)).is_some()
            {
                reader.mistake(step, format!("{label} is the name of two new tasks: give each its own."));
            }
            next = next.saturating_add(1);
        }
        reader
    }

    fn mistake(&mut self, step: usize, words: String) {
        self.spoilt.insert(step);
        self.mistakes.push(Mistake { step: Some(step), words });
    }

    fn read(&mut self, step: usize, Typed { act, reason, evidence }: Typed) {
        let operation = match act {
            Act::Create { fields, depends_on, spot, .. } => {
                let Some(number) = self.numbers.get(&step).copied() else { return };
                let depends_on = self.all(step, depends_on);
                let place = self.place(step, number, spot);
                Some(Operation::CreateTask { number, place, fields: TaskFields { depends_on, ..fields } })
            }
            Act::Update { task, changes, depends_on } => {
                let depends_on = match depends_on.map(|names| self.all(step, names)) {
                    None => Change::Keep,
                    Some(firsts) if firsts.is_empty() => Change::Clear,
                    Some(firsts) => Change::Set(firsts),
                };
                let number = self.number(step, task);
                number.map(|number| Operation::UpdateTask { number, changes: TaskChanges { depends_on, ..changes } })
            }
            Act::Move { task, spot } => {
                let number = self.number(step, task);
                number.map(|number| Operation::MoveTask { number, to: self.place(step, number, spot) })
            }
            Act::Delete { task } => self.number(step, task).map(|number| {
                self.places.remove(&number);
                Operation::DeleteTask { number }
            }),
            Act::Project { changes } => Some(Operation::UpdateProject { changes }),
        };
        self.steps.extend(operation.map(|operation| (step, Step { operation, reason, evidence })));
    }

    fn number(&mut self, step: usize, name: Name) -> Option<TaskNumber> {
        match name {
            Name::Number(number) => Some(number),
            Name::Unknown => None,
            Name::New(label) => {
                let number = self.labels.get(&label).copied();
                if number.is_none() {
                    self.mistake(step, format!("No operation of this patch creates a task with the ref {label}."));
                }
                number
            }
        }
    }

    fn all(&mut self, step: usize, names: Vec<Name>) -> BTreeSet<TaskNumber> {
        names.into_iter().filter_map(|name| self.number(step, name)).collect()
    }

    /// The place of a spot, as the siblings stand by now. Remembers it for what follows.
    fn place(&mut self, step: usize, number: TaskNumber, Spot { parent, after }: Spot) -> Place {
        let parent = parent.and_then(|parent| self.number(step, parent));
        let mut siblings: Vec<(Rank, TaskNumber)> = self
            .places
            .iter()
            .filter(|(sibling, place)| **sibling != number && place.parent == parent)
            .map(|(sibling, place)| (place.rank.clone(), *sibling))
            .collect();
        siblings.sort();
        let at = match after {
            After::All => siblings.len(),
            After::None => 0,
            After::Task(name) => self.behind(step, name, parent, &siblings),
        };
        let before = at.checked_sub(1).and_then(|before| siblings.get(before));
        let rank = Rank::between(before.map(|(rank, _)| rank), siblings.get(at).map(|(rank, _)| rank));
        let place = Place { parent, rank };
        self.places.insert(number, place.clone());
        place
    }

    /// The place behind a sibling.
    fn behind(
        &mut self,
        step: usize,
        name: Name,
        parent: Option<TaskNumber>,
        siblings: &[(Rank, TaskNumber)],
    ) -> usize {
        let Some(first) = self.number(step, name) else { return siblings.len() };
        if let Some(at) = siblings.iter().position(|(_, sibling)| *sibling == first) {
            return at + 1;
        }
        let level = parent.map_or_else(|| "at the top level".to_owned(), |p| format!("under {}", self.plan.code(p)));
        let first = self.plan.code(first);
        self.mistake(step, format!("{first} does not stand {level}, so nothing can go behind it there."));
        siblings.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixtures::{sample, shown},
        *,
    };
    use crate::domain::task::Status;

    fn named(text: &str) -> Name {
        text.parse().map_or_else(|_| Name::New(text.to_owned()), |number| Name::Number(TaskNumber(number)))
    }

    fn typed(act: Act) -> Typed {
        Typed { act, reason: String::new(), evidence: None }
    }

    fn create(label: &str, parent: Option<&str>, after: After, depends_on: &[&str]) -> Typed {
        typed(Act::Create {
            label: Some(label.to_owned()),
            fields: TaskFields::titled(format!("The task {label}")),
            depends_on: depends_on.iter().map(|name| named(name)).collect(),
            spot: Spot { parent: parent.map(named), after },
        })
    }

    fn set(task: &str, changes: TaskChanges, depends_on: Option<&[&str]>) -> Typed {
        let depends_on = depends_on.map(|names| names.iter().map(|name| named(name)).collect());
        typed(Act::Update { task: named(task), changes, depends_on })
    }

    fn read(typed: Vec<Typed>) -> Result<Draft, Vec<String>> {
        read_with(typed, BTreeSet::new())
    }

    fn read_with(typed: Vec<Typed>, spoilt: BTreeSet<usize>) -> Result<Draft, Vec<String>> {
        draft(&sample(), None, TaskNumber(6), (typed, spoilt), None).map_err(|mistakes| {
            let at = |step: Option<usize>| step.map_or_else(|| "-1".to_owned(), |step| step.to_string());
            mistakes.iter().map(|m| format!("{}: {}", at(m.step), m.words)).collect()
        })
    }

    #[test]
    fn new_tasks_are_named_before_they_have_a_number() {
        let made = read(vec![
            create("new-1", None, After::None, &["new-2", "3"]),
            create("new-2", Some("2"), After::Task(named("4")), &[]),
            create("new-3", Some("new-2"), After::All, &[]),
            set("new-2", TaskChanges { status: Change::Set(Status::Blocked), ..TaskChanges::default() }, None),
            set("3", TaskChanges::default(), Some(&[])),
            typed(Act::Move { task: named("5"), spot: Spot { parent: None, after: After::Task(named("new-1")) } }),
            typed(Act::Delete { task: named("1") }),
        ])
        .unwrap();
        insta::assert_snapshot!(format!("{}\n{}", made.title, shown(&made.steps)));
        let mut plan = sample();
        let operations: Vec<&Operation> = made.steps.iter().map(|step| &step.operation).collect();
        crate::domain::apply::apply(&mut plan, &operations).unwrap();
        let tree: Vec<_> = plan.tree().into_iter().map(|(depth, task)| (depth, task.number.0)).collect();
        assert_eq!(tree, [(0, 6), (0, 5), (0, 2), (1, 4), (1, 7), (2, 8), (0, 3)]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let long = "x".repeat(121);
        let problems = read(vec![
            create("new-1", Some("new-9"), After::All, &["77"]),
            create("new-1", None, After::Task(named("4")), &[]),
            set("99", TaskChanges { title: Change::Set("Other".into()), ..TaskChanges::default() }, None),
            set("new-8", TaskChanges { title: Change::Set(long.clone()), ..TaskChanges::default() }, None),
            set("1", TaskChanges { title: Change::Set(long), ..TaskChanges::default() }, Some(&["new-7"])),
            typed(Act::Delete { task: named("2") }),
        ])
        .unwrap_err();
        insta::assert_snapshot!(problems.join("\n"));
        let nothing = set("1", TaskChanges::default(), None);
        let unknown = typed(Act::Delete { task: Name::Unknown });
        let said_before = read_with(vec![nothing, unknown], BTreeSet::from([0, 1]));
        assert!(said_before.unwrap_err().is_empty(), "what was said before is not said again");
        assert_eq!(read(vec![]).unwrap_err(), ["-1: Nothing would be different after this: the plan already says so."]);
    }

    #[test]
    fn a_title_says_what_one_change_does_and_counts_several() {
        let title = |typed: Vec<Typed>| read(typed).unwrap().title;
        let done = || set("1", TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() }, None);
        assert_eq!(title(vec![done()]), "change AUTH-1");
        assert_eq!(title(vec![create("new-1", None, After::All, &[])]), "add “The task new-1”");
        assert_eq!(title(vec![done(), create("new-1", None, After::All, &[])]), "make 2 changes");
        assert_eq!(key("Build a login page", &BTreeSet::new()).unwrap().as_str(), "LOGIN");
        assert_eq!(key("…", &BTreeSet::new()).unwrap().as_str(), "PLAN");
    }
}
