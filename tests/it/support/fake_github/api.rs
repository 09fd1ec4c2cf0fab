//! The REST API: who may ask for what, and what is answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    APP,
    world::{Comment, Issue, Repo, User, World, iso},
};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    App,
    Installation(u64),
}

/// A request, as far as the API is concerned.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// Below the API, without a slash in front.
    pub(super) path: Vec<&'a str>,
    pub(super) query: &'a BTreeMap<String, String>,
    pub(super) body: &'a Value,
    pub(super) who: Who,
    pub(super) now: i64,
}

/// An answer: its status, its body, and the call's name in GitHub's description.
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) template: &'static str,
    /// Where it is found now.
    pub(super) location: Option<String>,
    /// Whether the body is a list that comes in pages; in which field.
    pub(super) list: Option<&'static str>,
}

fn say(template: &'static str, status: u16, body: Value) -> Said {
    Said { status, body, template, location: None, list: None }
}

/// A list; `field` is where it stands, and empty where it is the whole.
fn list(template: &'static str, field: &'static str, items: Vec<Value>) -> Said {
    Said { list: Some(field), ..say(template, 200, Value::Array(items)) }
}

fn not_found() -> Said {
    say("", 404, json!({ "message": "Not Found", "documentation_url": "https://docs.github.com/rest" }))
}

fn wrong(template: &'static str, message: &str, field: &str, code: &str) -> Said {
    let error = json!({ "resource": "Any", "field": field, "code": code, "message": message });
    say(
        template,
        422,
        json!({ "message": "Validation Failed", "errors": [error], "documentation_url": "https://docs.github.com/rest" }),
    )
}

const CREATED: &str = "created";

impl World {
    /// Answers what was asked by somebody who is known.
    pub(super) fn answer(&mut self, call: &Call<'_>) -> Said {
        match (call.method, &call.path[..], &call.who) {
            (_, ["app", rest @ ..], Who::App) => self.of_app(call, rest),
            (_, ["app", ..], _) => say("", 401, json!({ "message": "A JSON web token could not be decoded" })),
            (_, _, Who::App) => say("", 403, json!({ "message": "Resource not accessible by integration" })),
            ("GET", ["installation", "repositories"], Who::Installation(number)) => {
                let seen = |repo: &&Repo| !repo.is_deleted && repo.installation == Some(*number);
                let repos = self.repos.values().filter(seen).map(Repo::json).collect();
                list("/installation/repositories", "repositories", repos)
            }
            (_, ["repositories", id, rest @ ..], Who::Installation(number)) => {
                let id = id.parse().unwrap_or_default();
                if self.repos.get(&id).is_some_and(|repo| is_seen(repo, *number)) {
                    self.of_repo(call, *number, id, rest)
                } else {
                    not_found()
                }
            }
            (_, ["repos", owner, name, rest @ ..], Who::Installation(number)) => {
                let full_name = format!("{owner}/{name}");
                let seen = |repo: &&Repo| is_seen(repo, *number);
                if let Some(repo) = self.repos.values().filter(seen).find(|repo| repo.full_name() == full_name) {
                    return self.of_repo(call, *number, repo.id, rest);
                }
                let moved = self.repos.values().filter(seen).find(|repo| repo.earlier.contains(&full_name));
                let Some(moved) = moved else { return not_found() };
                let place = [&["repositories", &moved.id.to_string()], rest].concat().join("/");
                let body = json!({ "message": "Moved Permanently", "url": place, "documentation_url": "https://docs.github.com/rest" });
                Said { location: Some(place), ..say("", 301, body) }
            }
            _ => not_found(),
        }
    }

    fn of_app(&mut self, call: &Call<'_>, rest: &[&str]) -> Said {
        match (call.method, rest) {
            ("GET", []) => {
                let app = json!({ "id": APP, "slug": "docket-acme", "name": "Docket acme", "html_url": "https://github.com/apps/docket-acme" });
                say("", 200, app)
            }
            ("POST", ["installations", number, "access_tokens"]) => {
                let number = number.parse().unwrap_or_default();
                match self.installations.get(&number) {
                    None => not_found(),
                    Some(found) if found.is_suspended => {
                        say("", 403, json!({ "message": "This installation has been suspended" }))
                    }
                    Some(_) => {
                        say("/app/installations/{installation_id}/access_tokens", 201, self.mint(number, call.now))
                    }
                }
            }
            ("DELETE", ["installations", number]) => {
                let number = number.parse().unwrap_or_default();
                self.tokens.retain(|_, token| token.installation != number);
                if self.installations.remove(&number).is_some() { say("", 202, Value::Null) } else { not_found() }
            }
            ("GET", ["hook", "deliveries"]) => {
                let told = self.deliveries.iter().rev().filter(|delivery| delivery.status.is_some());
                let recent = told.filter(|delivery| call.now - delivery.at <= 3 * 86_400);
                list("/app/hook/deliveries", "", recent.map(super::Delivery::json).collect())
            }
            ("POST", ["hook", "deliveries", id, "attempts"]) => {
                let template = "/app/hook/deliveries/{delivery_id}/attempts";
                let id = id.parse().unwrap_or_default();
                let age = self.deliveries.iter().find(|delivery| delivery.id == id).map(|found| call.now - found.at);
                match age {
                    Some(age) if age <= 3 * 86_400 && self.tell_again(id, call.now) => say(template, 202, json!({})),
                    _ => not_found(),
                }
            }
            _ => not_found(),
        }
    }

