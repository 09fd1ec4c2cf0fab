//! Background work: the closed list of everything that can be queued.
//!
//! A job carries ids only; whoever runs it reads the rest, so that it always acts on what is true now.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ids::{
        AnswerId, BackfillId, CalendarId, CardId, ChangeId, ConnectionId, DeliveryId, DigestId, MemberId, NoticeId,
        OrderId, PatchId, ProjectId, PullCardId, ReminderId, ScheduleId,
    },
    task::TaskNumber,
    time::Timestamp,
};

/// A unit of background work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Understand a delivery and do what it asks.
    HandleDelivery {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Make a card on its surface say what is true now: post it, or update it.
    SyncCard {
        /// The card.
        card: CardId,
    },
    /// Make the message of a pull request say what is true now: post it, or update it.
    SyncPull {
        /// The message.
        card: PullCardId,
    },
    /// Post a line about something that happened.
    PostNotice {
        /// The line.
        notice: NoticeId,
    },
    /// Bring a private answer to its reader.
    SendAnswer {
        /// The answer.
        answer: AnswerId,
    },
    /// Take away the message that showed a draft which came to nothing.
    EndProgress {
        /// The delivery that was being handled.
        delivery: DeliveryId,
    },
    /// Let a patch lapse when its time has come.
    ExpirePatch {
        /// The patch.
        patch: PatchId,
    },
    /// Get a fresh token for a connection ahead of the end of the one it has.
    RefreshConnection {
        /// The connection.
        connection: ConnectionId,
    },
    /// Have a provider take back what it granted to a connection that was disconnected, and delete that.
    RevokeConnection {
        /// The connection.
        connection: ConnectionId,
    },
    /// Tell those who can mend it that a connection no longer works.
    TellBroken {
        /// The connection.
        connection: ConnectionId,
    },
    /// Look through what a connection to a tracker sees, and read what webhooks may have lost.
    SyncConnection {
        /// The connection.
        connection: ConnectionId,
    },
    /// Make the card of a change of the policy say what is true now.
    SyncChange {
        /// The change.
        change: ChangeId,
    },
    /// Let a change of the policy lapse when its time has come.
    ExpireChange {
        /// The change.
        change: ChangeId,
    },
    /// Open the issue that is to stand for a task, or find it.
    OpenIssue {
        /// The wish.
        order: OrderId,
    },
    /// Tie the issue of a task to those of its neighbours.
    TieIssue {
        /// The task's project.
        project: ProjectId,
        /// The task.
        task: TaskNumber,
    },
    /// Read a calendar of holidays anew.
    FetchCalendar {
        /// The calendar.
        calendar: CalendarId,
    },
    /// Post a digest.
    PostDigest {
        /// The digest, which is of one slot.
        digest: DigestId,
    },
    /// Tell somebody what they wanted to be reminded of.
    Remind {
        /// The reminder.
        reminder: ReminderId,
    },
    /// Propose what follows from what was said in the channels.
    ReadThreads,
    /// Read what was said in a channel before, page by page.
    Backfill {
        /// The reading.
        backfill: BackfillId,
    },
    /// Offer a member the draft of what a digest will tell of them, or make the one that is offered say what is true.
    OfferDraft {
        /// The schedule of the digest.
        schedule: ScheduleId,
        /// The instant that it is for.
        slot: Timestamp,
        /// Whose draft it is.
        member: MemberId,
    },
    /// Apply a patch to which nobody objected.
    ApplyUnopposed {
        /// The patch.
        patch: PatchId,
        /// When its clock ends, as it was when this was queued.
        at: Timestamp,
    },
}

impl Job {
    /// The word stored in the database and shown in metrics and `docket jobs`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::HandleDelivery { .. } => "handle_delivery",
            Self::SyncCard { .. } => "sync_card",
            Self::SyncPull { .. } => "sync_pull",
            Self::PostNotice { .. } => "post_notice",
            Self::SendAnswer { .. } => "send_answer",
            Self::EndProgress { .. } => "end_progress",
            Self::ExpirePatch { .. } => "expire_patch",
            Self::RefreshConnection { .. } => "refresh_connection",
            Self::RevokeConnection { .. } => "revoke_connection",
            Self::TellBroken { .. } => "tell_broken",
            Self::SyncConnection { .. } => "sync_connection",
            Self::SyncChange { .. } => "sync_change",
            Self::ExpireChange { .. } => "expire_change",
            Self::OpenIssue { .. } => "open_issue",
            Self::TieIssue { .. } => "tie_issue",
            Self::FetchCalendar { .. } => "fetch_calendar",
            Self::PostDigest { .. } => "post_digest",
            Self::Remind { .. } => "remind",
            Self::ReadThreads => "read_threads",
            Self::Backfill { .. } => "backfill",
            Self::OfferDraft { .. } => "offer_draft",
            Self::ApplyUnopposed { .. } => "apply_unopposed",
        }
    }
}

