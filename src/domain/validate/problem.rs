//! What can be wrong with a patch, and how we say it.

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::{
    patch::{MAX_CHILDREN, MAX_DEPTH, MAX_ESTIMATE, MAX_OPERATIONS, MAX_ROOTS},
    project::ProjectKey,
    task::{TaskNumber, effort},
};

/// Something that keeps a patch from being applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The step it is about, from 0; `None` where it is about the patch as a whole.
    pub step: Option<usize>,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What is wrong with a step or a patch. [`Problem::words`] says each in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant's fields are the tasks and counts its sentence names")]
pub enum Flaw {
    /// Nothing would be different.
    Empty,
    /// An update that says nothing; `None` for the project.
    ChangesNothing {
        task: Option<TaskNumber>,
    },
    /// An update or a move to what already is, found when a patch is brought up to date.
    AlreadySo {
        task: Option<TaskNumber>,
    },
    /// More than a patch of its mode may hold.
    TooMany {
        what: Limit,
        count: usize,
    },
    /// A breakdown of one task that creates a task elsewhere.
    Outside {
        number: TaskNumber,
        under: TaskNumber,
    },
    ZeroNumber,
    NumberTaken {
        number: TaskNumber,
    },
    NoTask {
        number: TaskNumber,
    },
    NoParent {
        number: TaskNumber,
        parent: TaskNumber,
    },
    NoDependency {
        number: TaskNumber,
        first: TaskNumber,
    },
    /// Another step of the same patch deletes the task.
    AlsoDeleted {
        number: TaskNumber,
    },
    /// A new dependency on a task that the same patch deletes.
    WaitsForDeleted {
        number: TaskNumber,
        first: TaskNumber,
    },
    StillHasChildren {
        number: TaskNumber,
        children: Vec<TaskNumber>,
    },
    StillAwaited {
        number: TaskNumber,
        dependents: Vec<TaskNumber>,
    },
    /// The task, or one under it, would stand at this depth.
    TooDeep {
        number: TaskNumber,
        depth: usize,
    },
    Circle(Circle),
    /// A field's value; `None` for the project's.
    Field {
        task: Option<TaskNumber>,
        field: &'static str,
        fault: Fault,
    },
}

/// What there may only be so many of in a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Operations of any kind.
    Operations,
    /// New top-level tasks, in project mode.
    Roots,
    /// New direct children of the task that is broken down.
    Children(TaskNumber),
}

/// Tasks that would stand under, or wait for, themselves. A path ends with the task it starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant's fields are the tasks its sentence names")]
pub enum Circle {
    UnderItself {
        number: TaskNumber,
    },
    /// Each stands under the next.
    Tree {
        path: Vec<TaskNumber>,
    },
    WaitsForItself {
        number: TaskNumber,
    },
    /// A dependency on a task that stands above (`inside`) or below.
    WaitsForKin {
        number: TaskNumber,
        first: TaskNumber,
        inside: bool,
    },
    /// Each waits for the next.
    Waits {
        path: Vec<TaskNumber>,
    },
}

/// What is wrong with a field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant's fields are the text and figures its sentence names")]
pub enum Fault {
    Blank,
    Cleared,
    TooLong { text: String, length: usize, max: usize },
    TooMany { count: usize, max: usize },
    NotOneLine { text: String },
    Control { text: String },
    Estimate { minutes: u32 },
    NotWeb { text: String },
}

impl Problem {
    /// The problem in a sentence or two: what is wrong and what to do about it.
    pub fn words(&self, key: &ProjectKey) -> String {
        self.flaw.words(key)
    }
}

impl Flaw {
    fn words(&self, key: &ProjectKey) -> String {
        let code = |number: &TaskNumber| format!("{key}-{number}");
        let subject = |task: &Option<TaskNumber>| task.as_ref().map_or_else(|| format!("the project {key}"), code);
        match self {
            Self::Empty => "Nothing would be different after this: the plan already says so.".to_owned(),
            Self::ChangesNothing { task } => {
                let what = subject(task);
                format!("The change of {what} changes nothing: say which field gets which value, or leave it out.")
            }
            Self::AlreadySo { task } => format!("The plan already says so of {}.", subject(task)),
            Self::TooMany { what, count } => what.words(key, *count),
            Self::Outside { number, under } => {
                let (number, under) = (code(number), code(under));
                format!("{number} is not under {under}, which is being broken down: put it there.")
            }
            Self::ZeroNumber => "A new task has the number 0: numbers start at 1.".to_owned(),
            Self::NumberTaken { number } => {
                format!("{} is already there: a new task needs a number that was never used.", code(number))
            }
            Self::NoTask { number } => format!("There is no task {}.", code(number)),
            Self::NoParent { number, parent } => format!(
                "{} can't go under {}, which is not there: name a task that exists, or that an earlier step creates.",
                code(number),
                code(parent)
            ),
            Self::NoDependency { number, first } => {
                format!("{} can't depend on {first}: there is no {first}.", code(number), first = code(first))
            }
            Self::AlsoDeleted { number } => {
                format!(
                    "{} is deleted by this patch, so no other step can touch it: keep one of the two.",
                    code(number)
                )
            }
            Self::WaitsForDeleted { number, first } => {
                let (number, first) = (code(number), code(first));
                format!("{number} can't depend on {first}, which this patch deletes: drop one of the two.")
            }
            Self::StillHasChildren { number, children } => {
                let (number, those) = (code(number), listed(key, children, "is", "are"));
                format!("{number} can't be deleted while {those} under it: delete or move what is under it first.")
            }
            Self::StillAwaited { number, dependents } => {
                let (number, those) = (code(number), listed(key, dependents, "depends", "depend"));
                format!("{number} can't be deleted while {those} on it: drop that dependency in the same patch.")
            }
            Self::TooDeep { number, depth } => {
                let number = code(number);
                format!("{number} would reach depth {depth}, and {MAX_DEPTH} is the deepest: put it higher up.")
            }
            Self::Circle(circle) => circle.words(key),
            Self::Field { task, field, fault } => fault.words(&subject(task), field),
        }
    }
}

