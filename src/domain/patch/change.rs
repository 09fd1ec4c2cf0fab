//! Changes of fields: what is said, what is left alone, what is emptied.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::{
    ids::MemberId,
    project::{Lifecycle, Project},
    task::{Link, Priority, Status, TaskFields, TaskNumber},
};

/// What a patch says about one optional field. What is left out changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Make it empty.
    Clear,
    /// Give it this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field is left alone.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: Clone + PartialEq> Change<T> {
    /// What turns `before` into `after`, for a field that always has a value.
    fn between(before: &T, after: &T) -> Self {
        if before == after { Self::Keep } else { Self::Set(after.clone()) }
    }

    /// What turns `before` into `after`, for a field that may be empty.
    fn between_options(before: Option<&T>, after: Option<&T>) -> Self {
        match after {
            _ if before == after => Self::Keep,
            None => Self::Clear,
            Some(after) => Self::Set(after.clone()),
        }
    }

    /// Changes a field that always has a value; `Clear`, which validation refuses, leaves it.
    fn change(&self, field: &mut T) {
        if let Self::Set(value) = self {
            field.clone_from(value);
        }
    }

    /// Changes an optional field.
    fn change_option(&self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value.clone()),
        }
    }
}

impl<T: Clone + PartialEq + Default> Change<T> {
    /// What turns `before` into `after`, for a text or a list, which is empty by default.
    fn between_texts(before: &T, after: &T) -> Self {
        let empty = T::default();
        Self::between_options(Some(before).filter(|b| **b != empty), Some(after).filter(|a| **a != empty))
    }

    /// Changes a text or a list.
    fn change_text(&self, field: &mut T) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = T::default(),
            Self::Set(value) => field.clone_from(value),
        }
    }
}

/// The fields of a task that an `update_task` changes.
///
/// `Clear` empties a text, list or optional field; for the title, the status and the priority, which
/// always have a value, validation refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field changes the field of TaskFields with its name")]
pub struct TaskChanges {
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub title: Change<String>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub description: Change<String>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub acceptance: Change<Vec<String>>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub status: Change<Status>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub assignee: Change<MemberId>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub estimate: Change<u32>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub priority: Change<Priority>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub due: Change<NaiveDate>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub depends_on: Change<BTreeSet<TaskNumber>>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub links: Change<Vec<Link>>,
}

impl TaskChanges {
    /// The changes that turn `before` into `after`.
    pub fn between(before: &TaskFields, after: &TaskFields) -> Self {
        Self {
            title: Change::between(&before.title, &after.title),
            description: Change::between_texts(&before.description, &after.description),
            acceptance: Change::between_texts(&before.acceptance, &after.acceptance),
            status: Change::between(&before.status, &after.status),
            assignee: Change::between_options(before.assignee.as_ref(), after.assignee.as_ref()),
            estimate: Change::between_options(before.estimate.as_ref(), after.estimate.as_ref()),
            priority: Change::between(&before.priority, &after.priority),
            due: Change::between_options(before.due.as_ref(), after.due.as_ref()),
            depends_on: Change::between_texts(&before.depends_on, &after.depends_on),
            links: Change::between_texts(&before.links, &after.links),
        }
    }

    /// Makes these changes to `fields`. A `Clear` of the title, the status or the priority leaves it.
    pub fn change(&self, fields: &mut TaskFields) {
        self.title.change(&mut fields.title);
        self.description.change_text(&mut fields.description);
        self.acceptance.change_text(&mut fields.acceptance);
        self.status.change(&mut fields.status);
        self.assignee.change_option(&mut fields.assignee);
        self.estimate.change_option(&mut fields.estimate);
        self.priority.change(&mut fields.priority);
        self.due.change_option(&mut fields.due);
        self.depends_on.change_text(&mut fields.depends_on);
        self.links.change_text(&mut fields.links);
    }

    /// Whether every field is left alone.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The fields of a project that an `update_project` changes. Only the summary may be cleared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field changes the field of Project with its name")]
pub struct ProjectChanges {
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub title: Change<String>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub summary: Change<String>,
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub lifecycle: Change<Lifecycle>,
}

impl ProjectChanges {
    /// The changes that turn `before` into `after`.
    pub fn between(before: &Project, after: &Project) -> Self {
        Self {
            title: Change::between(&before.title, &after.title),
            summary: Change::between_texts(&before.summary, &after.summary),
            lifecycle: Change::between(&before.lifecycle, &after.lifecycle),
        }
    }

    /// Makes these changes to `project`. A `Clear` of the title or the lifecycle leaves it.
    pub fn change(&self, project: &mut Project) {
        self.title.change(&mut project.title);
        self.summary.change_text(&mut project.summary);
        self.lifecycle.change(&mut project.lifecycle);
    }

    /// Whether every field is left alone.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::ids::Id;

    #[test]
    fn what_a_change_leaves_out_stays_as_it_is() {
        let changes: TaskChanges = serde_json::from_str(r#"{"title":{"set":"New"},"assignee":"clear"}"#).unwrap();
        let mut fields = TaskFields::titled("Old");
        fields.assignee = Some(MemberId::from_ulid(Ulid::from_parts(0, 1)));
        fields.estimate = Some(60);
        let before = fields.clone();
        changes.change(&mut fields);
        assert_eq!(fields, TaskFields { title: "New".to_owned(), assignee: None, ..before.clone() });
        assert_eq!(TaskChanges::between(&before, &fields), changes);
        assert!(TaskChanges::between(&fields, &fields).is_empty());
    }

    #[test]
    fn a_required_field_keeps_its_value_when_it_is_cleared() {
        let mut fields = TaskFields::titled("Old");
        let before = fields.clone();
        let cleared = TaskChanges {
            title: Change::Clear,
            status: Change::Clear,
            priority: Change::Clear,
            links: Change::Clear,
            ..TaskChanges::default()
        };
        cleared.change(&mut fields);
        assert_eq!(fields, before);
    }
}
