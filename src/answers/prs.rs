//! `prs`: the open pull requests, and what became of the others since yesterday.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Ask,
    line::{section, titled},
    place, repositories,
};
use crate::{
    domain::{
        ids::ProjectId,
        message::{Block, Line, Message, Span},
        project::{Project, ProjectKey},
        pulls::{OpenPull, Overview, Standing, Told},
        task::TaskCode,
        time::Timestamp,
        tracker::{Numbered, Pull, PullState, Repository, RepositoryId},
    },
    review::{
        accounts::Accounts,
        lines::separated,
        words::{ago, clip, count},
    },
    store::{self, Tx},
};

/// How far back the news go.
const NEWS: Duration = Duration::from_hours(24);
/// Pull requests that are looked at, of each kind, and remarks.
const MOST: usize = 500;
/// Lines of one list.
const LINES: usize = 20;
/// Characters of a title, and of what somebody wrote.
const TITLE: usize = 100;
const REMARK: usize = 120;
/// Remarks under one pull request.
const REMARKS: usize = 3;

/// Everything that is known of the pull requests of a project, or of all.
pub struct Facts {
    /// How they stand.
    pub overview: Overview,
    /// The tasks that each is about.
    pub tasks: BTreeMap<Numbered, Vec<TaskCode>>,
    /// The names of the repositories.
    pub repositories: BTreeMap<RepositoryId, String>,
    /// Who is who there.
    pub accounts: Accounts,
    /// Whose they are; `None` for all.
    pub project: Option<ProjectKey>,
    /// When that was so.
    pub now: Timestamp,
}

impl Facts {
    /// Loads them: of a project those that are about its tasks, and those of its repositories that are about nobody's.
    pub async fn load(tx: &mut Tx, project: Option<&Project>, since: Timestamp, now: Timestamp) -> store::Result<Self> {
        let mut pulls = tx.open_pulls(MOST).await?;
        for state in [PullState::Merged, PullState::Closed] {
            pulls.extend(tx.pulls_since(state, since, MOST).await?);
        }
        let (mut tasks, mut about): (BTreeMap<_, Vec<_>>, BTreeMap<Numbered, BTreeSet<ProjectId>>) = Default::default();
        for one in tx.projects().await? {
            for link in tx.pulls_of_project(one.id).await? {
                about.entry(link.pull).or_default().insert(one.id);
                let code = TaskCode { project: one.key.clone(), number: link.task };
                tasks.entry(link.pull).or_default().push(code);
            }
        }
        if let Some(project) = project {
            let linked: BTreeSet<_> = tx.repositories_linked_to(project.id).await?.iter().map(Repository::id).collect();
            pulls.retain(|pull| match about.get(&pull.at) {
                Some(projects) => projects.contains(&project.id),
                None => linked.contains(&pull.at.repository),
            });
        }
        let remarks = tx.remarks_since(since, MOST).await?;
        let repositories = tx.repositories().await?.into_iter().map(|one| (one.id(), one.seen.full_name)).collect();
        Ok(Self {
            overview: Overview::of(pulls, remarks, since, now),
            tasks,
            repositories,
            accounts: Accounts::load(tx).await?,
            project: project.map(|project| project.key.clone()),
            now,
        })
    }
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, key: Option<&ProjectKey>) -> store::Result<Message> {
    let around = place::surroundings(tx, ask.venue).await?;
    let project = match place::choose(key, &around) {
        Ok(project) => Some(project),
        Err(unplaced) if key.is_some() => return Ok(place::instead(&unplaced, &around, "prs")),
        Err(_) => None,
    };
    if tx.repositories().await?.is_empty() {
        return Ok(repositories::nothing());
    }
    if let Some(project) = &project
        && tx.repositories_linked_to(project.id).await?.is_empty()
    {
        let words = format!("{} is linked to no repository yet. Try", project.key);
        return Ok(super::teach(&words, &format!("/docket link {}", project.key)));
    }
    let facts = Facts::load(tx, project.as_ref(), ask.now.minus(NEWS), ask.now).await?;
    Ok(message(&facts))
}

