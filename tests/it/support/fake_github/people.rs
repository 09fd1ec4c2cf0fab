//! What people do at GitHub, of which it tells by webhooks.

use serde_json::{Value, json};

use super::{
    FakeGitHub,
    world::{Check, Comment, Issue, Pull, Repo, Review, User, World},
};

/// A change in the making: who does what where.
struct Deed<'a> {
    world: &'a mut World,
    repository: u64,
    by: User,
    at: i64,
}

impl Deed<'_> {
    fn repo(&mut self) -> &mut Repo {
        self.world.repos.get_mut(&self.repository).unwrap()
    }

    fn issue(&mut self, number: u64) -> &mut Issue {
        let at = self.at;
        let issue = self.repo().issues.get_mut(&number).unwrap_or_else(|| panic!("there is no number {number}"));
        issue.updated = at;
        issue
    }

    fn pull(&mut self, number: u64) -> &mut Pull {
        self.issue(number).pull.as_mut().unwrap_or_else(|| panic!("{number} is no pull request"))
    }

    fn tell(&mut self, event: &str, action: &str, mut body: Value) {
        body["action"] = json!(action);
        body["sender"] = self.by.json();
        let (repository, at) = (self.repository, self.at);
        self.world.tell(event, body, Some(repository), at);
    }

    fn tell_pull(&mut self, number: u64, action: &str, more: Value) {
        let repo = self.repo();
        let mut body = more;
        body["number"] = json!(number);
        body["pull_request"] = repo.whole_pull_json(&repo.issues[&number]);
        self.tell("pull_request", action, body);
    }

    fn tell_issue(&mut self, number: u64, action: &str, more: Value) {
        let repo = self.repo();
        let mut body = more;
        body["issue"] = repo.issue_json(&repo.issues[&number]);
        self.tell("issues", action, body);
    }

    fn new_issue(&mut self, title: &str, body: &str, pull: Option<Pull>) -> u64 {
        let (at, by, id) = (self.at, self.by.clone(), 50_000 + self.world.tick());
        let number = self.repo().next_number();
        let issue = Issue {
            id,
            number,
            title: title.to_owned(),
            body: body.to_owned(),
            by,
            is_open: true,
            reason: None,
            labels: std::collections::BTreeSet::default(),
            assignees: Vec::new(),
            created: at,
            updated: at,
            closed: None,
            parts: Vec::new(),
            blocked_by: Vec::new(),
            pull,
        };
        self.repo().issues.insert(number, issue);
        number
    }

    fn close(&mut self, number: u64, reason: Option<&str>) {
        let at = self.at;
        let issue = self.issue(number);
        (issue.is_open, issue.closed, issue.reason) = (false, Some(at), reason.map(str::to_owned));
    }

    fn reopen(&mut self, number: u64) {
        let issue = self.issue(number);
        (issue.is_open, issue.closed, issue.reason) = (true, None, Some("reopened".to_owned()));
    }
}

