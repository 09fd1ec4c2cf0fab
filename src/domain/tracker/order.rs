//! The wish that an issue stands for a task.

use crate::domain::{
    event::Venue,
    ids::{DeliveryId, MemberId, OrderId, ProjectId},
    member::Identity,
    task::TaskNumber,
    time::Timestamp,
    tracker::RepositoryId,
};

/// Somebody's wish that an issue stands for a task, carried out once by a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueOrder {
    /// The wish's id. A new issue carries it out of sight, so that it is opened once.
    pub id: OrderId,
    /// The task's project.
    pub project: ProjectId,
    /// The task.
    pub task: TaskNumber,
    /// Where the issue is, or is to be.
    pub repository: RepositoryId,
    /// The number of the issue that is there already; `None` to open one.
    pub number: Option<u64>,
    /// Who wishes it.
    pub by: MemberId,
    /// As whom they said so.
    pub to: Identity,
    /// Where.
    pub venue: Venue,
    /// In which delivery.
    pub delivery: DeliveryId,
    /// When.
    pub made_at: Timestamp,
    /// When it was carried out, or given up.
    pub done_at: Option<Timestamp>,
}
