//! Patches of one operation: `done AUTH-3`, `assign AUTH-3 @ana`, `archive AUTH`.

use super::{Draft, people::People};
use crate::{
    domain::{
        intent::FieldValue,
        patch::{Change, Confidence, Mode, Operation, ProjectChanges, Step, TaskChanges},
        plan::Plan,
        project::{Lifecycle, Project},
        task::{Status, TaskFields, TaskNumber, effort},
    },
    error::UserError,
};

/// Drafts the change of one field of one task. Said in so many words, it may also reopen a finished task.
/// Where nothing would change, the error says so.
pub fn set(plan: &Plan, task: TaskNumber, value: &FieldValue, people: &People) -> Result<Draft, UserError> {
    let code = plan.code(task);
    let fields = &plan
        .task(task)
        .ok_or_else(|| {
            crate::intent::place::unknown_task(&plan.project.key, task, plan.tasks().map(|task| task.number))
        })?
        .fields;
    let mut after = fields.clone();
    put(&mut after, value, people)?;
    let changes = changes(fields, &after);
    if changes == TaskChanges::default() {
        return Err(UserError::new(format!("{code} is already {}.", described(value, people)?)));
    }
    Ok(Draft {
        founding: None,
        mode: Mode::Edit,
        title: super::title(&headline(&code.to_string(), fields.status, value, people)?),
        steps: vec![Step::from(Operation::UpdateTask { number: task, changes })],
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    })
}

/// Drafts that a project is put away. Where it is, the error says so.
pub fn archive(project: &Project) -> Result<Draft, UserError> {
    if project.lifecycle == Lifecycle::Archived {
        return Err(UserError::new(format!("{} is archived already.", project.key)));
    }
    let changes = ProjectChanges { lifecycle: Change::Set(Lifecycle::Archived), ..ProjectChanges::default() };
    Ok(Draft {
        founding: None,
        mode: Mode::Edit,
        title: format!("archive {}", project.key),
        steps: vec![Step::from(Operation::UpdateProject { changes })],
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    })
}

/// Gives `fields` the value.
pub(super) fn put(fields: &mut TaskFields, value: &FieldValue, people: &People) -> Result<(), UserError> {
    match value {
        FieldValue::Status(status) => fields.status = *status,
        FieldValue::Assignee(person) => {
            fields.assignee = person.as_ref().map(|person| people.resolve(person)).transpose()?;
        }
        FieldValue::Estimate(minutes) => fields.estimate = *minutes,
        FieldValue::Priority(priority) => fields.priority = *priority,
        FieldValue::Due(day) => fields.due = *day,
    }
    Ok(())
}

/// What turns `before` into `after`.
pub(super) fn changes(before: &TaskFields, after: &TaskFields) -> TaskChanges {
    fn plain<T: PartialEq + Clone>(before: &T, after: &T) -> Change<T> {
        if before == after { Change::Keep } else { Change::Set(after.clone()) }
    }
    fn optional<T: PartialEq + Clone>(before: Option<&T>, after: Option<&T>) -> Change<T> {
        match after {
            _ if before == after => Change::Keep,
            Some(after) => Change::Set(after.clone()),
            None => Change::Clear,
        }
    }
    fn cleared<T: PartialEq + Clone>(before: &T, after: &T, empty: bool) -> Change<T> {
        if empty && before != after { Change::Clear } else { plain(before, after) }
    }
    TaskChanges {
        title: plain(&before.title, &after.title),
        description: cleared(&before.description, &after.description, after.description.is_empty()),
        acceptance: cleared(&before.acceptance, &after.acceptance, after.acceptance.is_empty()),
        status: plain(&before.status, &after.status),
        assignee: optional(before.assignee.as_ref(), after.assignee.as_ref()),
        estimate: optional(before.estimate.as_ref(), after.estimate.as_ref()),
        priority: plain(&before.priority, &after.priority),
        due: optional(before.due.as_ref(), after.due.as_ref()),
        depends_on: cleared(&before.depends_on, &after.depends_on, after.depends_on.is_empty()),
        links: cleared(&before.links, &after.links, after.links.is_empty()),
    }
}

