//! Operations as a caller spells them, and how they are read: everything that is wrong is said at once.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::{problem::Mistake, shapes::Link, words};
use crate::{
    domain::{
        ids::MemberId,
        patch::{Change, MAX_SENTENCE, MAX_URL, ProjectChanges, TaskChanges},
        project::{Lifecycle, ProjectKey},
        task::{Priority, Status, TaskCode, TaskFields},
        validate::is_web_address,
    },
    planner::typed::{Act, After, Name, Spot, Typed},
};

/// What a caller says about a field: nothing, that it be empty, or a value.
#[derive(Debug, Clone, Default)]
pub(super) enum Said<T> {
    #[default]
    Nothing,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Null, Self::Value))
    }
}

impl<T> Said<T> {
    /// The change it asks for; `None` where its value is wrong, which `read` has said.
    fn change<U>(self, read: impl FnOnce(T) -> Option<U>) -> Change<U> {
        match self {
            Self::Nothing => Change::Keep,
            Self::Null => Change::Clear,
            Self::Value(value) => read(value).map_or(Change::Keep, Change::Set),
        }
    }
}

/// One change of the plan. A task is named by its code, such as `AUTH-3`, or, where an operation of the same patch
/// creates it, by that operation's `ref`, such as `new-1`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Operation {
    CreateTask(CreateTask),
    UpdateTask(UpdateTask),
    MoveTask(MoveTask),
    DeleteTask(DeleteTask),
    UpdateProject(UpdateProject),
}

/// A new task.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTask {
    /// What other operations of the patch call it: `new-` and something.
    #[serde(rename = "ref")]
    #[schema(pattern = "^new-[A-Za-z0-9_-]{1,40}$", example = "new-1")]
    label: Option<String>,
    /// One line.
    #[schema(max_length = 120, example = "Documentation")]
    title: String,
    #[serde(default)]
    #[schema(max_length = 10000)]
    description: String,
    /// How we know that it is done, one sentence each.
    #[serde(default)]
    #[schema(max_items = 20)]
    acceptance: Vec<String>,
    /// `todo` where nothing is said.
    #[schema(value_type = Option<words::Status>)]
    status: Option<String>,
    /// A member's id, or `me`.
    #[schema(example = "me")]
    assignee: Option<String>,
    /// Expected effort in minutes of work; a day has 480.
    #[schema(minimum = 1, maximum = 100_000, example = 240)]
    estimate_minutes: Option<u32>,
    /// `normal` where nothing is said.
    #[schema(value_type = Option<words::Priority>)]
    priority: Option<String>,
    /// The day by which it should be done.
    due: Option<NaiveDate>,
    /// Tasks that come first.
    #[serde(default)]
    depends_on: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 50)]
    links: Vec<Link>,
    /// The task that it is a part of; the top level where nothing is said.
    parent: Option<String>,
    /// The sibling that it follows; null to be the first, nothing to be the last.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    after: Said<String>,
    /// Why, in a sentence.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// What is behind it.
    evidence: Option<Link>,
}

/// Other fields of a task. What is left out stays; null empties a field that may be empty.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    #[schema(example = "AUTH-3")]
    task: String,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 120)]
    title: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 10000)]
    description: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    acceptance: Said<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<words::Status>)]
    status: Said<String>,
    /// A member's id, or `me`; null for nobody.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    assignee: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    estimate_minutes: Said<u32>,
    #[serde(default)]
    #[schema(value_type = Option<words::Priority>)]
    priority: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    due: Said<NaiveDate>,
    /// All the tasks that come first.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    depends_on: Said<Vec<String>>,
    /// All its links.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Link>>)]
    links: Said<Vec<Link>>,
    /// Why, in a sentence.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// What is behind it.
    evidence: Option<Link>,
}

/// Another place for a task, with everything under it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveTask {
    #[schema(example = "AUTH-3")]
    task: String,
    /// Under which task; null, or nothing, for the top level.
    parent: Option<String>,
    /// The sibling that it follows; null to be the first, nothing to be the last.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    after: Said<String>,
    /// Why, in a sentence.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// What is behind it.
    evidence: Option<Link>,
}