    /// A token as GitHub makes them since 2026: long, with dots, for an hour.
    pub(super) fn mint(&mut self, installation: u64, now: i64) -> Value {
        let number = self.tick();
        let token = format!(
            "ghs_{APP}_{:0>170}.{:0>170}.{:0>170}",
            format!("h{number}"),
            format!("p{number}"),
            format!("s{number}")
        );
        let ends = now + 3_600;
        self.tokens.insert(token.clone(), super::world::Token { installation, ends });
        let permissions = &self.installations[&installation].permissions;
        json!({ "token": token, "expires_at": iso(ends), "permissions": permissions })
    }

    fn of_repo(&mut self, call: &Call<'_>, installation: u64, id: u64, rest: &[&str]) -> Said {
        let needs = |what: &'static str| {
            let level = self.installations[&installation].permissions.get(what).map_or("none", String::as_str);
            level == "write" || (level == "read" && call.method == "GET")
        };
        let is_allowed = match rest {
            ["pulls", ..] => needs("pull_requests"),
            // Comments of pull requests are issues' comments too.
            ["issues", _, "comments", ..] => needs("issues") || needs("pull_requests"),
            ["issues", ..] => needs("issues"),
            ["commits", _, "check-runs"] => needs("checks"),
            ["commits", _, "status"] => needs("statuses"),
            ["git" | "contents" | "releases", ..] => needs("contents"),
            _ => true,
        };
        if !is_allowed {
            return say("", 403, json!({ "message": "Resource not accessible by integration" }));
        }
        let bot = User { id: 4_200, login: "docket-acme[bot]".to_owned(), is_bot: true };
        let tick = self.tick();
        let Some(repo) = self.repos.get_mut(&id) else { return not_found() };
        let mut of = Of { repo, call, bot, tick };
        match (call.method, rest) {
            ("GET", []) => say("/repos/{owner}/{repo}", 200, of.repo.json()),
            (_, ["pulls", rest @ ..]) => of.pulls(rest),
            (_, ["issues", rest @ ..]) => of.issues(rest),
            ("GET", ["commits", sha, "check-runs"]) => {
                let checks = of.repo.checks.iter().filter(|check| check.sha == *sha);
                let checks = checks.map(|check| of.repo.check_json(check)).collect();
                list("/repos/{owner}/{repo}/commits/{ref}/check-runs", "check_runs", checks)
            }
            ("GET", ["commits", sha, "status"]) => {
                let body = json!({ "state": "pending", "statuses": [], "sha": sha, "total_count": 0 });
                say("/repos/{owner}/{repo}/commits/{ref}/status", 200, body)
            }
            _ => not_found(),
        }
    }
}

fn is_seen(repo: &Repo, installation: u64) -> bool {
    !repo.is_deleted && repo.installation == Some(installation)
}

/// What is asked of one repository.
struct Of<'a> {
    repo: &'a mut Repo,
    call: &'a Call<'a>,
    bot: User,
    tick: u64,
}

