//! What the pure rules cost: by what a patch touches, not by the size of the plan.

#[path = "running/tree.rs"]
mod tree;

use divan::{Bencher, black_box};
use docket::domain::{
    apply::apply,
    diff::diff,
    patch::{Mode, Operation},
    rebase::{rebase, snapshot, staleness},
    validate::validate,
};

use self::tree::{SIZES, patch, plan};

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn apply_then_take_back(bencher: Bencher<'_, '_>, size: u32) {
    let (mut plan, patch) = (plan(size), patch(size));
    let operations: Vec<&Operation> = patch.iter().collect();
    bencher.bench_local(|| {
        let applied = apply(&mut plan, black_box(&operations)).expect("a valid patch");
        let inverse: Vec<&Operation> = applied.inverse.iter().collect();
        apply(&mut plan, &inverse).expect("a valid inverse")
    });
}

#[divan::bench(args = SIZES)]
fn validate_patch(bencher: Bencher<'_, '_>, size: u32) {
    let (plan, patch) = (plan(size), patch(size));
    let operations: Vec<&Operation> = patch.iter().collect();
    bencher.bench_local(|| validate(black_box(&plan), Mode::Edit, black_box(&operations)).expect("a valid patch"));
}

#[divan::bench(args = SIZES)]
fn diff_patch(bencher: Bencher<'_, '_>, size: u32) {
    let (plan, patch) = (plan(size), patch(size));
    bencher.bench_local(|| diff(black_box(&plan), black_box(&patch)));
}

#[divan::bench(args = SIZES)]
fn rebase_patch(bencher: Bencher<'_, '_>, size: u32) {
    let (plan, patch) = (plan(size), patch(size));
    let operations: Vec<&Operation> = patch.iter().collect();
    bencher.bench_local(|| rebase(black_box(&plan), black_box(&operations)));
}

#[divan::bench(args = SIZES)]
fn tell_what_moved(bencher: Bencher<'_, '_>, size: u32) {
    let (plan, patch) = (plan(size), patch(size));
    let operations: Vec<&Operation> = patch.iter().collect();
    let before = snapshot(&plan, &operations);
    bencher.bench_local(|| staleness(black_box(&plan), &before, &operations));
}