/// A task goes. What stands under it goes first, by operations of its own.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteTask {
    #[schema(example = "AUTH-7")]
    task: String,
    /// Why, in a sentence.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// What is behind it.
    evidence: Option<Link>,
}

/// Other fields of the project itself. What is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateProject {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 120)]
    title: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 10000)]
    summary: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<words::Lifecycle>)]
    lifecycle: Said<String>,
    /// Why, in a sentence.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// What is behind it.
    evidence: Option<Link>,
}

/// Reads operations for one project, and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    /// The key of the project.
    pub(super) key: &'a ProjectKey,
    /// Who asks.
    pub(super) me: MemberId,
    /// Whom work can be given to.
    pub(super) people: &'a BTreeSet<MemberId>,
    /// What is wrong so far.
    pub(super) mistakes: Vec<Mistake>,
    /// The operation that is being read.
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(key: &'a ProjectKey, me: MemberId, people: &'a BTreeSet<MemberId>) -> Self {
        Self { key, me, people, mistakes: Vec::new(), at: 0 }
    }

    /// What the operations mean, and which of them something is wrong with.
    pub(super) fn read(&mut self, operations: Vec<Operation>) -> (Vec<Typed>, BTreeSet<usize>) {
        let (mut typed, mut spoilt) = (Vec::with_capacity(operations.len()), BTreeSet::new());
        for (at, operation) in operations.into_iter().enumerate() {
            self.at = at;
            let before = self.mistakes.len();
            typed.push(self.one(operation));
            if self.mistakes.len() > before {
                spoilt.insert(at);
            }
        }
        (typed, spoilt)
    }

    fn one(&mut self, operation: Operation) -> Typed {
        match operation {
            Operation::CreateTask(create) => self.create(create),
            Operation::UpdateTask(update) => self.update(update),
            Operation::MoveTask(MoveTask { task, parent, after, reason, evidence }) => {
                let act = Act::Move { task: self.task("task", &task), spot: self.spot(parent.as_deref(), after) };
                self.because(act, &reason, evidence)
            }
            Operation::DeleteTask(DeleteTask { task, reason, evidence }) => {
                let act = Act::Delete { task: self.task("task", &task) };
                self.because(act, &reason, evidence)
            }
            Operation::UpdateProject(UpdateProject { title, summary, lifecycle, reason, evidence }) => {
                let changes = ProjectChanges {
                    title: title.change(Some),
                    summary: summary.change(Some),
                    lifecycle: lifecycle.change(|word| self.word("lifecycle", &word, Lifecycle::from_word, LIFECYCLES)),
                };
                self.because(Act::Project { changes }, &reason, evidence)
            }
        }
    }

    fn create(&mut self, create: CreateTask) -> Typed {
        if let Some(label) = &create.label
            && !is_label(label)
        {
            self.mistake("ref", format!("“{label}” is no ref: write new- and up to 40 letters, digits, - or _."));
        }
        let status = create.status.and_then(|word| self.word("status", &word, Status::from_word, STATUSES));
        let priority = create.priority.and_then(|word| self.word("priority", &word, Priority::from_word, PRIORITIES));
        let fields = TaskFields {
            title: create.title,
            description: create.description,
            acceptance: create.acceptance,
            status: status.unwrap_or(Status::Todo),
            assignee: create.assignee.and_then(|person| self.person(&person)),
            estimate: create.estimate_minutes,
            priority: priority.unwrap_or(Priority::Normal),
            due: create.due,
            depends_on: BTreeSet::new(),
            links: create.links.into_iter().map(Into::into).collect(),
        };
        let depends_on = create.depends_on.iter().map(|task| self.task("depends_on", task)).collect();
        let spot = self.spot(create.parent.as_deref(), create.after);
        let act = Act::Create { label: create.label, fields, depends_on, spot };
        self.because(act, &create.reason, create.evidence)
    }

    fn update(&mut self, update: UpdateTask) -> Typed {
        let changes = TaskChanges {
            title: update.title.change(Some),
            description: update.description.change(Some),
            acceptance: update.acceptance.change(Some),
            status: update.status.change(|word| self.word("status", &word, Status::from_word, STATUSES)),
            assignee: update.assignee.change(|person| self.person(&person)),
            estimate: update.estimate_minutes.change(Some),
            priority: update.priority.change(|word| self.word("priority", &word, Priority::from_word, PRIORITIES)),
            due: update.due.change(Some),
            depends_on: Change::Keep,
            links: update.links.change(|links| Some(links.into_iter().map(Into::into).collect())),
        };
        let depends_on = match update.depends_on {
            Said::Nothing => None,
            Said::Null => Some(Vec::new()),
            Said::Value(tasks) => Some(tasks.iter().map(|task| self.task("depends_on", task)).collect()),
        };
        let act = Act::Update { task: self.task("task", &update.task), changes, depends_on };
        self.because(act, &update.reason, update.evidence)
    }

    fn because(&mut self, act: Act, reason: &str, evidence: Option<Link>) -> Typed {
        if reason.chars().count() > MAX_SENTENCE {
            self.mistake("reason", format!("The reason is too long: at most {MAX_SENTENCE} characters fit."));
        }
        if let Some(Link { label, url }) = &evidence {
            let fits = label.chars().count() <= MAX_SENTENCE && url.chars().count() <= MAX_URL;
            if !fits || !is_web_address(url) {
                let words = "The evidence has to be a short label and an http:// or https:// address.";
                self.mistake("evidence", words);
            }
        }
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        Typed { act, reason, evidence: evidence.map(Into::into) }
    }

    fn mistake(&mut self, field: &str, detail: impl Into<String>) {
        let pointer = format!("/operations/{}/{field}", self.at);
        self.mistakes.push(Mistake { pointer, detail: detail.into() });
    }

    /// The task of this name; a wrong one is said.
    fn task(&mut self, field: &str, text: &str) -> Name {
        if is_label(text) {
            return Name::New(text.to_owned());
        }
        match text.parse::<TaskCode>() {
            Ok(code) if code.project == *self.key => return Name::Number(code.number),
            Ok(code) => {
                let words = format!("{code} is not in {}: a patch changes the tasks of one project.", self.key);
                self.mistake(field, words);
            }
            Err(()) => {
                let words =
                    format!("“{}” is neither a code such as {}-1 nor a ref such as new-1.", cut(text), self.key);
                self.mistake(field, words);
            }
        }
        Name::Unknown
    }

    fn spot(&mut self, parent: Option<&str>, after: Said<String>) -> Spot {
        let parent = parent.map(|parent| self.task("parent", parent));
        let after = match after {
            Said::Nothing => After::All,
            Said::Null => After::None,
            Said::Value(sibling) => After::Task(self.task("after", &sibling)),
        };
        Spot { parent, after }
    }

    fn person(&mut self, text: &str) -> Option<MemberId> {
        let id = if text == "me" { Some(self.me) } else { text.parse().ok() };
        let known = id.filter(|id| self.people.contains(id));
        if known.is_none() {
            let words = format!("Nobody who can be given work has the id “{}”: /api/v1/members lists them.", cut(text));
            self.mistake("assignee", words);
        }
        known
    }

    fn word<T>(&mut self, field: &str, word: &str, read: fn(&str) -> Option<T>, all: fn() -> String) -> Option<T> {
        let value = read(word);
        if value.is_none() {
            self.mistake(field, format!("“{}” is no {field}: it is one of {}.", cut(word), all()));
        }
        value
    }
}

const STATUSES: fn() -> String = || Status::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
const PRIORITIES: fn() -> String = || Priority::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
const LIFECYCLES: fn() -> String = || Lifecycle::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");

/// Whether it names a task that the same patch creates.
fn is_label(text: &str) -> bool {
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    text.strip_prefix("new-").is_some_and(|name| (1..=40).contains(&name.len()) && plain(name))
}

/// The start of a text that is quoted back.
fn cut(text: &str) -> String {
    text.chars().take(40).filter(|c| !c.is_control()).collect()
}