impl Limit {
    fn words(self, key: &ProjectKey, count: usize) -> String {
        match self {
            Self::Operations => {
                format!("{count} changes are too many: a patch holds at most {MAX_OPERATIONS}. Split it.")
            }
            Self::Roots => format!(
                "{count} new top-level tasks are too many: plan at most {MAX_ROOTS} deliverables, and break them down \
                 afterwards."
            ),
            Self::Children(number) => format!(
                "{count} new tasks directly under {key}-{number} are too many: at most {MAX_CHILDREN}. Combine some."
            ),
        }
    }
}

impl Circle {
    fn words(&self, key: &ProjectKey) -> String {
        let code = |number: &TaskNumber| format!("{key}-{number}");
        match self {
            Self::UnderItself { number } => format!("{} can't go under itself.", code(number)),
            Self::Tree { path } => {
                let first = path.first().map(code).unwrap_or_default();
                format!("{first} can't go under a task that is under {first} itself: {}.", arrows(key, path))
            }
            Self::WaitsForItself { number } => format!("{} can't depend on itself.", code(number)),
            Self::WaitsForKin { number, first, inside } => {
                let path = arrows(key, &[*number, *first, *number]);
                let (number, first) = (code(number), code(first));
                if *inside {
                    format!(
                        "{number} can't depend on {first} and be part of it: they would wait for each other ({path})."
                    )
                } else {
                    format!("{number} can't depend on {first}, a part of it: they would wait for each other ({path}).")
                }
            }
            Self::Waits { path } => {
                format!("These tasks would wait for each other: {}. Drop one of the dependencies.", arrows(key, path))
            }
        }
    }
}

impl Fault {
    fn words(&self, of: &str, field: &str) -> String {
        match self {
            Self::Blank => format!("The {field} of {of} is empty: write something."),
            Self::Cleared => format!("The {field} of {of} can't be cleared: give it another value."),
            Self::TooLong { text, length, max } => {
                format!("The {field} of {of} has {length} characters, at most {max} fit: \"{}\".", cut(text))
            }
            Self::TooMany { count, max } => format!("{count} {field} of {of} are too many: at most {max}."),
            Self::NotOneLine { text } => {
                format!("The {field} of {of} must be one line without control characters: \"{}\".", cut(text))
            }
            Self::Control { text } => {
                format!("The {field} of {of} contains control characters: take them out of \"{}\".", cut(text))
            }
            Self::Estimate { minutes } => format!(
                "The estimate of {of} is {minutes} minutes: it must be 1 to {MAX_ESTIMATE} minutes ({}).",
                effort(MAX_ESTIMATE)
            ),
            Self::NotWeb { text } => {
                format!("The {field} of {of} must be an http:// or https:// address: \"{}\" is not.", cut(text))
            }
        }
    }
}

/// The start of a text that is quoted back, on one line.
pub(in crate::domain) fn cut(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut characters = text.graphemes(true);
    let start: String = characters.by_ref().take(LONGEST).collect();
    let start: String = start.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if characters.next().is_some() { format!("{}…", start.trim_end()) } else { start }
}

/// `AUTH-3 → AUTH-5 → AUTH-3`.
fn arrows(key: &ProjectKey, path: &[TaskNumber]) -> String {
    path.iter().map(|number| format!("{key}-{number}")).collect::<Vec<_>>().join(" → ")
}

/// `AUTH-3 is`, or `AUTH-3, AUTH-5 and 4 more are`.
fn listed(key: &ProjectKey, numbers: &[TaskNumber], one: &str, many: &str) -> String {
    const SHOWN: usize = 5;
    let mut codes: Vec<String> = numbers.iter().take(SHOWN).map(|number| format!("{key}-{number}")).collect();
    if numbers.len() > SHOWN {
        codes.push(format!("{} more", numbers.len() - SHOWN));
    }
    let last = codes.pop().unwrap_or_default();
    let verb = if numbers.len() == 1 { one } else { many };
    if codes.is_empty() { format!("{last} {verb}") } else { format!("{} and {last} {verb}", codes.join(", ")) }
}
