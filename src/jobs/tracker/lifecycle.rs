//! Where a project stands because of its repositories: changed by rule, as everything is, by a patch that is applied.

use super::robot::robot;
use crate::{
    chat::console,
    domain::{
        patch::{Change, Confidence, Mode, Operation, ProjectChanges, Step},
        policy::Move,
        project::{Lifecycle, Project},
        task::Link,
        tracker::Repository,
    },
    error::{Error, Result},
    jobs::Desk,
    planner::{self, Draft},
    review::{
        circle::Circles,
        propose::{Proposal, Proposed, Target, propose},
    },
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
    let draft = Draft {
        founding: None,
        mode: Mode::Edit,
        title: planner::title(&format!("{} is {}", project.key, to.as_str())),
        steps: vec![step],
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    };
    let author = robot(tx, &desk.chance).await?;
    let venue = tx.channel_of(project.id).await?.unwrap_or_else(console::receive::venue);
    let proposal = Proposal {
        draft,
        author: &author,
        venue: &venue,
        card: &venue,
        message: None,
        words: "",
        delivery: None,
        target: Target::Existing { project: project.id, first_free: tx.next_number(project.id).await? },
        supersedes: None,
        undoes: None,
        waits: false,
        moves: [Move::Repository].into(),
    };
    match propose(tx, proposal, &Circles::default(), &desk.chance).await {
        Ok(Proposed::Stored(_)) => Ok(()),
        Ok(Proposed::Lost | Proposed::Ask(_)) => Err(anyhow::anyhow!("the plan changed in this very moment").into()),
        // Nothing was written, and there is nobody who could be told: what is known of the repository is kept anyway.
        Err(Error::User(words)) => {
            tracing::warn!(project = %project.key, %words, "a project could not be put at another point of its life");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
