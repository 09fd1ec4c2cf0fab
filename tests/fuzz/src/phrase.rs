//! Everyday words, and the plans that are made of them without a model.

use std::{collections::BTreeSet, sync::LazyLock};

use docket::{
    domain::task::TaskNumber,
    intent::{phrase, text, wish},
    planner::{
        edit::{self, Sketch},
        templates::Templates,
    },
};

use super::{is_fit_to_be_said, patch, people, plan, today, typed};

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().expect("the templates"));

/// A sentence: a wish, a question, an edit or the goal of a project.
pub(crate) fn words(data: &[u8]) {
    let words = text::from_slack(&typed(data));
    let parsed = phrase::parse(&words, today());
    assert_eq!(parsed, phrase::parse(&words, today()));
    is_fit_to_be_said(&phrase::not_understood(&words).0);
    if let Err(problem) = wish::wishes(&words, today()) {
        is_fit_to_be_said(&problem.0);
    }
    assert!(!wish::understands(&words) || wish::wishes(&words, today()).is_ok(), "what is understood can be read");
    let plan = plan();
    match edit::edit(&Sketch::of_plan(&plan), &words, &people(), TaskNumber(6), today()) {
        Ok(draft) => patch::is_sound(&plan, &draft),
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
    let empty = docket::domain::plan::Plan::new(super::project(), []);
    match TEMPLATES.plan(&words, &BTreeSet::new()) {
        Ok(draft) => patch::is_sound(&empty, &draft),
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
}