fn message(facts: &Facts) -> Message {
    let Overview { open, opened, merged, closed, discussed } = &facts.overview;
    let of = facts.project.as_ref().map_or(String::new(), |key| format!("{key} · "));
    let title = format!("{of}{} open", count(open.len(), "pull request"));
    if facts.overview.is_empty() {
        return Message::text(format!("{of}No pull request is open, and nothing happened in the last 24 hours."));
    }
    let (stale, live): (Vec<&OpenPull>, Vec<_>) = open.iter().partition(|open| open.stale_since.is_some());
    let (failing, fine): (Vec<&OpenPull>, Vec<_>) = live.into_iter().partition(|open| !open.failing.is_empty());
    let (waiting, others): (Vec<&OpenPull>, Vec<_>) = fine.into_iter().partition(|open| !open.waits_for.is_empty());
    let lines = |list: &[&OpenPull]| list.iter().map(|open| line(facts, open)).collect();
    let mut blocks = section("Waiting for a review", lines(&waiting), LINES, None);
    blocks.extend(section("Checks fail", lines(&failing), LINES, None));
    blocks.extend(section("Open", lines(&others), LINES, None));
    blocks.extend(section("Untouched for a week or longer", lines(&stale), LINES, None));
    for (name, list) in [
        ("Opened in the last 24 hours", opened),
        ("Merged in the last 24 hours", merged),
        ("Closed in the last 24 hours", closed),
        ("Discussed in the last 24 hours", discussed),
    ] {
        blocks.extend(news(facts, name, list));
    }
    titled(title.clone(), title, blocks)
}

/// `#7 Sign in · acme/web · Ana · AUTH-12 · waits for Ben since two days ago`.
fn line(facts: &Facts, open: &OpenPull) -> Vec<Span> {
    let mut spans = head(facts, &open.pull);
    if open.standing != Standing::Open {
        spans.push(Span::plain(format!(" · {}", open.standing.words())));
    }
    if !open.failing.is_empty() {
        let names: Vec<String> = open.failing.iter().take(3).map(|name| clip(name, 40)).collect();
        let more = if open.failing.len() > 3 { " and others" } else { "" };
        spans.push(Span::plain(format!(": {}{more}", names.join(", "))));
    }
    for (index, (account, since)) in open.waits_for.iter().take(5).enumerate() {
        spans.push(Span::plain(if index == 0 { " · waits for " } else { ", " }));
        spans.push(facts.accounts.person(account));
        spans.push(Span::plain(format!(" ({})", ago(*since, facts.now))));
    }
    if open.waits_for.len() > 5 {
        spans.push(Span::plain(format!(" and {} more", open.waits_for.len() - 5)));
    }
    if let Some(since) = open.stale_since {
        spans.push(Span::plain(format!(" · untouched, last change {}", ago(since, facts.now))));
    }
    spans
}

/// `#7 Sign in · acme/web · Ana · AUTH-12`.
fn head(facts: &Facts, pull: &Pull) -> Vec<Span> {
    let text = format!("#{} {}", pull.at.number, clip(&pull.title, TITLE));
    let name = facts.repositories.get(&pull.at.repository).map_or("", String::as_str);
    let mut spans = vec![Span::Link { text, url: pull.url.clone() }, Span::plain(format!(" · {name} · "))];
    spans.push(facts.accounts.person(&pull.author));
    if let Some(tasks) = facts.tasks.get(&pull.at) {
        spans.push(Span::plain(" · "));
        spans.extend(separated(tasks.iter().take(10).map(|code| Span::Code(code.to_string())), ", "));
    }
    spans
}

