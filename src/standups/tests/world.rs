//! A small team and its plans, made by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::NaiveDate;
use chrono_tz::Europe::Paris;

use crate::{
    domain::{
        digest::{Hand, Loaded, Presence, Says, Untracked, Waiting, Who, Wording},
        ids::{MemberId, ProjectId},
        message::Message,
        patch::{Change, Decision, Operation, Patch, PatchCode, PatchState, Step, TaskChanges},
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        pulls::sample::{account, check, pull},
        task::{Status, Task, TaskNumber},
        time::Timestamp,
        tracker::{CheckOutcome, Pull, PullState, RepositoryId, Review, Verdict},
    },
    review::sample::{edits, id, task},
    standups::{Composed, compose},
};

/// Monday 30 November 2026, 09:30 in Paris.
pub(super) const SLOT: Timestamp = Timestamp::from_millis(1_796_027_400_000);

pub(super) fn hours_before(hours: u64) -> Timestamp {
    SLOT.minus(Duration::from_hours(hours))
}

/// The digest before: Friday 09:30.
pub(super) fn friday() -> Timestamp {
    hours_before(72)
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The nth member.
pub(super) fn who(n: u128) -> MemberId {
    id(100 + n)
}

/// The nth project.
pub(super) fn project(n: u128, key: &str, title: &str) -> Project {
    Project {
        id: id::<ProjectId>(n),
        key: key.parse().unwrap(),
        title: title.to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Implementing,
        revision: Revision(4),
    }
}

/// A task of somebody's in a status, after others.
pub(super) fn given(number: u32, title: &str, to: Option<u128>, status: Status, after: &[u32]) -> Task {
    let mut task = task(number, None, title);
    task.fields.assignee = to.map(who);
    task.fields.status = status;
    task.fields.depends_on = after.iter().copied().map(TaskNumber).collect();
    task
}

/// A team with these names, all of whom are there, and no plans.
pub(super) fn team(names: &[&str]) -> Loaded {
    let members: Vec<MemberId> = (0..names.len()).map(|n| who(n as u128)).collect();
    let hand = |member: &MemberId| Hand {
        member: *member,
        since: friday(),
        presence: Presence::Here,
        leaves: Vec::new(),
        says: Says::default(),
    };
    Loaded {
        slot: SLOT,
        today: day("2026-11-30"),
        since: friday(),
        now: SLOT,
        hands: members.iter().map(hand).collect(),
        names: members.iter().copied().zip(names.iter().map(ToString::to_string)).collect(),
        plans: Vec::new(),
        hidden: BTreeSet::new(),
        decided: Vec::new(),
        waiting: Vec::new(),
        pulls: Vec::new(),
        about: BTreeMap::new(),
        linked: BTreeMap::new(),
        untracked: Vec::new(),
        // The account of the nth member is 11 + n.
        accounts: members.iter().enumerate().map(|(n, member)| (11 + n as u64, *member)).collect(),
    }
}

/// A patch of this project that was applied then and moved these tasks to `done`.
pub(super) fn done(project: ProjectId, numbers: &[u32], at: Timestamp) -> Patch {
    let step = |number: &u32| {
        let changes = TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() };
        Step::from(Operation::UpdateTask { number: TaskNumber(*number), changes })
    };
    let decision = Decision { by: who(0), at };
    let steps = (0..numbers.len()).collect();
    let state = PatchState::Applied { decision, revision: Revision(5), steps };
    Patch { project, steps: numbers.iter().map(step).collect(), state, ..edits().patch }
}

/// A proposal that waits since then.
pub(super) fn proposal(project: ProjectId, code: u32, title: &str, since: Timestamp) -> Waiting {
    let (code, title) = (PatchCode(code), title.to_owned());
    let patch = Patch {
        project,
        code,
        title,
        created_at: since,
        expires_at: SLOT.plus(Duration::from_hours(96)),
        ..edits().patch
    };
    Waiting { patch, whose: "owners or Ana".to_owned() }
}

/// An open pull request of the nth member, about these tasks.
pub(super) fn opened(loaded: &mut Loaded, number: u64, title: &str, by: u64, about: &[(ProjectId, u32)]) -> Pull {
    let at = hours_before(90);
    let author = account(11 + by, &format!("account-{by}"));
    let pull = Pull { author, opened_at: at, updated_at: at, ..pull(number, title) };
    if !about.is_empty() {
        let tasks = about.iter().map(|(project, number)| (*project, TaskNumber(*number))).collect();
        loaded.about.insert(pull.at, tasks);
    }
    pull
}

