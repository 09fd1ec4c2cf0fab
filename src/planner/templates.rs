//! Plan templates: data files that say how work of a kind is usually cut into deliverables.
//!
//! The files of `prompts/plans` are built in; a folder can add more or override them by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use include_dir::{Dir, include_dir};

use super::{Draft, goal::Goal};
use crate::{
    domain::{
        patch::{Confidence, Founding, MAX_ROOTS, Mode, Operation, Step},
        project::ProjectKey,
        task::{Place, Rank, TaskFields, TaskNumber},
    },
    error::UserError,
};

mod file;

pub use file::TemplateError;
pub(super) use file::{Breakdown, Part, Template, stems};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/prompts/plans");

/// The template for goals that no other one knows.
pub(super) const USUAL: &str = "feature";

/// Characters in a project's summary.
const MAX_SUMMARY: usize = 500;

/// The plan templates by name.
#[derive(Debug, Clone)]
pub struct Templates {
    pub(super) by_name: BTreeMap<String, Template>,
}

impl Templates {
    /// The templates that are built in.
    pub fn built_in() -> Result<Self, TemplateError> {
        let mut templates = Self { by_name: BTreeMap::new() };
        for file in BUILT_IN.files() {
            let text = file.contents_utf8().unwrap_or_default();
            templates.insert(Template::read(&file.path().display().to_string(), text)?);
        }
        Ok(templates)
    }

    /// Adds every `*.toml` file of a folder; one with the name of another template takes its place.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, TemplateError> {
        let unreadable = |path: &Path, error: &std::io::Error| {
            TemplateError::new(&path.display().to_string(), None, &error.to_string())
        };
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable(folder, &error))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            self.insert(Template::read(&path.display().to_string(), &text)?);
        }
        Ok(self)
    }

    /// The names of all templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    fn insert(&mut self, template: Template) {
        self.by_name.insert(template.name.clone(), template);
    }

    /// Drafts the first plan of a new project, whose key is none of the `taken` ones. Tasks are numbered from 1.
    pub fn plan(&self, goal: &str, taken: &BTreeSet<ProjectKey>) -> Result<Draft, UserError> {
        let read = Goal::read(goal, &[])?;
        let (template, score) = self.choose(&read.lead).or_else(|| self.choose(&read.said)).ok_or_else(no_template)?;
        let goal = Goal::read(goal, &template.cut)?;
        let key = goal.key(&template.key, taken).ok_or_else(|| {
            UserError::new("I could not find a free project key for this. Use other words for the goal.")
        })?;
        let title = super::title(&super::goal::upper_first(&goal.fill(&template.project)));
        let founding = Founding { key, summary: super::cut(&goal.fill(&template.summary), MAX_SUMMARY), title };
        Ok(Draft {
            founding: Some(founding),
            mode: Mode::Project,
            title: super::title(&goal.fill(&template.proposal)),
            steps: steps(template, &goal),
            confidence: if score > 0 { Confidence::Medium } else { Confidence::Low },
            method: format!("template \"{}\"", template.name),
            drafted: None,
        })
    }

    /// The template whose words fit best, and how well. The usual one where none fits.
    pub(super) fn choose(&self, words: &str) -> Option<(&Template, u32)> {
        let words = file::stems(words);
        let usual = self.by_name.get(USUAL);
        let best = self
            .by_name
            .values()
            .map(|template| (template, template.score(&words)))
            .filter(|(_, score)| *score > 0)
            .max_by_key(|(template, score)| (*score, template.name != USUAL));
        best.or_else(|| usual.map(|template| (template, 0)))
    }
}

fn no_template() -> UserError {
    UserError::new(
        "No plan template fits this, and there is no template called “feature”. Ask whoever runs Docket to add one.",
    )
}

/// The deliverables that fit the goal, as tasks numbered from 1.
fn steps(template: &Template, goal: &Goal) -> Vec<Step> {
    let words = file::stems(&goal.said);
    let chosen = template.deliverables_for(&words);
    let numbers: BTreeMap<&str, TaskNumber> =
        chosen.iter().zip(1..).map(|(deliverable, n)| (deliverable.slot.as_str(), TaskNumber(n))).collect();
    let mut rank: Option<Rank> = None;
    chosen
        .iter()
        .take(MAX_ROOTS)
        .zip(1..)
        .map(|(deliverable, n)| {
            let place = Place { parent: None, rank: Rank::between(rank.as_ref(), None) };
            rank = Some(place.rank.clone());
            let fields = TaskFields {
                description: goal.fill(&deliverable.description),
                acceptance: deliverable.acceptance.iter().map(|line| goal.fill(line)).collect(),
                estimate: deliverable.estimate,
                depends_on: deliverable.after.iter().filter_map(|slot| numbers.get(slot.as_str()).copied()).collect(),
                ..TaskFields::titled(super::title(&goal.fill(&deliverable.title)))
            };
            Step::from(Operation::CreateTask { number: TaskNumber(n), place, fields })
        })
        .collect()
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
