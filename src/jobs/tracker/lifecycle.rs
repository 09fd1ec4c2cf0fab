//! Where a project stands because of its repositories: changed by rule, as everything is, by a patch that is applied.

use super::suggest;
use crate::{
    domain::{
        patch::{Change, Operation, ProjectChanges, Step},
        policy::Move,
        project::{Lifecycle, Project},
        task::Link,
        tracker::Repository,
    },
    error::{Error, Result},
    jobs::Desk,
    store::Tx,
};

/// Puts a project at another point of its life, because of what became of this repository.
pub(super) async fn set(
    desk: &Desk,
    tx: &mut Tx,
    project: &Project,
    to: Lifecycle,
    (repository, reason): (&Repository, &str),
) -> Result<()> {
    let changes = ProjectChanges { lifecycle: Change::Set(to), ..ProjectChanges::default() };
    let evidence = Link { label: repository.name().to_owned(), url: repository.seen.url.clone() };
    let step = Step {
        operation: Operation::UpdateProject { changes },
        reason: reason.to_owned(),
        evidence: Some(evidence).filter(|link| link.url.starts_with("https://")),
    };
    let draft = suggest::follow(&format!("{} is {}", project.key, to.as_str()), vec![step]);
    match suggest::put(desk, tx, project.id, draft, [Move::Repository].into(), &[]).await {
        Ok(_) => Ok(()),
        // Nothing was written, and there is nobody who could be told: what is known of the repository is kept anyway.
        Err(Error::User(words)) => {
            tracing::warn!(project = %project.key, %words, "a project could not be put at another point of its life");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