impl Job {
    /// How long one run may take before it is given up and tried again.
    pub const fn time_limit(&self) -> Duration {
        match self {
            // A model may think for minutes, an organisation may have many repositories, and a channel many pages.
            Self::HandleDelivery { .. } | Self::SyncConnection { .. } | Self::ReadThreads | Self::Backfill { .. } => {
                Duration::from_mins(8)
            }
            Self::SyncCard { .. }
            | Self::SyncPull { .. }
            | Self::PostNotice { .. }
            | Self::SendAnswer { .. }
            | Self::ExpirePatch { .. }
            | Self::EndProgress { .. }
            | Self::ApplyUnopposed { .. }
            | Self::FetchCalendar { .. }
            | Self::OpenIssue { .. }
            | Self::TieIssue { .. }
            | Self::OfferDraft { .. }
            | Self::PostDigest { .. }
            | Self::Remind { .. }
            | Self::SyncChange { .. }
            | Self::ExpireChange { .. }
            | Self::RefreshConnection { .. }
            | Self::RevokeConnection { .. }
            | Self::TellBroken { .. } => Duration::from_mins(2),
        }
    }

    /// The job as it is usually queued: due at `at`, with the keys and the patience of its kind.
    ///
    /// A delivery waits for those before it in its conversation, which whoever queues it knows: see
    /// [`NewJob::in_order`]. It is given up sooner than the others, because the conversation waits with it.
    pub fn due(self, at: Timestamp) -> NewJob {
        let (unique_key, ordering_key, max_attempts) = match &self {
            Self::HandleDelivery { .. } => (None, None, 5),
            Self::SyncCard { card } => (Some(format!("sync {card}")), Some(card.to_string()), 16),
            Self::SyncPull { card } => (Some(format!("sync {card}")), Some(card.to_string()), 16),
            Self::PostNotice { notice } => (Some(format!("post {notice}")), None, 16),
            Self::SendAnswer { answer } => (Some(format!("send {answer}")), None, 5),
            Self::EndProgress { delivery } => (Some(format!("end {delivery}")), None, 16),
            Self::ExpirePatch { patch } => (Some(format!("expire {patch}")), None, 20),
            Self::RefreshConnection { connection } => (Some(format!("refresh {connection}")), None, 12),
            Self::RevokeConnection { connection } => (Some(format!("revoke {connection}")), None, 16),
            Self::TellBroken { connection } => (Some(format!("tell {connection}")), None, 16),
            // Two at once would read the same twice.
            Self::SyncConnection { connection } => {
                (Some(format!("look {connection}")), Some(format!("look {connection}")), 20)
            }
            Self::SyncChange { change } => (Some(format!("sync {change}")), Some(change.to_string()), 16),
            Self::ExpireChange { change } => (Some(format!("expire {change}")), None, 20),
            Self::OpenIssue { order } => (Some(format!("open {order}")), None, 8),
            // One after the other: two would tie the same.
            Self::TieIssue { project, task } => {
                (Some(format!("tie {project} {task}")), Some(format!("tie {project}")), 8)
            }
            Self::FetchCalendar { calendar } => (Some(format!("fetch {calendar}")), None, 8),
            Self::OfferDraft { schedule, slot, member } => {
                // One after the other: what is told last is what is true.
                let draft = format!("draft {schedule} {} {member}", slot.as_millis());
                (Some(draft.clone()), Some(draft), 8)
            }
            Self::PostDigest { digest } => (Some(format!("digest {digest}")), None, 16),
            Self::Remind { reminder } => (Some(format!("remind {reminder}")), None, 16),
            Self::ReadThreads => (Some("read threads".to_owned()), None, 8),
            Self::Backfill { backfill } => (Some(format!("backfill {backfill}")), None, 8),
            // Each setting of the clock has its own end; those of earlier ones find nothing to do.
            Self::ApplyUnopposed { patch, at } => (Some(format!("unopposed {patch} {}", at.as_millis())), None, 20),
        };
        let class = self.class();
        NewJob { job: self, class, run_at: at, unique_key, ordering_key, max_attempts }
    }

