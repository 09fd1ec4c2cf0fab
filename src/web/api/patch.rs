//! What the API shows of a patch.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    super::tree::Names,
    shapes::{Link, Person, place},
    words,
};
use crate::{
    domain::{
        diff::{self, Effect, field_changes},
        message::Span,
        patch::{self, Operation, PatchCode, PatchState},
        project::ProjectKey,
        task::{TaskFields, TaskNumber},
    },
    review::{
        facts::Facts,
        lines::{Style, lines},
    },
};

/// A proposed change of a plan, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PatchSummary {
    #[schema(example = "P-41")]
    pub(super) code: String,
    /// What it does, in a few words.
    #[schema(example = "add documentation")]
    pub(super) title: String,
    /// The key of the project that it changes, or creates.
    #[schema(example = "AUTH")]
    pub(super) project: String,
    /// Whether it creates that project.
    pub(super) founds: bool,
    #[schema(value_type = words::State)]
    pub(super) state: &'static str,
    /// Counts its texts: whoever decides says which one they read.
    pub(super) revision: u32,
    /// The revision of the plan that it was made against.
    pub(super) base: u32,
    pub(super) author: Person,
    pub(super) created_at: DateTime<Utc>,
    /// When it lapses unless somebody decides.
    pub(super) expires_at: DateTime<Utc>,
}

impl PatchSummary {
    pub(super) fn new(patch: &patch::Patch, key: &ProjectKey, names: &Names) -> Self {
        Self {
            code: patch.code.to_string(),
            title: patch.title.clone(),
            project: key.to_string(),
            founds: patch.founding.is_some(),
            state: patch.state.as_str(),
            revision: patch.revision,
            base: patch.base.0,
            author: Person::new(patch.author, names),
            created_at: patch.created_at.to_utc(),
            expires_at: patch.expires_at.to_utc(),
        }
    }
}

/// A proposed change of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Patch {
    #[serde(flatten)]
    pub(super) summary: PatchSummary,
    /// The words that asked for it; may be empty.
    pub(super) reason: String,
    /// How it was made; may be empty.
    pub(super) method: String,
    /// Where it was asked for.
    #[schema(value_type = words::Place)]
    pub(super) asked_in: &'static str,
    #[schema(value_type = words::Confidence)]
    pub(super) confidence: &'static str,
    /// What it does, in order.
    pub(super) steps: Vec<Step>,
    /// The same for people, line by line.
    #[schema(example = json!(["+ AUTH-9 Documentation"]))]
    pub(super) diff: Vec<String>,
    /// Who approved this revision.
    pub(super) approvals: Vec<Person>,
    /// How many approvals it still needs.
    pub(super) approvals_needed: usize,
    /// What moved in the plan under it since it was made; while there is anything, it can't be approved.
    pub(super) stale: Vec<String>,
    /// What was decided; null while it is open and where it lapsed.
    #[schema(required)]
    pub(super) decision: Option<Decision>,
    /// The patch whose place it took.
    #[schema(required)]
    pub(super) replaces: Option<String>,
    /// The patch that took its place.
    #[schema(required)]
    pub(super) replaced_by: Option<String>,
    /// The applied patch that it takes back.
    #[schema(required)]
    pub(super) undoes: Option<String>,
    /// The patch that took it back.
    #[schema(required)]
    pub(super) undone_by: Option<String>,
}

/// What was decided on a patch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decision {
    pub(super) by: Person,
    pub(super) at: DateTime<Utc>,
    /// Why it was rejected, if anybody said.
    #[schema(required)]
    pub(super) reason: Option<String>,
    /// The revision of the plan that it made; null where it made none.
    #[schema(required)]
    pub(super) revision: Option<u32>,
    /// The steps that were applied; null where none was.
    #[schema(required)]
    pub(super) steps: Option<Vec<usize>>,
}

/// One step of a patch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Step {
    /// Its number in the patch, from 0: for approving a part.
    #[serde(rename = "step")]
    pub(super) at: usize,
    /// What it does: `create_task`, `update_task`, `move_task`, `delete_task`, `update_project`.
    #[schema(example = "create_task")]
    pub(super) op: &'static str,
    /// The task; null where it changes the project itself.
    #[schema(required, example = "AUTH-9")]
    pub(super) task: Option<String>,
    /// Under which task it goes, where it is new or moves; null at the top level and else.
    #[schema(required)]
    pub(super) parent: Option<String>,
    /// The fields that change; all that are set, where it is new.
    pub(super) changes: Vec<FieldChange>,
    /// Why; may be empty.
    pub(super) reason: String,
    /// What is behind it.
    #[schema(required)]
    pub(super) evidence: Option<Link>,
}

/// A field that changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldChange {
    /// The field's name in an operation: `title`, `estimate_minutes`, …
    #[schema(example = "title")]
    pub(super) field: String,
    /// What it says now; null for nothing.
    pub(super) before: Value,
    /// What it will say; null for nothing.
    pub(super) after: Value,
}

