//! What GitHub sends, as far as Docket looks at it. Every field may be missing.

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};

use super::lenient::{Shape, lenient};
use crate::domain::time::Timestamp;

/// Declares objects whose fields are all optional, whatever stands in them.
macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct $name {
            $(#[serde(deserialize_with = "lenient")] pub(super) $field: Option<$kind>,)*
        }

        impl<'de> Shape<'de> for $name {
            fn object<A: MapAccess<'de>>(fields: A) -> Result<Option<Self>, A::Error> {
                Self::deserialize(MapAccessDeserializer::new(fields)).map(Some)
            }
        }
    )*};
}

wire! {
    /// The whole body, of whatever kind.
    Body {
        action: String,
        installation: Installation,
        repository: Repository,
        sender: User,
        number: u64,
        pull_request: PullRequest,
        review: Review,
        comment: Comment,
        issue: Issue,
        parent_issue: Issue,
        parent_issue_repo: Repository,
        sub_issue: Issue,
        sub_issue_repo: Repository,
        check_run: CheckRun,
        check_suite: CheckSuite,
        workflow_run: WorkflowRun,
        workflow: Workflow,
        release: Release,
        account: User,
        repositories: Vec<Repository>,
        repositories_added: Vec<Repository>,
        repositories_removed: Vec<Repository>,
        commits: Vec<Commit>,
        r#ref: String,
        deleted: bool,
    }

    /// The part of a body that says whose it is.
    Claim { installation: Installation, }

    Installation { id: u64, account: User, }

    User { id: u64, login: String, r#type: String, html_url: String, }

    Repository {
        id: u64,
        full_name: String,
        html_url: String,
        description: String,
        private: bool,
        archived: bool,
        default_branch: String,
    }

    PullRequest {
        number: u64,
        html_url: String,
        title: String,
        body: String,
        user: User,
        head: Tip,
        base: Tip,
        state: String,
        merged: bool,
        merged_at: Timestamp,
        merged_by: User,
        draft: bool,
        labels: Vec<Label>,
        requested_reviewers: Vec<User>,
        created_at: Timestamp,
        updated_at: Timestamp,
        closed_at: Timestamp,
    }

    /// An end of a pull request.
    Tip { r#ref: String, sha: String, repo: Repository, }

    Label { name: String, }

    App { id: u64, name: String, }

    Review {
        id: u64,
        user: User,
        body: String,
        state: String,
        html_url: String,
        submitted_at: Timestamp,
    }

    Comment {
        id: u64,
        user: User,
        body: String,
        html_url: String,
        created_at: Timestamp,
        performed_via_github_app: App,
    }

    Issue {
        id: u64,
        number: u64,
        html_url: String,
        title: String,
        state: String,
        state_reason: String,
        labels: Vec<Label>,
        assignees: Vec<User>,
        created_at: Timestamp,
        updated_at: Timestamp,
        closed_at: Timestamp,
        performed_via_github_app: App,
    }

    /// A pull request, as it is named in checks.
    Mentioned { number: u64, base: Tipped, }

    Tipped { repo: Repository, }

    CheckRun {
        name: String,
        head_sha: String,
        html_url: String,
        status: String,
        conclusion: String,
        started_at: Timestamp,
        completed_at: Timestamp,
        pull_requests: Vec<Mentioned>,
    }

    CheckSuite {
        id: u64,
        head_sha: String,
        status: String,
        conclusion: String,
        updated_at: Timestamp,
        app: App,
        pull_requests: Vec<Mentioned>,
    }

    WorkflowRun {
        name: String,
        head_sha: String,
        html_url: String,
        status: String,
        conclusion: String,
        updated_at: Timestamp,
        pull_requests: Vec<Mentioned>,
    }

    Workflow { name: String, path: String, }

    Release { tag_name: String, name: String, html_url: String, }

    Commit { id: String, message: String, url: String, }
}
