//! What GitHub holds: repositories, pull requests, issues, and who may see them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::deliveries::Delivery;

/// Somebody, or some program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) is_bot: bool,
}

impl User {
    pub(super) fn json(&self) -> Value {
        let kind = if self.is_bot { "Bot" } else { "User" };
        json!({ "id": self.id, "login": self.login, "type": kind, "html_url": format!("https://github.com/{}", self.login) })
    }
}

/// An installation of the App.
#[derive(Debug, Clone)]
pub(super) struct Installation {
    pub(super) account: String,
    pub(super) permissions: BTreeMap<String, String>,
    pub(super) is_suspended: bool,
    /// Requests that are left, and when all are back, in seconds.
    pub(super) remaining: u64,
    pub(super) reset: i64,
    /// When points were used, and how many, within the last minute.
    pub(super) points: Vec<(i64, u64)>,
}

/// A token of an installation.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) installation: u64,
    pub(super) ends: i64,
}

/// What somebody wrote.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) under: u64,
    pub(super) by: User,
    pub(super) body: String,
    pub(super) at: i64,
    /// Whether it stands at a line of the change.
    pub(super) is_of_line: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) by: User,
    pub(super) state: String,
    pub(super) body: String,
    pub(super) at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) id: u64,
    pub(super) sha: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) started: i64,
    pub(super) completed: Option<i64>,
}

/// An issue, or what a pull request has in common with one.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) by: User,
    pub(super) is_open: bool,
    pub(super) reason: Option<String>,
    pub(super) labels: BTreeSet<String>,
    pub(super) assignees: Vec<User>,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) closed: Option<i64>,
    pub(super) parts: Vec<u64>,
    pub(super) blocked_by: Vec<u64>,
    pub(super) pull: Option<Pull>,
}

/// What only a pull request has.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) head: String,
    pub(super) sha: String,
    pub(super) base: String,
    pub(super) is_draft: bool,
    pub(super) asked: Vec<User>,
    pub(super) merged: Option<(i64, User)>,
    pub(super) reviews: Vec<Review>,
    /// The messages of its commits, by their sha.
    pub(super) commits: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) installation: Option<u64>,
    pub(super) is_deleted: bool,
    pub(super) is_archived: bool,
    /// What it was called before.
    pub(super) earlier: Vec<String>,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) comments: Vec<Comment>,
    pub(super) checks: Vec<Check>,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) installations: BTreeMap<u64, Installation>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) repos: BTreeMap<u64, Repo>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) ticks: u64,
}