impl Of<'_> {
    fn field(&self, name: &str) -> &str {
        self.call.body[name].as_str().unwrap_or_default()
    }

    fn query(&self, name: &str) -> &str {
        self.call.query.get(name).map_or("", String::as_str)
    }

    /// Issues as a list is asked for: by state, since when, in which order.
    fn sorted(&self, issues: impl Iterator<Item = Issue>, default: &str) -> Vec<Issue> {
        let state = if self.query("state").is_empty() { "open" } else { self.query("state") };
        let since = self.query("since");
        let mut found: Vec<Issue> = issues
            .filter(|issue| state == "all" || issue.is_open == (state == "open"))
            .filter(|issue| iso(issue.updated).as_str() >= since)
            .collect();
        match if self.query("sort").is_empty() { CREATED } else { self.query("sort") } {
            "updated" => found.sort_by_key(|issue| (issue.updated, issue.number)),
            _ => found.sort_by_key(|issue| (issue.created, issue.number)),
        }
        if if self.query("direction").is_empty() { default } else { self.query("direction") } == "desc" {
            found.reverse();
        }
        found
    }

    fn pulls(&mut self, rest: &[&str]) -> Said {
        let number = rest.first().and_then(|number| number.parse::<u64>().ok());
        let found = number.and_then(|number| self.repo.issues.get(&number)).filter(|issue| issue.pull.is_some());
        match (self.call.method, rest) {
            ("GET", []) => {
                let pulls = self.repo.issues.values().filter(|issue| issue.pull.is_some()).cloned();
                let pulls = self.sorted(pulls, "desc");
                list("/repos/{owner}/{repo}/pulls", "", pulls.iter().map(|issue| self.repo.pull_json(issue)).collect())
            }
            ("POST", []) => self.open_pull(),
            ("GET", ["comments"]) => self.words(true),
            _ if found.is_none() => not_found(),
            ("GET", [_]) => {
                let body = self.repo.whole_pull_json(found.unwrap());
                say("/repos/{owner}/{repo}/pulls/{pull_number}", 200, body)
            }
            ("GET", [_, "reviews"]) => {
                let issue = found.unwrap();
                let reviews = issue.pull.as_ref().unwrap().reviews.iter();
                let reviews = reviews.map(|review| self.repo.review_json(issue.number, review)).collect();
                list("/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "", reviews)
            }
            ("GET", [_, "commits"]) => {
                let commits = found.unwrap().pull.as_ref().unwrap().commits.iter();
                let commit = |(sha, message): &(String, String)| {
                    let page = format!("https://github.com/{}/commit/{sha}", self.repo.full_name());
                    json!({ "sha": sha, "html_url": page, "commit": { "message": message } })
                };
                list("/repos/{owner}/{repo}/pulls/{pull_number}/commits", "", commits.map(commit).collect())
            }
            ("GET", [_, "comments"]) => {
                let number = number.unwrap();
                let comments = self.repo.comments.iter().filter(|one| one.under == number && one.is_of_line);
                let comments = comments.map(|comment| self.repo.comment_json(comment)).collect();
                list("/repos/{owner}/{repo}/pulls/{pull_number}/comments", "", comments)
            }
            ("PUT", [_, "merge"]) => {
                let template = "/repos/{owner}/{repo}/pulls/{pull_number}/merge";
                let (now, bot) = (self.call.now, self.bot.clone());
                let issue = self.repo.issues.get_mut(&number.unwrap()).unwrap();
                if !issue.is_open {
                    return say(template, 405, json!({ "message": "Pull Request is not mergeable" }));
                }
                (issue.is_open, issue.closed, issue.updated) = (false, Some(now), now);
                let pull = issue.pull.as_mut().unwrap();
                pull.merged = Some((now, bot));
                let body = json!({ "sha": pull.sha, "merged": true, "message": "Pull Request successfully merged" });
                say(template, 200, body)
            }
            _ => not_found(),
        }
    }

    fn open_pull(&mut self) -> Said {
        let template = "/repos/{owner}/{repo}/pulls";
        let head = self.field("head").to_owned();
        let Some(sha) = self.repo.branches.get(&head).cloned() else {
            return wrong(template, "head is no branch", "head", "invalid");
        };
        let is_same = |issue: &Issue| issue.is_open && issue.pull.as_ref().is_some_and(|pull| pull.head == head);
        if self.repo.issues.values().any(is_same) {
            let message = format!("A pull request already exists for {}:{head}.", self.repo.owner);
            return wrong(template, &message, "head", "custom");
        }
        let pull = super::world::Pull {
            head,
            sha: sha.clone(),
            base: self.field("base").to_owned(),
            is_draft: self.call.body["draft"] == true,
            asked: Vec::new(),
            merged: None,
            reviews: Vec::new(),
            commits: vec![(sha, self.field("title").to_owned())],
        };
        let issue = self.add_issue(Some(pull));
        say(template, 201, self.repo.whole_pull_json(&issue))
    }

    fn add_issue(&mut self, pull: Option<super::world::Pull>) -> Issue {
        let labels = self.call.body["labels"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let now = self.call.now;
        let issue = Issue {
            id: 50_000 + self.tick,
            number: self.repo.next_number(),
            title: self.field("title").to_owned(),
            body: self.field("body").to_owned(),
            by: self.bot.clone(),
            is_open: true,
            reason: None,
            labels: labels.map(str::to_owned).collect(),
            assignees: Vec::new(),
            created: now,
            updated: now,
            closed: None,
            parts: Vec::new(),
            blocked_by: Vec::new(),
            pull,
        };
        self.repo.issues.insert(issue.number, issue.clone());
        issue
    }

    fn issues(&mut self, rest: &[&str]) -> Said {
        let number = rest.first().and_then(|number| number.parse::<u64>().ok());
        let found = number.and_then(|number| self.repo.issues.get(&number)).cloned();
        match (self.call.method, rest, found) {
            ("GET", [], _) => {
                let issues = self.sorted(self.repo.issues.values().cloned(), "desc");
                list(
                    "/repos/{owner}/{repo}/issues",
                    "",
                    issues.iter().map(|issue| self.repo.issue_json(issue)).collect(),
                )
            }
            ("POST", [], _) if self.field("title").is_empty() => {
                wrong("/repos/{owner}/{repo}/issues", "title can't be blank", "title", "missing_field")
            }
            ("POST", [], _) => {
                let issue = self.add_issue(None);
                say("/repos/{owner}/{repo}/issues", 201, self.repo.issue_json(&issue))
            }
            ("GET", ["comments"], _) => self.words(false),
            ("GET", [_], Some(issue)) => {
                say("/repos/{owner}/{repo}/issues/{issue_number}", 200, self.repo.issue_json(&issue))
            }
            ("PATCH", [_], Some(issue)) => self.change_issue(issue.number),
            ("GET", [_, "comments"], Some(issue)) => {
                let since = self.query("since").to_owned();
                let comments = self.repo.comments_of(issue.number).filter(|one| iso(one.at) >= since);
                let comments = comments.map(|comment| self.repo.comment_json(comment)).collect();
                list("/repos/{owner}/{repo}/issues/{issue_number}/comments", "", comments)
            }
            ("POST", [_, "comments"], Some(issue)) => {
                let comment = Comment {
                    id: 60_000 + self.tick,
                    under: issue.number,
                    by: self.bot.clone(),
                    body: self.field("body").to_owned(),
                    at: self.call.now,
                    is_of_line: false,
                };
                self.repo.comments.push(comment.clone());
                self.repo.issues.get_mut(&issue.number).unwrap().updated = self.call.now;
                let body = self.repo.comment_json(&comment);
                say("/repos/{owner}/{repo}/issues/{issue_number}/comments", 201, body)
            }
            ("GET", [_, "sub_issues"], Some(issue)) => list("", "", self.shown(&issue.parts)),
            ("GET", [_, "dependencies", "blocked_by"], Some(issue)) => list("", "", self.shown(&issue.blocked_by)),
            ("POST", [_, "sub_issues"], Some(issue)) => self.relate(issue.number, "sub_issue_id"),
            ("POST", [_, "dependencies", "blocked_by"], Some(issue)) => self.relate(issue.number, "issue_id"),
            _ => not_found(),
        }
    }

    /// What was written anywhere in the repository since a time.
    fn words(&self, is_of_line: bool) -> Said {
        let since = self.query("since");
        let found =
            self.repo.comments.iter().filter(|one| one.is_of_line == is_of_line && iso(one.at).as_str() >= since);
        list("", "", found.map(|comment| self.repo.comment_json(comment)).collect())
    }

    fn change_issue(&mut self, number: u64) -> Said {
        let (now, body) = (self.call.now, self.call.body.clone());
        let issue = self.repo.issues.get_mut(&number).unwrap();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        issue.updated = now;
        if let Some(title) = text("title") {
            issue.title = title;
        }
        if let Some(words) = text("body") {
            issue.body = words;
        }
        if let Some(state) = text("state") {
            issue.is_open = state == "open";
            issue.closed = (!issue.is_open).then_some(now);
            let default = if issue.is_open { "reopened" } else { "completed" };
            issue.reason = Some(text("state_reason").unwrap_or_else(|| default.to_owned()));
        }
        if let Some(labels) = body["labels"].as_array() {
            issue.labels = labels.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        let issue = issue.clone();
        say("/repos/{owner}/{repo}/issues/{issue_number}", 200, self.repo.issue_json(&issue))
    }

    fn shown(&self, numbers: &[u64]) -> Vec<Value> {
        numbers.iter().map(|number| self.repo.issue_json(&self.repo.issues[number])).collect()
    }

    /// Makes another issue, by its id, a part of this one, or what it waits for. Once.
    fn relate(&mut self, number: u64, field: &str) -> Said {
        let Some(id) = self.call.body[field].as_u64() else {
            return wrong("", "it must be an id", field, "missing_field");
        };
        let Some(other) = self.repo.issues.values().find(|issue| issue.id == id).map(|issue| issue.number) else {
            return not_found();
        };
        let is_part_already = self.repo.issues.values().any(|issue| issue.parts.contains(&other));
        let issue = self.repo.issues.get_mut(&number).unwrap();
        let place = if field == "sub_issue_id" { &mut issue.parts } else { &mut issue.blocked_by };
        if other == number || place.contains(&other) || (field == "sub_issue_id" && is_part_already) {
            return wrong("", "Issue may not contain duplicate sub-issues", field, "invalid");
        }
        place.push(other);
        let issue = issue.clone();
        say("", 201, self.repo.issue_json(&issue))
    }
}