/// `start AUTH-3`, `assign AUTH-3 to Ana`.
fn headline(code: &str, was: Status, value: &FieldValue, people: &People) -> Result<String, UserError> {
    Ok(match value {
        FieldValue::Status(status) => match status {
            Status::InProgress => format!("start {code}"),
            Status::Done => format!("{code} is done"),
            Status::Todo if was.is_terminal() => format!("reopen {code}"),
            Status::Cancelled => format!("cancel {code}"),
            status => format!("{code} is {}", status.words()),
        },
        FieldValue::Assignee(None) => format!("unassign {code}"),
        FieldValue::Assignee(Some(person)) => format!("assign {code} to {}", people.name(people.resolve(person)?)),
        FieldValue::Estimate(None) => format!("{code} has no estimate"),
        FieldValue::Estimate(Some(minutes)) => format!("estimate {code} at {}", effort(*minutes)),
        FieldValue::Priority(priority) => format!("{code} has {} priority", priority.as_str()),
        FieldValue::Due(None) => format!("{code} has no due date"),
        FieldValue::Due(Some(day)) => format!("{code} is due {}", day.format("%-d %b %Y")),
    })
}

/// What a task already is: `done`, `assigned to Ana`.
fn described(value: &FieldValue, people: &People) -> Result<String, UserError> {
    Ok(match value {
        FieldValue::Status(status) => status.words(),
        FieldValue::Assignee(None) => "assigned to nobody".to_owned(),
        FieldValue::Assignee(Some(person)) => format!("assigned to {}", people.name(people.resolve(person)?)),
        FieldValue::Estimate(None) => "without an estimate".to_owned(),
        FieldValue::Estimate(Some(minutes)) => format!("estimated at {}", effort(*minutes)),
        FieldValue::Priority(priority) => format!("of {} priority", priority.as_str()),
        FieldValue::Due(None) => "without a due date".to_owned(),
        FieldValue::Due(Some(day)) => format!("due on {}", day.format("%-d %b %Y")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{intent::Person, task::Priority},
        planner::fixtures::{people, sample, shown},
    };

    #[test]
    fn one_field_of_one_task_changes() {
        let (plan, people) = (sample(), people());
        for (value, title, step) in [
            (FieldValue::Status(Status::Done), "AUTH-2 is done", r#"~ 2 {"status":{"set":"done"}}"#),
            (FieldValue::Status(Status::InProgress), "start AUTH-2", r#"~ 2 {"status":{"set":"in_progress"}}"#),
            (FieldValue::Estimate(Some(240)), "estimate AUTH-2 at 4 h", r#"~ 2 {"estimate":{"set":240}}"#),
            (FieldValue::Estimate(None), "AUTH-2 has no estimate", r#"~ 2 {"estimate":"clear"}"#),
            (FieldValue::Priority(Priority::High), "AUTH-2 has high priority", r#"~ 2 {"priority":{"set":"high"}}"#),
            (
                FieldValue::Due("2026-12-24".parse().ok()),
                "AUTH-2 is due 24 Dec 2026",
                r#"~ 2 {"due":{"set":"2026-12-24"}}"#,
            ),
        ] {
            let draft = set(&plan, TaskNumber(2), &value, &people).unwrap();
            assert_eq!((draft.title.as_str(), shown(&draft.steps).trim_end()), (title, step));
        }
        let ben = FieldValue::Assignee(Some(Person::Name("ben".into())));
        assert_eq!(set(&plan, TaskNumber(2), &ben, &people).unwrap().title, "assign AUTH-2 to Ben");
    }

    #[test]
    fn what_is_so_already_is_said() {
        let (plan, people) = (sample(), people());
        for (value, answer) in [
            (FieldValue::Status(Status::Todo), "AUTH-2 is already todo."),
            (FieldValue::Assignee(None), "AUTH-2 is already assigned to nobody."),
            (FieldValue::Estimate(Some(960)), "AUTH-2 is already estimated at 2 d."),
            (FieldValue::Priority(Priority::Normal), "AUTH-2 is already of normal priority."),
            (FieldValue::Due(None), "AUTH-2 is already without a due date."),
        ] {
            assert_eq!(set(&plan, TaskNumber(2), &value, &people).unwrap_err().0, answer);
        }
        let unknown = set(&plan, TaskNumber(33), &FieldValue::Estimate(None), &people).unwrap_err();
        assert_eq!(unknown.0, "There is no task AUTH-33. Did you mean AUTH-3?");
    }
}