/// What happened to some of them, each with what people wrote.
fn news(facts: &Facts, name: &str, list: &[Told]) -> Vec<Block> {
    let mut lines = Vec::new();
    for told in list.iter().take(LINES) {
        let mut spans = head(facts, &told.pull);
        if let Some(by) = told.pull.merged_by.as_ref().filter(|_| told.pull.state == PullState::Merged) {
            spans.extend([Span::plain(" · merged by "), facts.accounts.person(by)]);
        }
        lines.push(Line::plain(spans));
        for remark in told.remarks.iter().take(REMARKS) {
            let text = format!(": {}", clip(&remark.text, REMARK));
            let at = Span::Link { text: ago(remark.at, facts.now), url: remark.url.clone() };
            let spans = vec![facts.accounts.person(&remark.by), Span::plain(" "), at, Span::plain(text)];
            lines.push(Line { depth: 1, ..Line::plain(spans) });
        }
        let further = told.remarks.len().saturating_sub(REMARKS);
        if further > 0 {
            let more = Span::plain(format!("and {}", count(further, "more comment")));
            lines.push(Line { depth: 1, ..Line::plain(vec![more]) });
        }
    }
    if list.len() > LINES {
        lines.push(Line::plain(vec![Span::plain(format!("and {} more", list.len() - LINES))]));
    }
    if lines.is_empty() {
        return Vec::new();
    }
    vec![Block::Text(vec![Span::Strong(name.to_owned())]), Block::Lines { lines, more: None }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        pulls::sample::{AT, account, check, pull},
        tracker::{CheckOutcome, Remark},
    };

    fn facts(pulls: Vec<Pull>, remarks: Vec<Remark>) -> Facts {
        Facts {
            overview: Overview::of(pulls, remarks, AT.minus(NEWS), AT),
            tasks: BTreeMap::from([(pull(7, "").at, vec!["AUTH-12".parse().unwrap()])]),
            repositories: BTreeMap::from([(RepositoryId(700), "acme/web".to_owned())]),
            accounts: Accounts::default(),
            project: Some("AUTH".parse().unwrap()),
            now: AT,
        }
    }

    #[test]
    fn the_open_ones_say_what_they_wait_for_and_the_others_what_became_of_them() {
        let hours = |n| AT.minus(Duration::from_hours(n));
        let mut waiting = Pull { opened_at: hours(60), ..pull(7, "Sign in") };
        waiting.reviewers.insert(12, (account(12, "ben-gh"), hours(50)));
        let mut failing = pull(8, "Broken");
        failing.put_check(check("ci / test", CheckOutcome::Failed, "abc"));
        let stale =
            Pull { opened_at: AT.minus(Pull::STALE), updated_at: AT.minus(Pull::STALE), ..pull(9, "Forgotten") };
        let mut merged = Pull { state: PullState::Merged, ended_at: Some(hours(2)), ..pull(5, "Sign out") };
        merged.merged_by = Some(account(12, "ben-gh"));
        let remark = |n: u64| Remark {
            under: merged.at,
            id: format!("comment {n}"),
            by: account(13, "cy"),
            url: "https://github.com/c".to_owned(),
            text: "Looks right to me.".to_owned(),
            at: hours(3),
        };
        let said = message(&facts(vec![waiting, failing, stale, merged.clone()], (0..5).map(remark).collect()));
        insta::assert_snapshot!(said.to_plain(), @r"
        AUTH · 3 pull requests open
        Waiting for a review
        #7 Sign in · acme/web · ana-gh · AUTH-12 · waits for ben-gh (two days ago)
        Checks fail
        #8 Broken · acme/web · ana-gh · checks failed: ci / test
        Untouched for a week or longer
        #9 Forgotten · acme/web · ana-gh · untouched, last change seven days ago
        Opened in the last 24 hours
        #8 Broken · acme/web · ana-gh
        Merged in the last 24 hours
        #5 Sign out · acme/web · ana-gh · merged by ben-gh
          cy three hours ago: Looks right to me.
          cy three hours ago: Looks right to me.
          cy three hours ago: Looks right to me.
          and 2 more comments
        ");
        insta::assert_snapshot!(message(&facts(Vec::new(), Vec::new())).to_plain(), @"AUTH · No pull request is open, and nothing happened in the last 24 hours.");
    }
}