impl Patch {
    pub(super) fn new(facts: &Facts, names: &Names) -> Self {
        let patch = &facts.patch;
        let code = |code: Option<PatchCode>| code.map(|code| code.to_string());
        let seen = Seen { facts, names };
        Self {
            summary: PatchSummary {
                state: if facts.has_lapsed() { "expired" } else { patch.state.as_str() },
                ..PatchSummary::new(patch, &facts.key, names)
            },
            reason: patch.origin.words.clone(),
            method: patch.origin.method.clone(),
            asked_in: place(&patch.origin.venue),
            confidence: patch.confidence.as_str(),
            steps: patch.steps.iter().enumerate().map(|(at, step)| seen.step(at, step)).collect(),
            diff: told(facts),
            approvals: facts.approvals.iter().map(|id| Person::new(*id, names)).collect(),
            approvals_needed: if patch.state == PatchState::Proposed { facts.approvals_needed() } else { 0 },
            stale: facts.stale.clone(),
            decision: decision(&patch.state, names),
            replaces: code(facts.supersedes),
            replaced_by: code(facts.superseded_by),
            undoes: code(facts.undoes),
            undone_by: code(facts.undone_by),
        }
    }
}

fn decision(state: &PatchState, names: &Names) -> Option<Decision> {
    let (decision, reason, applied) = match state {
        PatchState::Proposed | PatchState::Expired { .. } => return None,
        PatchState::Rejected { decision, reason } => (decision, Some(reason.clone()), None),
        PatchState::Superseded { decision, .. } => (decision, None, None),
        PatchState::Applied { decision, revision, steps } | PatchState::Undone { decision, revision, steps, .. } => {
            (decision, None, Some((revision.0, steps.iter().copied().collect())))
        }
    };
    let (revision, steps) = applied.unzip();
    Some(Decision { by: Person::new(decision.by, names), at: decision.at.to_utc(), reason, revision, steps })
}

/// The diff as a card shows it, without its form.
fn told(facts: &Facts) -> Vec<String> {
    let line = |line: crate::domain::message::Line| {
        let words: String = line.spans.iter().map(plain).collect();
        let sign = line.kind.sign();
        let indent = "  ".repeat(line.depth);
        if sign.is_empty() { format!("{indent}{words}") } else { format!("{indent}{sign} {words}") }
    };
    lines(facts, &facts.diff.entries, Style::Full).into_iter().map(line).collect()
}

fn plain(span: &Span) -> String {
    match span {
        Span::Plain(text)
        | Span::Strong(text)
        | Span::Code(text)
        | Span::Struck(text)
        | Span::Link { text, .. }
        | Span::Mention { name: text, .. }
        | Span::Channel { channel: text, .. }
        | Span::Person { name: text, .. } => text.clone(),
        Span::Time(at) => at.to_utc().format("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

/// A patch with the names of whom it mentions.
struct Seen<'a> {
    facts: &'a Facts,
    names: &'a Names,
}

impl Seen<'_> {
    fn step(&self, at: usize, step: &patch::Step) -> Step {
        let effect = self.facts.diff.entries.iter().find(|entry| entry.step == at).map(|entry| &entry.effect);
        let changes = match effect {
            Some(Effect::Changes { fields, .. } | Effect::Project { fields }) => fields.clone(),
            Some(Effect::Appears { task, .. }) => {
                let mut all = field_changes(&TaskFields::titled(""), &task.fields);
                for change in &mut all {
                    change.before = diff::Value::Nothing;
                }
                all
            }
            Some(Effect::Moves { .. } | Effect::Goes { .. }) | None => Vec::new(),
        };
        let (op, parent) = match &step.operation {
            Operation::CreateTask { place, .. } => ("create_task", place.parent),
            Operation::UpdateTask { .. } => ("update_task", None),
            Operation::MoveTask { to, .. } => ("move_task", to.parent),
            Operation::DeleteTask { .. } => ("delete_task", None),
            Operation::UpdateProject { .. } => ("update_project", None),
        };
        Step {
            at,
            op,
            task: step.operation.task().map(|number| self.code(number)),
            parent: parent.map(|number| self.code(number)),
            changes: changes.into_iter().map(|change| self.change(change)).collect(),
            reason: step.reason.clone(),
            evidence: step.evidence.clone().map(Link::from),
        }
    }

    fn code(&self, number: TaskNumber) -> String {
        format!("{}-{number}", self.facts.key)
    }

    fn change(&self, change: diff::FieldChange) -> FieldChange {
        let field = match change.field {
            "estimate" => "estimate_minutes".to_owned(),
            field => field.replace(' ', "_"),
        };
        FieldChange { field, before: self.value(change.before), after: self.value(change.after) }
    }

    fn value(&self, value: diff::Value) -> Value {
        match value {
            diff::Value::Nothing => Value::Null,
            diff::Value::Text(text) => text.into(),
            diff::Value::List(items) => items.into(),
            diff::Value::Status(status) => status.as_str().into(),
            diff::Value::Priority(priority) => priority.as_str().into(),
            diff::Value::Lifecycle(lifecycle) => lifecycle.as_str().into(),
            diff::Value::Member(member) => json!(Person::new(member, self.names)),
            diff::Value::Minutes(minutes) => minutes.into(),
            diff::Value::Date(day) => json!(day),
            diff::Value::Tasks(tasks) => tasks.into_iter().map(|number| self.code(number)).collect::<Vec<_>>().into(),
            diff::Value::Links(links) => json!(links.into_iter().map(Link::from).collect::<Vec<_>>()),
        }
    }
}
