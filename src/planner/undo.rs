//! Taking an applied patch back.

use super::Draft;
use crate::domain::{
    patch::{Confidence, Mode, Operation, Patch, Step},
    plan::Plan,
};

/// A draft that takes `patch` back: the inverse that was stored when it was applied, as a proposal of its own.
/// Whether the plan has moved on since is for validation to say; a step whose task is gone stays in, so that the
/// card can show it.
pub fn undo(plan: &Plan, patch: &Patch, inverse: Vec<Operation>) -> Draft {
    let code = patch.code;
    let reason = |operation: &Operation| match operation {
        Operation::CreateTask { .. } => format!("{code} removed it"),
        Operation::DeleteTask { .. } => format!("{code} added it"),
        Operation::MoveTask { .. } => format!("{code} moved it"),
        Operation::UpdateTask { number, .. } if plan.task(*number).is_none() => {
            format!("{code} changed it, but it is gone since")
        }
        Operation::UpdateTask { .. } | Operation::UpdateProject { .. } => format!("{code} changed it"),
    };
    Draft {
        founding: None,
        mode: Mode::Edit,
        title: super::title(&format!("undo {}: {}", patch.code, patch.title)),
        steps: inverse
            .into_iter()
            .map(|operation| Step { reason: reason(&operation), operation, evidence: None })
            .collect(),
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::{
        domain::{
            event::Venue,
            ids::{Id, PatchId},
            member::Surface,
            patch::{Before, Change, Origin, PatchCode, PatchState, TaskChanges},
            project::Revision,
            task::TaskNumber,
            time::Timestamp,
        },
        planner::fixtures::{people, project, sample, shown},
    };

    #[test]
    fn an_undo_names_the_patch_and_gives_a_reason_for_each_step() {
        let venue = Venue { surface: Surface::Console, team: "local".into(), channel: "console".into(), thread: None };
        let patch = Patch {
            id: PatchId::from_ulid(Ulid::from_parts(1, 1)),
            code: PatchCode(41),
            revision: 1,
            project: project().id,
            founding: None,
            base: Revision(3),
            mode: Mode::Edit,
            title: "rename AUTH-2".into(),
            steps: Vec::new(),
            before: Before::default(),
            author: people().sender,
            origin: Origin {
                venue,
                words: String::new(),
                method: String::new(),
                delivery: None,
                drafted: None,
                moves: std::collections::BTreeSet::new(),
            },
            confidence: Confidence::High,
            state: PatchState::Proposed,
            supersedes: None,
            undoes: None,
            created_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(1),
        };
        let rename = |n| Operation::UpdateTask {
            number: TaskNumber(n),
            changes: TaskChanges { title: Change::Set("Tokens".into()), ..TaskChanges::default() },
        };
        let inverse = vec![rename(2), rename(9), Operation::DeleteTask { number: TaskNumber(1) }];
        let draft = undo(&sample(), &patch, inverse);
        insta::assert_snapshot!(format!("{}\n{}", draft.title, shown(&draft.steps)), @r#"
        undo P-41: rename AUTH-2
        ~ 2 {"title":{"set":"Tokens"}}  [P-41 changed it]
        ~ 9 {"title":{"set":"Tokens"}}  [P-41 changed it, but it is gone since]
        - 1  [P-41 added it]
        "#);
    }
}