    /// Who waits for it.
    pub const fn class(&self) -> Class {
        match self {
            Self::HandleDelivery { .. }
            | Self::SyncCard { .. }
            | Self::SendAnswer { .. }
            | Self::EndProgress { .. }
            | Self::SyncChange { .. }
            | Self::OpenIssue { .. } => Class::Interactive,
            Self::ExpirePatch { .. }
            | Self::ExpireChange { .. }
            | Self::RefreshConnection { .. }
            | Self::TellBroken { .. }
            | Self::OfferDraft { .. }
            | Self::PostDigest { .. }
            | Self::Remind { .. }
            | Self::ApplyUnopposed { .. } => Class::Scheduled,
            Self::SyncPull { .. }
            | Self::PostNotice { .. }
            | Self::RevokeConnection { .. }
            | Self::SyncConnection { .. }
            | Self::FetchCalendar { .. }
            | Self::ReadThreads
            | Self::Backfill { .. }
            | Self::TieIssue { .. } => Class::Background,
        }
    }
}

/// How soon a job has to be done. Those of a class come before those of the next one, but never take all the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody waits for it.
    Interactive,
    /// It is due at an instant.
    Scheduled,
    /// It has time.
    Background,
}

impl Class {
    /// All of them, those first that come first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Scheduled, Self::Background];

    /// Its place among them, which is stored.
    pub const fn place(self) -> usize {
        match self {
            Self::Interactive => 0,
            Self::Scheduled => 1,
            Self::Background => 2,
        }
    }
}

/// A job to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What to do.
    pub job: Job,
    /// Who waits for it.
    pub class: Class,
    /// Not before this instant.
    pub run_at: Timestamp,
    /// While a job of this key waits to run, another of the same key is not queued.
    pub unique_key: Option<String>,
    /// Jobs of one ordering key run one after the other, in the order they were queued.
    pub ordering_key: Option<String>,
    /// After this many failed attempts the job is dead and waits for a person.
    pub max_attempts: u32,
}

impl NewJob {
    /// The job, run after those that were queued before it under the same key.
    #[must_use]
    pub fn in_order(self, key: impl Into<String>) -> Self {
        Self { ordering_key: Some(key.into()), ..self }
    }

    /// The job, for which nobody waits.
    #[must_use]
    pub fn in_background(self) -> Self {
        Self { class: Class::Background, ..self }
    }

    /// The job, also where one of its unique key waits for a later time; that one does not hold it up.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { unique_key: self.unique_key.map(|key| format!("{key} at once")), ordering_key: None, ..self }
    }
}

/// What a failed run means for the job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Worth trying again after the usual backoff.
    #[error("will be retried: {0:#}")]
    Retry(anyhow::Error),
    /// The service asked us to wait: tried again after that, without counting the attempt.
    #[error("asked to wait {0:?}")]
    Wait(Duration),
    /// Trying again would not help: dead at once.
    #[error("gave up: {0:#}")]
    Fatal(anyhow::Error),
}

/// How long to wait before attempt `attempt + 1`: full jitter over a doubling ceiling.
///
/// `fraction` is a fresh random number in `0.0..1.0`. The ceiling is 1 s after the first failure and
/// doubles to at most 10 minutes; the wait is never under 100 ms.
pub fn backoff(attempt: u32, fraction: f64) -> Duration {
    let ceiling = Duration::from_secs(1).saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(MAX_BACKOFF);
    ceiling.mul_f64(fraction.clamp(0.0, 1.0)).max(Duration::from_millis(100))
}

const MAX_BACKOFF: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends_at_ten_minutes() {
        for (attempt, seconds) in [(0, 1), (1, 1), (2, 2), (3, 4), (10, 512), (11, 600), (12, 600), (u32::MAX, 600)] {
            assert_eq!(backoff(attempt, 1.0), Duration::from_secs(seconds), "{attempt}");
        }
    }

    #[test]
    fn the_wait_is_spread_over_the_whole_ceiling_but_never_nothing() {
        assert_eq!(backoff(3, 0.5), Duration::from_secs(2));
        for fraction in [0.0, -1.0, 0.000_001] {
            assert_eq!(backoff(9, fraction).max(Duration::from_millis(100)), backoff(9, fraction));
        }
        assert_eq!(backoff(1, 0.0), Duration::from_millis(100));
    }

    #[test]
    fn a_job_is_stored_under_its_kind() {
        let job = Job::ExpirePatch { patch: "pat_01HF7YAT00000000000000001A".parse().unwrap() };
        let stored = serde_json::to_value(&job).unwrap();
        assert_eq!(stored["kind"], job.kind());
        assert_eq!(serde_json::from_value::<Job>(stored).unwrap(), job);
    }
}
