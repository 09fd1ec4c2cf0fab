//! What an operation of an answer says.

use chrono::{Datelike, NaiveDate};

use crate::{
    domain::{
        ids::MemberId,
        patch::{MAX_ACCEPTANCE, MAX_DESCRIPTION, MAX_SENTENCE, MAX_TITLE},
        task::{Priority, Status, TaskFields},
    },
    intent::value,
    llm::answer::{At, Problems},
    planner::{draft, people::People},
};

/// Years in which something may be due.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Change,
    Move,
    Remove,
    Merge,
    Project,
}

impl Op {
    pub(super) const ALL: [Self; 6] = [Self::Add, Self::Change, Self::Move, Self::Remove, Self::Merge, Self::Project];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Move => "move",
            Self::Remove => "remove",
            Self::Merge => "merge",
            Self::Project => "project",
        }
    }
}

/// A field that an operation may empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Description,
    Acceptance,
    Assignee,
    Estimate,
    Due,
    WaitsFor,
}

impl Field {
    pub(super) const ALL: [Self; 6] =
        [Self::Description, Self::Acceptance, Self::Assignee, Self::Estimate, Self::Due, Self::WaitsFor];

    /// Its name in answers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Acceptance => "acceptance",
            Self::Assignee => "assignee",
            Self::Estimate => "estimate_minutes",
            Self::Due => "due",
            Self::WaitsFor => "waits_for",
        }
    }
}

/// The fields of an operation. What is `None` or empty is left as it is; only `clear` empties anything.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) acceptance: Vec<String>,
    pub(super) status: Option<Status>,
    pub(super) assignee: Option<MemberId>,
    pub(super) estimate: Option<u32>,
    pub(super) priority: Option<Priority>,
    pub(super) due: Option<NaiveDate>,
    pub(super) clear: Vec<Field>,
    pub(super) reason: String,
}

impl Wish {
    pub(super) fn read(at: &At<'_>, people: &People, problems: &mut Problems) -> Self {
        Self {
            title: at.field("title").line(MAX_TITLE, problems),
            description: at.field("description").prose(MAX_DESCRIPTION, problems),
            acceptance: at.field("acceptance").texts(MAX_ACCEPTANCE, MAX_SENTENCE, problems),
            status: at.field("status").word(Status::ALL, Status::as_str, problems),
            assignee: assignee(&at.field("assignee"), people, problems),
            estimate: at.field("estimate_minutes").whole(problems),
            priority: at.field("priority").word(Priority::ALL, Priority::as_str, problems),
            due: due(&at.field("due"), problems),
            clear: clear(at, problems),
            reason: draft::reason(&at.field("reason"), problems),
        }
    }

    /// Gives `fields` what is said, and empties what is to be cleared.
    pub(super) fn put(self, fields: &mut TaskFields) {
        for field in &self.clear {
            match field {
                Field::Description => fields.description.clear(),
                Field::Acceptance => fields.acceptance.clear(),
                Field::Assignee => fields.assignee = None,
                Field::Estimate => fields.estimate = None,
                Field::Due => fields.due = None,
                Field::WaitsFor => fields.depends_on.clear(),
            }
        }
        if let Some(title) = self.title {
            fields.title = title;
        }
        if let Some(description) = self.description {
            fields.description = description;
        }
        if !self.acceptance.is_empty() {
            fields.acceptance = self.acceptance;
        }
        fields.status = self.status.unwrap_or(fields.status);
        fields.assignee = self.assignee.or(fields.assignee);
        fields.estimate = self.estimate.or(fields.estimate);
        fields.priority = self.priority.unwrap_or(fields.priority);
        fields.due = self.due.or(fields.due);
    }
}

/// The fields to clear; one that also gets a value is a contradiction.
fn clear(at: &At<'_>, problems: &mut Problems) -> Vec<Field> {
    let mut fields = Vec::new();
    for named in at.field("clear").list(Field::ALL.len(), problems) {
        let Some(field) = named.word(&Field::ALL, Field::as_str, problems) else { continue };
        if !at.field(field.as_str()).is_empty() {
            named.wrong(problems, &format!("clears {}, which also gets a value: say one of the two", field.as_str()));
        }
        fields.push(field);
    }
    fields
}

fn assignee(at: &At<'_>, people: &People, problems: &mut Problems) -> Option<MemberId> {
    let name = at.line(MAX_TITLE, problems)?;
    match value::person(&name) {
        Some(Some(person)) => match people.resolve(&person) {
            Ok(member) => return Some(member),
            Err(error) => at.wrong(problems, &format!("can't be used: {}", error.0.trim_end_matches('.'))),
        },
        Some(None) => at.wrong(problems, "names nobody: put \"assignee\" into clear to unassign somebody"),
        None => at.wrong(problems, &format!("is {name:?}, which is nobody's name")),
    }
    None
}

fn due(at: &At<'_>, problems: &mut Problems) -> Option<NaiveDate> {
    let text = at.line(MAX_TITLE, problems)?;
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|day| YEARS.contains(&day.year()));
    if day.is_none() {
        at.wrong(problems, &format!("is {text:?} and has to be a day such as 2026-12-24"));
    }
    day
}