impl FakeGitHub {
    fn act<T>(&self, repository: u64, by: &str, deed: impl FnOnce(&mut Deed<'_>) -> T) -> T {
        let at = self.seconds();
        let mut world = self.world();
        let by = world.user(by);
        deed(&mut Deed { world: &mut world, repository, by, at })
    }

    /// Makes a repository in the organisation of an installation; its number.
    pub(crate) fn repository(&self, installation: u64, name: &str) -> u64 {
        let mut world = self.world();
        let id = 700 + world.repos.len() as u64;
        let owner = world.installations[&installation].account.clone();
        world.repos.insert(
            id,
            Repo {
                id,
                owner,
                name: name.to_owned(),
                description: format!("All about {name}"),
                installation: Some(installation),
                is_deleted: false,
                is_archived: false,
                earlier: Vec::new(),
                branches: [("main".to_owned(), "0".repeat(40))].into(),
                issues: std::collections::BTreeMap::default(),
                comments: Vec::new(),
                checks: Vec::new(),
            },
        );
        id
    }

    /// Makes a repository, of which GitHub tells.
    pub(crate) fn create_repository(&self, installation: u64, name: &str, by: &str) -> u64 {
        let id = self.repository(installation, name);
        self.act(id, by, |deed| deed.tell("repository", "created", json!({})));
        id
    }

    /// Gives a repository another name.
    pub(crate) fn rename(&self, repository: u64, name: &str, by: &str) {
        self.act(repository, by, |deed| {
            let repo = deed.repo();
            let (from, was) = (repo.name.clone(), repo.full_name());
            repo.earlier.push(was);
            name.clone_into(&mut repo.name);
            deed.tell("repository", "renamed", json!({ "changes": { "repository": { "name": { "from": from } } } }));
        });
    }

    /// Deletes a repository.
    pub(crate) fn delete_repository(&self, repository: u64, by: &str) {
        self.act(repository, by, |deed| {
            deed.repo().is_deleted = true;
            deed.tell("repository", "deleted", json!({}));
        });
    }

    /// Brings a deleted repository back, as GitHub lets owners do for 90 days. It tells nobody.
    pub(crate) fn restore_repository(&self, repository: u64) {
        self.world().repos.get_mut(&repository).unwrap().is_deleted = false;
    }

    /// Takes a repository out of the App's sight, or puts it there.
    pub(crate) fn select(&self, repository: u64, installation: Option<u64>) {
        self.world().repos.get_mut(&repository).unwrap().installation = installation;
    }

    /// Opens a pull request from a new branch; its number.
    pub(crate) fn open_pull(&self, repository: u64, by: &str, branch: &str, title: &str, body: &str) -> u64 {
        self.act(repository, by, |deed| {
            let sha = format!("{:040x}", 0xabc_0000 + deed.world.tick());
            deed.repo().branches.insert(branch.to_owned(), sha.clone());
            let pull = Pull {
                head: branch.to_owned(),
                sha: sha.clone(),
                base: "main".to_owned(),
                is_draft: false,
                asked: Vec::new(),
                merged: None,
                reviews: Vec::new(),
                commits: vec![(sha, title.to_owned())],
            };
            let number = deed.new_issue(title, body, Some(pull));
            deed.tell_pull(number, "opened", json!({}));
            number
        })
    }

    /// Adds a commit to a pull request.
    pub(crate) fn push(&self, repository: u64, number: u64, by: &str, message: &str) {
        self.act(repository, by, |deed| {
            let sha = format!("{:040x}", 0xabc_0000 + deed.world.tick());
            let pull = deed.pull(number);
            let (before, branch) = (std::mem::replace(&mut pull.sha, sha.clone()), pull.head.clone());
            pull.commits.push((sha.clone(), message.to_owned()));
            deed.repo().branches.insert(branch.clone(), sha.clone());
            let url = format!("https://github.com/{}/commit/{sha}", deed.repo().full_name());
            let commit = json!({ "id": sha, "message": message, "url": url });
            let (repository, at, sender) = (deed.repository, deed.at, deed.by.json());
            let body = json!({
                "ref": format!("refs/heads/{branch}"), "before": before, "after": sha, "created": false,
                "deleted": false, "forced": false, "commits": [commit], "sender": sender,
            });
            deed.world.tell("push", body, Some(repository), at);
            deed.tell_pull(number, "synchronize", json!({ "before": before, "after": sha }));
        });
    }

    /// Makes a pull request a draft, or ready.
    pub(crate) fn draft(&self, repository: u64, number: u64, by: &str, is_draft: bool) {
        self.act(repository, by, |deed| {
            deed.pull(number).is_draft = is_draft;
            deed.tell_pull(number, if is_draft { "converted_to_draft" } else { "ready_for_review" }, json!({}));
        });
    }

    /// Asks somebody for a review.
    pub(crate) fn ask(&self, repository: u64, number: u64, by: &str, reviewer: &str) {
        self.act(repository, by, |deed| {
            let asked = deed.world.user(reviewer);
            deed.pull(number).asked.push(asked.clone());
            deed.tell_pull(number, "review_requested", json!({ "requested_reviewer": asked.json() }));
        });
    }

    /// Reviews a pull request. `state` is `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`.
    pub(crate) fn review(&self, repository: u64, number: u64, by: &str, state: &str, text: &str) {
        self.act(repository, by, |deed| {
            let (id, at, by) = (80_000 + deed.world.tick(), deed.at, deed.by.clone());
            let review = Review { id, by: by.clone(), state: state.to_owned(), body: text.to_owned(), at };
            let pull = deed.pull(number);
            pull.asked.retain(|asked| *asked != by);
            pull.reviews.push(review.clone());
            let repo = deed.repo();
            let mut told = repo.review_json(number, &review);
            // Webhooks write it small, the API in capitals.
            told["state"] = json!(state.to_lowercase());
            let body = json!({ "pull_request": repo.pull_json(&repo.issues[&number]), "review": told });
            deed.tell("pull_request_review", "submitted", body);
        });
    }

    /// Merges a pull request.
    pub(crate) fn merge(&self, repository: u64, number: u64, by: &str) {
        self.act(repository, by, |deed| {
            let (at, by) = (deed.at, deed.by.clone());
            let pull = deed.pull(number);
            assert!(pull.merged.is_none(), "{number} is merged already");
            pull.merged = Some((at, by));
            deed.close(number, None);
            deed.tell_pull(number, "closed", json!({}));
        });
    }

    /// Closes a pull request without merging it.
    pub(crate) fn close_pull(&self, repository: u64, number: u64, by: &str) {
        self.act(repository, by, |deed| {
            deed.close(number, None);
            deed.tell_pull(number, "closed", json!({}));
        });
    }

    /// Opens a closed pull request again.
    pub(crate) fn reopen_pull(&self, repository: u64, number: u64, by: &str) {
        self.act(repository, by, |deed| {
            deed.reopen(number);
            deed.issue(number).reason = None;
            deed.tell_pull(number, "reopened", json!({}));
        });
    }

    /// Says what became of a check of a pull request's last commit; no conclusion while it runs.
    pub(crate) fn check(&self, repository: u64, number: u64, name: &str, conclusion: Option<&str>) {
        self.act(repository, "github-actions[bot]", |deed| {
            let (id, at) = (90_000 + deed.world.tick(), deed.at);
            let sha = deed.repo().issues[&number].pull.as_ref().unwrap().sha.clone();
            let known = deed.repo().checks.iter().position(|check| check.sha == sha && check.name == name);
            let started = known.map_or(at, |nth| deed.repo().checks[nth].started);
            let id = known.map_or(id, |nth| deed.repo().checks[nth].id);
            let status = if conclusion.is_some() { "completed" } else { "in_progress" }.to_owned();
            let (conclusion, completed) = (conclusion.map(str::to_owned), conclusion.map(|_| at));
            let check =
                Check { id, sha, name: name.to_owned(), status: status.clone(), conclusion, started, completed };
            let repo = deed.repo();
            match known {
                Some(nth) => repo.checks[nth] = check.clone(),
                None => repo.checks.push(check.clone()),
            }
            let body = json!({ "check_run": repo.check_json(&check) });
            deed.tell("check_run", if known.is_some() { &status } else { "created" }, body);
        });
    }

    /// Writes something under an issue or a pull request.
    pub(crate) fn comment(&self, repository: u64, number: u64, by: &str, text: &str) {
        self.act(repository, by, |deed| {
            let (id, at, by) = (60_000 + deed.world.tick(), deed.at, deed.by.clone());
            let body = text.to_owned();
            let comment = Comment { id, under: number, by, body, at, is_of_line: false };
            deed.issue(number);
            let repo = deed.repo();
            repo.comments.push(comment.clone());
            let issue = repo.issue_json(&repo.issues[&number]);
            let body = json!({ "issue": issue, "comment": repo.comment_json(&comment) });
            deed.tell("issue_comment", "created", body);
        });
    }

    /// Opens an issue; its number.
    pub(crate) fn open_issue(&self, repository: u64, by: &str, title: &str, body: &str) -> u64 {
        self.act(repository, by, |deed| {
            let number = deed.new_issue(title, body, None);
            deed.tell_issue(number, "opened", json!({}));
            number
        })
    }

    /// Closes an issue as `completed` or `not_planned`.
    pub(crate) fn close_issue(&self, repository: u64, number: u64, by: &str, reason: &str) {
        self.act(repository, by, |deed| {
            deed.close(number, Some(reason));
            deed.tell_issue(number, "closed", json!({}));
        });
    }

    /// Opens a closed issue again.
    pub(crate) fn reopen_issue(&self, repository: u64, number: u64, by: &str) {
        self.act(repository, by, |deed| {
            deed.reopen(number);
            deed.tell_issue(number, "reopened", json!({}));
        });
    }

    /// Gives an issue a title, without saying what was there.
    pub(crate) fn retitle(&self, repository: u64, number: u64, by: &str, title: &str) {
        self.act(repository, by, |deed| {
            let issue = deed.issue(number);
            let from = std::mem::replace(&mut issue.title, title.to_owned());
            let changes = json!({ "changes": { "title": { "from": from } } });
            if deed.issue(number).pull.is_some() {
                deed.tell_pull(number, "edited", changes);
            } else {
                deed.tell_issue(number, "edited", changes);
            }
        });
    }

    /// Puts a label on an issue or a pull request.
    pub(crate) fn label(&self, repository: u64, number: u64, by: &str, label: &str) {
        self.act(repository, by, |deed| {
            let issue = deed.issue(number);
            issue.labels.insert(label.to_owned());
            let more = json!({ "label": { "name": label } });
            if deed.issue(number).pull.is_some() {
                deed.tell_pull(number, "labeled", more);
            } else {
                deed.tell_issue(number, "labeled", more);
            }
        });
    }

    /// Gives an issue to somebody.
    pub(crate) fn assign(&self, repository: u64, number: u64, by: &str, to: &str) {
        self.act(repository, by, |deed| {
            let somebody = deed.world.user(to);
            deed.issue(number).assignees.push(somebody.clone());
            deed.tell_issue(number, "assigned", json!({ "assignee": somebody.json() }));
        });
    }

    /// The texts under an issue or a pull request.
    pub(crate) fn comments(&self, repository: u64, number: u64) -> Vec<String> {
        self.world().repos[&repository].comments_of(number).map(|comment| comment.body.clone()).collect()
    }

    /// The issues of a repository, pull requests apart: number, title, text and whether it is open.
    pub(crate) fn issues(&self, repository: u64) -> Vec<(u64, String, String, bool)> {
        let world = self.world();
        let issues = world.repos[&repository].issues.values().filter(|issue| issue.pull.is_none());
        issues.map(|issue| (issue.number, issue.title.clone(), issue.body.clone(), issue.is_open)).collect()
    }

    /// The parts of an issue, and what it waits for, by number.
    pub(crate) fn relations(&self, repository: u64, number: u64) -> (Vec<u64>, Vec<u64>) {
        let world = self.world();
        let issue = &world.repos[&repository].issues[&number];
        (issue.parts.clone(), issue.blocked_by.clone())
    }
}
