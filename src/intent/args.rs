//! The arguments of a command, once they are read.

use chrono::NaiveDate;

use crate::domain::{
    intent::{FieldValue, Intent, IssueName, Named, Person, TaskName},
    patch::PatchCode,
    project::ProjectKey,
    task::Priority,
};

/// A read argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Words(String),
    Task(TaskName),
    Project(ProjectKey),
    Named(Named),
    Patch(PatchCode),
    Person(Option<Person>),
    Effort(Option<u32>),
    Date(Option<NaiveDate>),
    Priority(Priority),
    Issue(IssueName),
    Whole(Intent),
}

/// The read arguments of one line, taken in the order of the table.
#[derive(Debug)]
pub(super) struct Values(pub(super) std::vec::IntoIter<Value>);

macro_rules! take {
    ($($name:ident: $variant:ident -> $type:ty;)*) => {
        $(pub(super) fn $name(&mut self) -> Option<$type> {
            match self.0.next() {
                Some(Value::$variant(value)) => Some(value),
                _ => None,
            }
        })*
    };
}

impl Values {
    take! {
        words: Words -> String;
        task: Task -> TaskName;
        project: Project -> ProjectKey;
        named: Named -> Named;
        patch: Patch -> PatchCode;
        person: Person -> Option<Person>;
        effort: Effort -> Option<u32>;
        date: Date -> Option<NaiveDate>;
        priority: Priority -> Priority;
        whole: Whole -> Intent;
        issue: Issue -> IssueName;
    }

    /// The intent that the argument is by itself, or the one of the command alone.
    pub(super) fn either(&mut self, alone: Intent) -> Option<Intent> {
        match self.0.next() {
            Some(Value::Whole(intent)) => Some(intent),
            Some(_) => None,
            None => Some(alone),
        }
    }

    pub(super) fn set(&mut self, value: FieldValue) -> Option<Intent> {
        Some(Intent::Set { task: self.task()?, value })
    }
}
