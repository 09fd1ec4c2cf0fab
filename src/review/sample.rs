//! Facts made by hand, for the tests of what people read.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ulid::Ulid;

use super::facts::Facts;
use crate::domain::{
    diff::{Diff, Effect, Entry, FieldChange, Value},
    event::Venue,
    ids::{Id, MemberId, PatchId, ProjectId},
    member::Surface,
    patch::{
        Before, Change, Confidence, Decision, Founding, Mode, Operation, Origin, Patch, PatchCode, PatchState,
        ProjectChanges, Step, TaskChanges,
    },
    policy::{Move, Policy},
    project::Revision,
    task::{Link, Place, Rank, Status, Task, TaskFields, TaskNumber},
    time::Timestamp,
};

/// Friday 20 November 2026, 10:42 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_171_320_000);
pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) fn id<T: Id>(n: u128) -> T {
    T::from_ulid(Ulid::from_parts(1_795_171_320_000, n))
}

pub(crate) fn ana() -> MemberId {
    id(1)
}

pub(crate) fn ben() -> MemberId {
    id(2)
}

pub(crate) fn names() -> BTreeMap<MemberId, String> {
    BTreeMap::from([(ana(), "Ana".to_owned()), (ben(), "Ben".to_owned())])
}

pub(crate) fn console() -> Venue {
    Venue { surface: Surface::Console, team: "local".into(), channel: "console".into(), thread: None }
}

pub(crate) fn task(number: u32, parent: Option<u32>, title: &str) -> Task {
    let rank = (1..number).fold(Rank::only(), |rank, _| Rank::between(Some(&rank), None));
    Task {
        number: TaskNumber(number),
        place: Place { parent: parent.map(TaskNumber), rank },
        fields: TaskFields::titled(title),
        version: Revision(1),
    }
}

pub(crate) fn decision(by: MemberId) -> Decision {
    Decision { by, at: NOW.minus(Duration::from_mins(2)) }
}

/// A proposed patch with these effects, one step each.
pub(crate) fn facts(effects: Vec<Effect>) -> Facts {
    let operation = Operation::UpdateProject { changes: ProjectChanges::default() };
    let steps = effects.iter().map(|_| Step::from(operation.clone())).collect();
    let patch = Patch {
        id: id::<PatchId>(41),
        code: PatchCode(41),
        revision: 1,
        project: id::<ProjectId>(1),
        founding: None,
        base: Revision(3),
        mode: Mode::Edit,
        title: "change the sign-in tasks".into(),
        steps,
        before: Before::default(),
        author: ana(),
        origin: Origin {
            venue: console(),
            words: "we keep being logged out".into(),
            method: String::new(),
            delivery: None,
            drafted: None,
            moves: std::collections::BTreeSet::new(),
        },
        confidence: Confidence::High,
        state: PatchState::Proposed,
        supersedes: None,
        undoes: None,
        created_at: NOW.minus(Duration::from_hours(1)),
        expires_at: NOW.plus(7 * DAY),
    };
    let entries = effects.into_iter().enumerate().map(|(step, effect)| Entry { step, effect }).collect();
    Facts {
        patch,
        key: "AUTH".parse().unwrap(),
        project_title: "User authentication".into(),
        project_revision: Revision(3),
        diff: Diff { entries },
        names: names(),
        approvals: BTreeSet::new(),
        policy: Policy::default(),
        unopposed_at: None,
        objections: Vec::new(),
        by_policy: false,
        stale: Vec::new(),
        notes: BTreeMap::new(),
        superseded_by: None,
        supersedes: None,
        undone_by: None,
        undoes: None,
        now: NOW,
    }
}

pub(crate) fn appears(task: Task) -> Effect {
    let depth = usize::from(task.place.parent.is_some());
    Effect::Appears { task, depth }
}