/// A time as GitHub writes it.
pub(super) fn iso(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl World {
    /// The next number of anything.
    pub(super) fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// Whoever is called so.
    pub(super) fn user(&mut self, login: &str) -> User {
        let id = 1_000 + self.users.len() as u64;
        let is_bot = login.ends_with("[bot]");
        self.users.entry(login.to_owned()).or_insert_with(|| User { id, login: login.to_owned(), is_bot }).clone()
    }
}

impl Repo {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    fn page(&self) -> String {
        format!("https://github.com/{}", self.full_name())
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "full_name": self.full_name(), "html_url": self.page(), "private": true,
            "description": self.description, "archived": self.is_archived, "default_branch": "main",
            "owner": { "id": 99, "login": self.owner, "type": "Organization" },
        })
    }

    pub(super) fn next_number(&self) -> u64 {
        self.issues.keys().next_back().map_or(1, |last| last + 1)
    }

    /// An issue as the issues' part of the API shows it: pull requests stand there too.
    pub(super) fn issue_json(&self, issue: &Issue) -> Value {
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        let mut value = json!({
            "id": issue.id, "number": issue.number, "html_url": format!("{}/{kind}/{}", self.page(), issue.number),
            "title": issue.title, "body": issue.body, "user": issue.by.json(), "state": state(issue),
            "state_reason": issue.reason, "labels": labels(issue), "comments": self.comments_of(issue.number).count(),
            "assignees": issue.assignees.iter().map(User::json).collect::<Vec<_>>(),
            "created_at": iso(issue.created), "updated_at": iso(issue.updated), "closed_at": issue.closed.map(iso),
            "repository_url": format!("https://api.github.com/repos/{}", self.full_name()),
        });
        if let Some(pull) = &issue.pull {
            let page = value["html_url"].clone();
            let merged = pull.merged.as_ref().map(|(at, _)| iso(*at));
            value["pull_request"] =
                json!({ "url": page, "html_url": page, "diff_url": page, "patch_url": page, "merged_at": merged });
            value["draft"] = json!(pull.is_draft);
        }
        value
    }

    /// A pull request as a list shows it.
    pub(super) fn pull_json(&self, issue: &Issue) -> Value {
        let pull = issue.pull.as_ref().unwrap();
        let end = |branch: &str, sha: &str| json!({ "ref": branch, "sha": sha, "label": format!("{}:{branch}", self.owner), "repo": self.json() });
        json!({
            "id": issue.id, "number": issue.number, "html_url": format!("{}/pull/{}", self.page(), issue.number),
            "title": issue.title, "body": issue.body, "user": issue.by.json(), "state": state(issue),
            "draft": pull.is_draft, "labels": labels(issue),
            "requested_reviewers": pull.asked.iter().map(User::json).collect::<Vec<_>>(),
            "assignees": issue.assignees.iter().map(User::json).collect::<Vec<_>>(),
            "head": end(&pull.head, &pull.sha), "base": end(&pull.base, "0".repeat(40).as_str()),
            "created_at": iso(issue.created), "updated_at": iso(issue.updated), "closed_at": issue.closed.map(iso),
            "merged_at": pull.merged.as_ref().map(|(at, _)| iso(*at)),
        })
    }

    /// The same by itself, and in webhooks.
    pub(super) fn whole_pull_json(&self, issue: &Issue) -> Value {
        let mut value = self.pull_json(issue);
        let pull = issue.pull.as_ref().unwrap();
        value["merged"] = json!(pull.merged.is_some());
        value["merged_by"] = pull.merged.as_ref().map_or(Value::Null, |(_, by)| by.json());
        value
    }

    pub(super) fn comments_of(&self, number: u64) -> impl Iterator<Item = &Comment> {
        self.comments.iter().filter(move |comment| comment.under == number && !comment.is_of_line)
    }

    pub(super) fn comment_json(&self, comment: &Comment) -> Value {
        let kind = if self.issues[&comment.under].pull.is_some() { "pull" } else { "issues" };
        let (place, anchor) = if comment.is_of_line { ("pulls", "discussion_r") } else { ("issues", "issuecomment-") };
        let page = format!("{}/{kind}/{}#{anchor}{}", self.page(), comment.under, comment.id);
        let under = format!("https://api.github.com/repos/{}/{place}/{}", self.full_name(), comment.under);
        let mut value = json!({
            "id": comment.id, "html_url": page, "user": comment.by.json(), "body": comment.body,
            "created_at": iso(comment.at), "updated_at": iso(comment.at),
        });
        value[if comment.is_of_line { "pull_request_url" } else { "issue_url" }] = json!(under);
        value
    }

    pub(super) fn review_json(&self, number: u64, review: &Review) -> Value {
        json!({
            "id": review.id, "user": review.by.json(), "body": review.body, "state": review.state,
            "html_url": format!("{}/pull/{number}#pullrequestreview-{}", self.page(), review.id),
            "pull_request_url": format!("https://api.github.com/repos/{}/pulls/{number}", self.full_name()),
            "submitted_at": iso(review.at), "commit_id": self.issues[&number].pull.as_ref().unwrap().sha,
        })
    }

    pub(super) fn check_json(&self, check: &Check) -> Value {
        let of = |issue: &&Issue| issue.is_open && issue.pull.as_ref().is_some_and(|pull| pull.sha == check.sha);
        let pulls: Vec<_> = self.issues.values().filter(of).map(|issue| self.small_pull_json(issue)).collect();
        json!({
            "id": check.id, "head_sha": check.sha, "name": check.name, "status": check.status,
            "conclusion": check.conclusion, "started_at": iso(check.started), "completed_at": check.completed.map(iso),
            "html_url": format!("{}/runs/{}", self.page(), check.id), "pull_requests": pulls,
        })
    }

    fn small_pull_json(&self, issue: &Issue) -> Value {
        let pull = issue.pull.as_ref().unwrap();
        let end = |branch: &str, sha: &str| {
            let repo = json!({ "id": self.id, "name": self.name, "url": self.page() });
            json!({ "ref": branch, "sha": sha, "repo": repo })
        };
        json!({
            "id": issue.id, "number": issue.number, "url": format!("{}/pull/{}", self.page(), issue.number),
            "head": end(&pull.head, &pull.sha), "base": end(&pull.base, "0".repeat(40).as_str()),
        })
    }
}

fn state(issue: &Issue) -> &'static str {
    if issue.is_open { "open" } else { "closed" }
}

fn labels(issue: &Issue) -> Vec<Value> {
    let label = |(nth, name): (usize, &String)| {
        json!({
            "id": nth + 1, "node_id": "L", "url": "https://github.com/labels", "name": name, "color": "ffffff",
            "default": false, "description": null,
        })
    };
    issue.labels.iter().enumerate().map(label).collect()
}
