//! Webhooks that are lost: what they would have told is known all the same.

use std::{collections::BTreeMap, time::Duration};

use docket::{
    domain::{
        ids::{ProjectId, TenantId},
        policy::{Move, Policy},
        task::Status,
        tracker::{CheckOutcome, IssueState, Look, Numbered, PullState, RepositoryId, Verdict},
    },
    jobs,
};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_github::{ACME, Delivery, FakeGitHub, GLOBEX, connected::project},
};

for_each_db! {
    of_ten_webhooks_three_are_lost_and_one_look_finds_what_they_told,
    what_was_lost_comes_again_when_it_is_asked_for,
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One of two organisations in which the same happens.
struct Side {
    tenant: TenantId,
    project: ProjectId,
    repository: u64,
}

/// Docket for two tenants, each with a project and its repository.
async fn two_sides(db: &TestDb) -> (FakeGitHub, TestApp<'_>, [Side; 2]) {
    let github = FakeGitHub::of(db).await;
    let docket = github.docket(db).await;
    let (other, _) = docket.second_tenant().await;
    let mut sides = Vec::new();
    for (tenant, installation) in [(docket.app.tenant, ACME), (other, GLOBEX)] {
        github.connect(&docket, tenant, installation).await;
        let repository = github.repository(installation, "web");
        docket.run_jobs().await;
        let project = project(&docket, tenant, "AUTH", &[repository]).await;
        // What follows applies at once, so that the plans can be compared.
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.set_policy(&Policy { moves: Move::ALL.iter().copied().collect(), ..Policy::default() }).await.unwrap();
        tx.commit().await.unwrap();
        sides.push(Side { tenant, project, repository });
    }
    db.clock.advance(Look::EVERY);
    docket.run_jobs().await;
    let Ok(sides) = sides.try_into() else { unreachable!() };
    (github, docket, sides)
}

/// The life of the pull requests and issues of one repository.
#[derive(Default)]
struct Story {
    pulls: u64,
    open: Vec<u64>,
    closed: Vec<u64>,
    issues: Vec<u64>,
}

/// One of these.
fn one<T: Copy>(of: &[T], pick: u64) -> Option<T> {
    of.get(usize::try_from(pick).unwrap() % of.len().max(1)).copied()
}

impl Story {
    /// Lets something happen.
    fn go_on(&mut self, github: &FakeGitHub, repository: u64, kind: u64, pick: u64) {
        let who = one(&["ana", "ben", "cem"], pick).unwrap();
        let Some(number) = one(&self.open, pick).filter(|_| kind > 1) else {
            // A task of its own for each: what is over is not taken up again by another one.
            self.pulls += 1;
            let (title, words) = (format!("Work on {}", self.pulls), format!("Closes AUTH-{}", self.pulls));
            let branch = format!("auth-{}", self.pulls);
            self.open.push(github.open_pull(repository, "ana", &branch, &title, &words));
            return;
        };
        match kind {
            2 => github.ask(repository, number, "ana", who),
            3 => {
                let verdict = one(&["APPROVED", "CHANGES_REQUESTED", "COMMENTED"], pick).unwrap();
                github.review(repository, number, who, verdict, "Words");
            }
            4 => {
                github.merge(repository, number, "ben");
                self.open.retain(|one| *one != number);
            }
            5 => {
                if let Some(number) = self.closed.pop() {
                    github.reopen_pull(repository, number, "ben");
                    self.open.push(number);
                }
            }
            6 => github.push(repository, number, "ana", "More"),
            7 => {
                github.check(repository, number, "test", one(&[Some("success"), Some("failure"), None], pick).unwrap());
            }
            8 => github.draft(repository, number, "ana", pick.is_multiple_of(2)),
            9 => github.comment(repository, number, who, &format!("Remark {pick}")),
            10 => {
                github.close_pull(repository, number, "ben");
                self.open.retain(|one| *one != number);
                self.closed.push(number);
            }
            11 => self.issues.push(github.open_issue(repository, who, &format!("Issue {pick}"), "")),
            _ => {
                if let Some(number) = self.issues.pop() {
                    github.close_issue(repository, number, who, "completed");
                }
            }
        }
    }
}

impl Story {
    /// Brings to an end what would mean something else to whoever saw all of it than to whoever sees the end alone: what
    /// was in review once and is a draft again, or closed.
    fn come_to_rest(&mut self, github: &FakeGitHub, repository: u64) {
        for number in std::mem::take(&mut self.closed) {
            github.reopen_pull(repository, number, "ben");
            self.open.push(number);
        }
        self.open.iter().for_each(|number| github.draft(repository, *number, "ana", false));
    }
}

/// What a pull request comes to.
type Known = (PullState, String, bool, Vec<(String, Verdict)>, Vec<String>, Option<CheckOutcome>, Vec<(u32, bool)>);

/// What is known of a repository: its pull requests and its issues by number, and what was written.
async fn known(db: &TestDb, side: &Side, last: u64) -> (BTreeMap<u64, Known>, BTreeMap<u64, IssueState>, Vec<String>) {
    let mut tx = db.store.read(side.tenant).await.unwrap();
    let (mut pulls, mut issues) = (BTreeMap::new(), BTreeMap::new());
    for number in 1..=last {
        let at = Numbered { repository: RepositoryId(side.repository), number };
        if let Some(pull) = tx.pull(at).await.unwrap() {
            let links = tx.tasks_of_pull(at).await.unwrap();
            assert!(links.iter().all(|link| link.project == side.project));
            let reviews = pull.reviews.values().map(|review| (review.by.login.clone(), review.verdict)).collect();
            let asked = pull.reviewers.values().map(|(account, _)| account.login.clone()).collect();
            // Nobody looks at the checks of what is closed.
            let checks = pull.checks_state().filter(|_| pull.state == PullState::Open);
            let tasks = links.iter().map(|link| (link.task.0, link.is_closing)).collect();
            pulls.insert(number, (pull.state, pull.title.clone(), pull.is_draft, reviews, asked, checks, tasks));
        }
        if let Some(stored) = tx.issue(at).await.unwrap() {
            issues.insert(number, stored.issue.state);
        }
    }
    let mut remarks: Vec<_> =
        tx.remarks_since(crate::support::clock::START, 1_000).await.unwrap().into_iter().map(|one| one.text).collect();
    remarks.retain(|text| text.starts_with("Remark"));
    remarks.sort();
    (pulls, issues, remarks)
}

/// How far each task has come.
async fn plan(db: &TestDb, side: &Side) -> Vec<(u32, Status)> {
    let plan = db.store.read(side.tenant).await.unwrap().plan(side.project).await.unwrap().unwrap();
    plan.tasks().map(|task| (task.number.0, task.fields.status)).collect()
}

/// Lets the same happen on both sides. Webhooks of the second are lost as the dice say.
async fn live(db: &TestDb, github: &FakeGitHub, docket: &TestApp<'_>, sides: &[Side; 2], seed: u64) -> u64 {
    let (mut dice, mut loss) = (Dice(seed), Dice(seed + 1));
    let mut stories = [Story::default(), Story::default()];
    let (mut missed, steps) = (0, 60);
    for nth in 0..=steps {
        let (kind, pick) = (dice.below(13), dice.below(1_000));
        for (side, story) in sides.iter().zip(&mut stories) {
            match nth {
                _ if nth == steps => story.come_to_rest(github, side.repository),
                _ => story.go_on(github, side.repository, kind, pick),
            }
        }
        let is_lost = |delivery: &Delivery| {
            let is_second = delivery.body.contains("\"full_name\":\"globex/web\"");
            let falls = is_second && loss.below(10) < 3;
            missed += u64::from(falls);
            falls
        };
        github.deliver_but(&docket.app.router, is_lost).await;
        docket.run_jobs().await;
        db.clock.advance(Duration::from_secs(2));
    }
    missed
}

async fn of_ten_webhooks_three_are_lost_and_one_look_finds_what_they_told(db: &TestDb) {
    let (github, docket, sides) = two_sides(db).await;
    let lost = live(db, &github, &docket, &sides, 20).await;
    assert!(lost > 10, "{lost}");
    let (whole, planned) = (known(db, &sides[0], 100).await, plan(db, &sides[0]).await);
    assert_ne!(known(db, &sides[1], 100).await, whole);
    assert_ne!(plan(db, &sides[1]).await, planned);
    db.clock.advance(Look::EVERY);
    docket.run_jobs().await;
    assert_eq!(known(db, &sides[1], 100).await, whole);
    assert_eq!(plan(db, &sides[1]).await, planned);
    assert_eq!(known(db, &sides[0], 100).await, whole, "a look changes nothing that is known");
    assert_eq!(plan(db, &sides[0]).await, planned);
    assert_eq!(github.problems(), [""; 0]);
}

async fn what_was_lost_comes_again_when_it_is_asked_for(db: &TestDb) {
    let (github, docket, sides) = two_sides(db).await;
    db.raw("DELETE FROM jobs").await.unwrap();
    live(db, &github, &docket, &sides, 7).await;
    let whole = known(db, &sides[0], 100).await;
    assert_ne!(known(db, &sides[1], 100).await, whole);
    for _ in 0..4 {
        db.clock.advance(Duration::from_mins(15));
        jobs::sweep(&docket.app.desk).await.unwrap();
        github.deliver(&docket.app.router).await;
        docket.run_jobs().await;
    }
    assert_eq!(known(db, &sides[1], 100).await, whole);
    // Each once: the ids of what came again are those of what was lost.
    let again = github.deliveries().iter().filter(|delivery| delivery.is_again).count();
    let lost = github.deliveries().iter().filter(|delivery| delivery.status == Some(502)).count();
    assert_eq!(again, lost);
}