/// The first plan of a new project: three tasks, one under another.
pub(crate) fn first_plan() -> Facts {
    let agree = task(1, None, "Agree what signing in must do");
    let mut service = task(2, None, "Token service");
    service.fields.estimate = Some(960);
    service.fields.depends_on = BTreeSet::from([TaskNumber(1)]);
    let mut store = task(3, Some(2), "Store refresh tokens");
    store.fields.description = "Rotate them at every use.".into();
    store.fields.acceptance = vec!["a stolen token works once".into(), "tokens are hashed".into()];
    let mut facts = facts(vec![appears(agree), appears(service), appears(store)]);
    facts.project_title = "User authentication flow".into();
    facts.project_revision = Revision(0);
    facts.patch.base = Revision(0);
    facts.patch.mode = Mode::Project;
    facts.patch.title = "plan the user authentication flow".into();
    facts.patch.founding = Some(Founding {
        key: facts.key.clone(),
        title: facts.project_title.clone(),
        summary: "People can sign in and stay signed in.".into(),
    });
    facts.patch.origin.words = "Build a user authentication flow".into();
    facts.patch.origin.method = "template \"feature\", no model connected".into();
    facts
}

pub(crate) fn changed(field: &'static str, before: Value, after: Value) -> FieldChange {
    FieldChange { field, before, after }
}

/// One of each kind of change.
pub(crate) fn edits() -> Facts {
    let mut docs = task(9, Some(2), "Documentation");
    docs.fields.assignee = Some(ben());
    let sign_in = vec![
        changed("title", Value::Text("Login".into()), Value::Text("Sign-in page".into())),
        changed("estimate", Value::Minutes(480), Value::Minutes(960)),
        changed("description", Value::Nothing, Value::Text("A page.".into())),
        changed("assignee", Value::Nothing, Value::Member(ana())),
    ];
    let mut facts = facts(vec![
        appears(docs),
        Effect::Changes { number: TaskNumber(3), title: "Login".into(), fields: sign_in },
        Effect::Moves {
            number: TaskNumber(4),
            title: "Logging".into(),
            from: None,
            to: Some(TaskNumber(2)),
            after: None,
        },
        Effect::Goes { number: TaskNumber(8), title: "Old form".into(), below: 0, with_parent: true },
        Effect::Goes { number: TaskNumber(7), title: "Old login page".into(), below: 1, with_parent: false },
    ]);
    facts.patch.steps[2].reason = "it is part of the service".into();
    facts.patch.steps[2].evidence =
        Some(Link { label: "acme/auth#12".into(), url: "https://github.com/acme/auth/pull/12".into() });
    facts
}

/// A change of one field of one task, already applied by its author.
pub(crate) fn small(fields: Vec<FieldChange>) -> Facts {
    let mut facts = facts(vec![Effect::Changes { number: TaskNumber(3), title: "Sign-in page".into(), fields }]);
    facts.patch.steps[0].operation =
        Operation::UpdateTask { number: TaskNumber(3), changes: crate::domain::patch::TaskChanges::default() };
    facts.project_revision = Revision(4);
    facts.patch.state = applied_by(ana(), &[0]);
    facts
}

/// What rules made of what happened: each step with the task and its statuses, what happened, and where that stands.
pub(crate) fn by_rule(title: &str, moves: &[Move], steps: &[(u32, [Status; 2], &str, &str)]) -> Facts {
    let effect = |(number, [before, after], ..): &(u32, [Status; 2], &str, &str)| Effect::Changes {
        number: TaskNumber(*number),
        title: "Sign-in page".into(),
        fields: vec![changed("status", Value::Status(*before), Value::Status(*after))],
    };
    let mut facts = facts(steps.iter().map(effect).collect());
    for (step, (number, [_, after], label, happened)) in facts.patch.steps.iter_mut().zip(steps) {
        let changes = TaskChanges { status: Change::Set(*after), ..TaskChanges::default() };
        step.operation = Operation::UpdateTask { number: TaskNumber(*number), changes };
        step.reason = format!("{label}{happened}");
        let url = format!("https://github.com/{}", label.replace('#', "/pull/"));
        step.evidence = Some(Link { label: (*label).to_owned(), url });
    }
    title.clone_into(&mut facts.patch.title);
    facts.patch.origin.words = String::new();
    facts.patch.origin.moves = moves.iter().copied().collect();
    facts.patch.author = robot();
    facts.names.insert(robot(), "GitHub".to_owned());
    facts
}

/// The robot in whose name rules propose.
pub(crate) fn robot() -> MemberId {
    id(3)
}

pub(crate) fn applied_by(by: MemberId, steps: &[usize]) -> PatchState {
    PatchState::Applied { decision: decision(by), revision: Revision(4), steps: steps.iter().copied().collect() }
}
