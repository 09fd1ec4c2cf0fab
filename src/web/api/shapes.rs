//! What the API shows of projects, tasks, members and the audit trail.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{super::tree::Names, words};
use crate::{
    domain::{
        audit::AuditEntry,
        event::Venue,
        ids::MemberId,
        member,
        project::{self, ProjectKey},
        task::{self, TaskNumber},
        tracker,
    },
    review::tracked::{Tracked, TrackedPull},
};

/// A member, by id and name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person {
    #[schema(example = "mem_01KBAXZJ4R0000000000000001")]
    pub(super) id: String,
    #[schema(example = "Ana")]
    pub(super) name: String,
}

impl Person {
    pub(super) fn new(id: MemberId, names: &Names) -> Self {
        Self { id: id.to_string(), name: names.of(id).to_owned() }
    }
}

/// A pointer to something outside.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    /// What to call it.
    #[schema(max_length = 500, example = "The incident")]
    pub(super) label: String,
    /// An http:// or https:// address.
    #[schema(max_length = 2000, example = "https://example.com/incidents/7")]
    pub(super) url: String,
}

impl From<task::Link> for Link {
    fn from(link: task::Link) -> Self {
        Self { label: link.label, url: link.url }
    }
}

impl From<Link> for task::Link {
    fn from(link: Link) -> Self {
        Self { label: link.label, url: link.url }
    }
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Project {
    /// What stands in front of its task codes.
    #[schema(example = "AUTH")]
    pub(super) key: String,
    pub(super) title: String,
    pub(super) summary: String,
    #[schema(value_type = words::Lifecycle)]
    pub(super) lifecycle: &'static str,
    /// How often its plan has changed.
    pub(super) revision: u32,
    /// Its tasks that are not cancelled.
    pub(super) tasks: i64,
    /// Those of them that are done.
    pub(super) done: i64,
}

impl Project {
    pub(super) fn new(project: project::Project, (done, tasks): (i64, i64)) -> Self {
        Self {
            key: project.key.to_string(),
            title: project.title,
            summary: project.summary,
            lifecycle: project.lifecycle.as_str(),
            revision: project.revision.0,
            tasks,
            done,
        }
    }
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Task {
    #[schema(example = "AUTH-3")]
    pub(super) code: String,
    /// The key of its project.
    #[schema(example = "AUTH")]
    pub(super) project: String,
    /// The task that it is a part of; null at the top level.
    #[schema(required, example = "AUTH-2")]
    pub(super) parent: Option<String>,
    pub(super) title: String,
    pub(super) description: String,
    /// How we know that it is done.
    pub(super) acceptance: Vec<String>,
    #[schema(value_type = words::Status)]
    pub(super) status: &'static str,
    #[schema(required)]
    pub(super) assignee: Option<Person>,
    /// Expected effort in minutes of work; a day has 480.
    #[schema(required)]
    pub(super) estimate_minutes: Option<u32>,
    #[schema(value_type = words::Priority)]
    pub(super) priority: &'static str,
    /// The day by which it should be done.
    #[schema(required)]
    pub(super) due: Option<NaiveDate>,
    /// The tasks that come first.
    pub(super) depends_on: Vec<String>,
    pub(super) links: Vec<Link>,
    /// The pull requests that are about it, the newest first.
    pub(super) pull_requests: Vec<PullRequest>,
    /// The issue that stands for it; null where there is none.
    #[schema(required)]
    pub(super) issue: Option<Issue>,
    /// The revision of the plan that last changed it.
    pub(super) version: u32,
}

impl Task {
    pub(super) fn new(key: &ProjectKey, task: task::Task, names: &Names, tracked: Option<&Tracked>) -> Self {
        let code = |number: TaskNumber| format!("{key}-{number}");
        let pulls = tracked.map_or(&[][..], |tracked| tracked.pulls(task.number));
        let issue = tracked.and_then(|tracked| tracked.issue(task.number));
        let fields = task.fields;
        Self {
            code: code(task.number),
            project: key.to_string(),
            parent: task.place.parent.map(code),
            title: fields.title,
            description: fields.description,
            acceptance: fields.acceptance,
            status: fields.status.as_str(),
            assignee: fields.assignee.map(|id| Person::new(id, names)),
            estimate_minutes: fields.estimate,
            priority: fields.priority.as_str(),
            due: fields.due,
            depends_on: fields.depends_on.into_iter().map(code).collect(),
            links: fields.links.into_iter().map(Link::from).collect(),
            pull_requests: pulls.iter().map(PullRequest::from).collect(),
            issue: issue.map(Issue::from),
            version: task.version.0,
        }
    }
}

/// A pull request at GitHub.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PullRequest {
    #[schema(example = "acme/web")]
    pub(super) repository: String,
    pub(super) number: u64,
    pub(super) title: String,
    #[schema(example = "https://github.com/acme/web/pull/7")]
    pub(super) url: String,
    /// How far it has come.
    #[schema(value_type = words::PullState)]
    pub(super) state: &'static str,
    /// Whether merging it finishes the task.
    pub(super) closes: bool,
}

impl From<&TrackedPull> for PullRequest {
    fn from(one: &TrackedPull) -> Self {
        let pull = &one.pull;
        Self {
            repository: one.repository.clone(),
            number: pull.at.number,
            title: pull.title.clone(),
            url: pull.url.clone(),
            state: pull.state.as_str(),
            closes: one.is_closing,
        }
    }
}

/// An issue at GitHub.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Issue {
    #[schema(example = "acme/web")]
    pub(super) repository: String,
    pub(super) number: u64,
    pub(super) title: String,
    #[schema(example = "https://github.com/acme/web/issues/8")]
    pub(super) url: String,
    /// How far it has come.
    #[schema(value_type = words::IssueState)]
    pub(super) state: &'static str,
}