pub(super) fn waits_for(mut pull: Pull, who: u64, since: Timestamp) -> Pull {
    pull.reviewers.insert(11 + who, (account(11 + who, &format!("account-{who}")), since));
    pull
}

pub(super) fn merged(pull: Pull, at: Timestamp) -> Pull {
    Pull { state: PullState::Merged, ended_at: Some(at), updated_at: at, ..pull }
}

pub(super) fn reviewed(mut pull: Pull, who: u64, verdict: Verdict, at: Timestamp) -> Pull {
    let (by, url) = (account(11 + who, &format!("account-{who}")), String::new());
    pull.put_review(Review { at, id: 1, verdict, by, url });
    pull
}

pub(super) fn failing(mut pull: Pull, name: &str) -> Pull {
    pull.put_check(check(name, CheckOutcome::Failed, "abc"));
    pull
}

/// A team of five in a busy week: a plan with everything that a standup tells.
pub(super) fn busy() -> Loaded {
    let mut loaded = team(&["Ana", "Ben", "Cy", "Dee", "Eli"]);
    let auth = project(1, "AUTH", "User authentication");
    let plan = auth.id;
    let mut tasks = vec![
        given(1, "Agree what signing in must do", Some(0), Status::Done, &[]),
        given(2, "Issue tokens", Some(0), Status::Done, &[1]),
        given(3, "Store refresh tokens", Some(0), Status::InProgress, &[2]),
        given(4, "Sign-in page", Some(1), Status::InReview, &[1]),
        given(5, "Remember this device", Some(2), Status::Todo, &[4]),
        given(6, "Security review", Some(2), Status::Blocked, &[3]),
        given(7, "Write the help page", Some(3), Status::Todo, &[]),
        given(8, "Choose the session length", None, Status::Done, &[]),
        given(9, "Sign in with a key", Some(4), Status::Backlog, &[]),
    ];
    tasks[6].fields.due = Some(day("2026-11-26"));
    loaded.plans = vec![Plan::new(auth, tasks)];
    loaded.decided = vec![
        done(plan, &[2], hours_before(66)),
        done(plan, &[8], hours_before(20)),
        done(plan, &[1], hours_before(80)),
    ];
    let tokens = opened(&mut loaded, 12, "Issue tokens", 0, &[(plan, 2)]);
    let page = opened(&mut loaded, 14, "Sign-in page", 1, &[(plan, 4)]);
    let colours = opened(&mut loaded, 15, "New colours", 2, &[]);
    loaded.linked.insert(RepositoryId(700), BTreeSet::from([plan]));
    loaded.pulls = vec![
        reviewed(merged(tokens, hours_before(66)), 1, Verdict::Approved, hours_before(68)),
        waits_for(page, 0, hours_before(70)),
        failing(colours, "ci / test"),
    ];
    loaded.waiting = vec![proposal(plan, 41, "split the sign-in page", hours_before(48))];
    loaded
}

/// A conversation of Ana's that matches no task.
pub(super) fn talk(number: u32, words: Option<&str>) -> Untracked {
    Untracked {
        number,
        by: Who { member: Some(who(0)), name: "Ana".to_owned() },
        words: words.map(str::to_owned),
        near: Vec::new(),
        is_private: false,
        url: None,
    }
}

pub(super) fn composed(loaded: &Loaded) -> Composed {
    worded(loaded, &Wording::default())
}

/// The digest, with what a model made of its facts.
pub(super) fn worded(loaded: &Loaded, wording: &Wording) -> Composed {
    compose::standup(&loaded.standup(), wording, Paris, loaded.now)
}

/// The whole digest as plain text.
pub(super) fn said(loaded: &Loaded) -> String {
    all_of(&composed(loaded))
}

/// The message in the channel and those in its thread as plain text.
pub(super) fn all_of(composed: &Composed) -> String {
    let details: Vec<String> = composed.details.iter().map(Message::to_plain).collect();
    let empty = if composed.is_empty { "(not posted)\n" } else { "" };
    format!("{empty}{}--- thread\n{}", composed.main.to_plain(), details.join("---\n"))
}
