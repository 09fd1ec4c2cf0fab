//! What it costs to show a patch: by what it does, not by the size of the plan.

#[path = "running/tree.rs"]
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use divan::{Bencher, black_box};
use docket::{
    chat::slack::render::render,
    domain::{
        diff::diff,
        event::Venue,
        ids::{Id, MemberId},
        member::Surface,
        patch::{Before, Confidence, Mode, Operation, Origin, Patch, PatchCode, PatchState, Step},
        plan::Plan,
        policy::Policy,
        time::Timestamp,
    },
    review::{card, facts::Facts},
};
use ulid::Ulid;

use self::tree::{SIZES, patch, plan};

const NOW: Timestamp = Timestamp::from_millis(1_795_171_320_000);
const PAGES: Option<&str> = Some("https://docket.example.com");

fn main() {
    divan::main();
}

fn id<T: Id>(number: u128) -> T {
    T::from_ulid(Ulid::from_parts(0, number))
}

/// What the card of a proposal says that does this to a plan.
fn facts(plan: &Plan, operations: Vec<Operation>) -> Facts {
    let diff = diff(plan, &operations);
    let venue = Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: "C1".to_owned(), thread: None };
    let origin = Origin {
        venue,
        words: "we keep being logged out".to_owned(),
        method: String::new(),
        delivery: None,
        drafted: None,
        moves: BTreeSet::new(),
    };
    let ana: MemberId = id(2);
    let patch = Patch {
        id: id(41),
        code: PatchCode(41),
        revision: 1,
        project: plan.project.id,
        founding: None,
        base: plan.project.revision,
        mode: Mode::Edit,
        title: "change the sign-in tasks".to_owned(),
        steps: operations.into_iter().map(Step::from).collect(),
        before: Before::default(),
        author: ana,
        origin,
        confidence: Confidence::High,
        state: PatchState::Proposed,
        supersedes: None,
        undoes: None,
        created_at: NOW,
        expires_at: NOW.plus(Duration::from_hours(7 * 24)),
    };
    Facts {
        patch,
        key: plan.project.key.clone(),
        project_title: plan.project.title.clone(),
        project_revision: plan.project.revision,
        diff,
        names: BTreeMap::from([(ana, "Ana".to_owned())]),
        approvals: BTreeSet::new(),
        policy: Policy::default(),
        unopposed_at: None,
        objections: Vec::new(),
        by_policy: false,
        stale: Vec::new(),
        notes: BTreeMap::new(),
        superseded_by: None,
        supersedes: None,
        undone_by: None,
        undoes: None,
        now: NOW,
    }
}

#[divan::bench(args = SIZES)]
fn card_as_blocks(bencher: Bencher<'_, '_>, size: u32) {
    let facts = facts(&plan(size), patch(size));
    bencher.bench_local(|| render(&card::message(black_box(&facts)), PAGES));
}

/// A patch of so many steps, most of which no message of Slack has room for.
#[divan::bench(args = [10, 100, 1_000])]
fn long_card_as_blocks(bencher: Bencher<'_, '_>, steps: u32) {
    let all: Vec<Operation> = (0..steps.div_ceil(5)).flat_map(|_| patch(100)).collect();
    let facts = facts(&plan(100), all);
    bencher.bench_local(|| render(&card::message(black_box(&facts)), PAGES));
}