impl From<&(tracker::Issue, String)> for Issue {
    fn from((issue, repository): &(tracker::Issue, String)) -> Self {
        Self {
            repository: repository.clone(),
            number: issue.at.number,
            title: issue.title.clone(),
            url: issue.url.clone(),
            state: issue.state.as_str(),
        }
    }
}

/// A person in the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    #[schema(example = "mem_01KBAXZJ4R0000000000000001")]
    pub(super) id: String,
    pub(super) name: String,
    /// What they may do now: whoever is no full member is a viewer.
    #[schema(value_type = words::Role)]
    pub(super) role: &'static str,
    #[schema(value_type = words::Standing)]
    pub(super) standing: &'static str,
    #[schema(example = "Europe/Paris")]
    pub(super) time_zone: String,
}

impl From<member::Member> for Member {
    fn from(member: member::Member) -> Self {
        Self {
            role: member.effective_role().as_str(),
            standing: member.standing.as_str(),
            id: member.id.to_string(),
            name: member.name,
            time_zone: member.time_zone,
        }
    }
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) at: DateTime<Utc>,
    /// Who did it; null where Docket did.
    #[schema(required)]
    pub(super) by: Option<Person>,
    /// What was done, as noun and verb.
    #[schema(example = "patch.applied")]
    pub(super) action: String,
    /// The id of what it was done to.
    pub(super) subject: String,
    /// Where from; null where nobody asked.
    #[schema(required, value_type = Option<words::Place>)]
    pub(super) place: Option<&'static str>,
    /// How it was before; null where there was nothing.
    pub(super) before: Value,
    /// How it is since; null where nothing is left.
    pub(super) after: Value,
}

impl Entry {
    pub(super) fn new(entry: AuditEntry, names: &Names) -> Self {
        Self {
            id: entry.id.to_string(),
            at: entry.at.to_utc(),
            by: entry.actor.map(|id| Person::new(id, names)),
            action: entry.action,
            subject: entry.subject,
            place: entry.venue.as_ref().map(place),
            before: entry.before,
            after: entry.after,
        }
    }
}

/// The word of a place.
pub(super) fn place(venue: &Venue) -> &'static str {
    if venue.is_api() { "api" } else { venue.surface.as_str() }
}
