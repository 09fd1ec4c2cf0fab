//! The form of a template's file, and what is checked when it is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::{
    domain::{
        patch::{MAX_CHILDREN, MAX_ROOTS},
        project::ProjectKey,
    },
    intent::value,
};

/// Why a template's file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plan template {file}{}: {problem}", .line.map_or(String::new(), |line| format!(", line {line}")))]
pub struct TemplateError {
    /// The file.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

impl TemplateError {
    pub(super) fn new(file: &str, line: Option<usize>, problem: &str) -> Self {
        Self { file: file.to_owned(), line, problem: problem.trim().to_owned() }
    }
}

/// A usable template.
#[derive(Debug, Clone)]
pub(in crate::planner) struct Template {
    pub name: String,
    pub key: String,
    pub project: String,
    pub proposal: String,
    pub summary: String,
    pub cut: Vec<String>,
    words: BTreeMap<String, u32>,
    deliverables: Vec<Deliverable>,
    pub breakdowns: Vec<Breakdown>,
}

/// A top-level task of a first plan. Of several for one slot the best fitting is taken.
#[derive(Debug, Clone)]
pub(in crate::planner) struct Deliverable {
    pub slot: String,
    words: BTreeSet<String>,
    pub title: String,
    pub description: String,
    pub acceptance: Vec<String>,
    pub estimate: Option<u32>,
    pub after: Vec<String>,
}

/// A usual way to break a task down.
#[derive(Debug, Clone)]
pub(in crate::planner) struct Breakdown {
    pub words: BTreeSet<String>,
    pub parts: Vec<Part>,
}

/// A sub-task of a breakdown; with words, only where one of them is spoken of.
#[derive(Debug, Clone)]
pub(in crate::planner) struct Part {
    pub words: BTreeSet<String>,
    pub title: String,
    pub acceptance: Vec<String>,
    pub share: u32,
    pub waits: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    key: Spanned<String>,
    #[serde(default = "title_of_subject")]
    project: String,
    #[serde(default = "plan_the_subject")]
    proposal: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    cut: Vec<String>,
    words: BTreeMap<String, u32>,
    deliverable: Vec<Spanned<DeliverableTable>>,
    breakdown: Vec<Spanned<BreakdownTable>>,
}

fn plan_the_subject() -> String {
    "plan {subject}".to_owned()
}

fn title_of_subject() -> String {
    "{name}".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverableTable {
    slot: String,
    #[serde(default)]
    words: Vec<String>,
    title: String,
    description: String,
    acceptance: Vec<String>,
    estimate: String,
    #[serde(default)]
    after: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakdownTable {
    #[serde(default)]
    words: Vec<String>,
    part: Vec<PartTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartTable {
    #[serde(default)]
    words: Vec<String>,
    title: String,
    acceptance: Vec<String>,
    share: u32,
    #[serde(default)]
    waits: bool,
}

impl Template {
    /// Reads a file's text. An error names the file and the line.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, TemplateError> {
        let line = |offset: usize| Some(text.get(..offset).unwrap_or(text).matches('\n').count() + 1);
        let wrong = |offset: usize, problem: &str| TemplateError::new(file, line(offset), problem);
        let table: File = toml::from_str(text).map_err(|error| {
            TemplateError::new(file, error.span().and_then(|span| line(span.start)), error.message())
        })?;
        if table.name.get_ref().trim().is_empty() {
            return Err(wrong(table.name.span().start, "the name is empty"));
        }
        if table.key.get_ref().parse::<ProjectKey>().is_err() {
            return Err(wrong(table.key.span().start, "the key must be 2 to 10 letters or digits, such as FEAT"));
        }
        let deliverables = deliverables(&table.deliverable).map_err(|(offset, problem)| wrong(offset, &problem))?;
        let breakdowns = breakdowns(&table.breakdown).map_err(|(offset, problem)| wrong(offset, &problem))?;
        Ok(Self {
            name: table.name.into_inner(),
            key: table.key.into_inner(),
            project: table.project,
            proposal: table.proposal,
            summary: table.summary,
            cut: table.cut,
            words: table.words.iter().map(|(word, weight)| (stem(word), *weight)).collect(),
            deliverables,
            breakdowns,
        })
    }

    /// How well the template fits: the weights of its words that occur, the first word of the goal twice.
    pub(super) fn score(&self, words: &[String]) -> u32 {
        let distinct: BTreeSet<&String> = words.iter().collect();
        let weight = |word: &String| self.words.get(word).copied().unwrap_or(0);
        distinct.into_iter().map(weight).sum::<u32>().saturating_add(words.first().map_or(0, weight))
    }

    /// One deliverable per slot that has one for these words, in the order of the slots.
    pub(super) fn deliverables_for(&self, words: &[String]) -> Vec<&Deliverable> {
        let mut slots: Vec<&str> = Vec::new();
        for deliverable in &self.deliverables {
            if !slots.contains(&deliverable.slot.as_str()) {
                slots.push(&deliverable.slot);
            }
        }
        let fits = |deliverable: &Deliverable| words.iter().filter(|word| deliverable.words.contains(*word)).count();
        slots
            .into_iter()
            .filter_map(|slot| {
                let own = self.deliverables.iter().filter(|deliverable| deliverable.slot == slot);
                own.filter(|deliverable| deliverable.words.is_empty() || fits(deliverable) > 0)
                    .rev()
                    .max_by_key(|deliverable| fits(deliverable))
            })
            .collect()
    }
}

/// A place in the file and what is wrong there.
type Wrong = (usize, String);

fn deliverables(tables: &[Spanned<DeliverableTable>]) -> Result<Vec<Deliverable>, Wrong> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut always: BTreeSet<&str> = BTreeSet::new();
    let mut read = Vec::new();
    for spanned in tables {
        let (at, table) = (spanned.span().start, spanned.get_ref());
        let estimate = value::effort(&table.estimate)
            .ok_or_else(|| (at, format!("“{}” is no estimate; write 4h or 1.5d", table.estimate)))?;
        if table.title.trim().is_empty() || table.acceptance.is_empty() {
            return Err((at, "a deliverable needs a title and acceptance criteria".to_owned()));
        }
        if let Some(slot) = table.after.iter().find(|slot| **slot == table.slot || !seen.contains(slot.as_str())) {
            return Err((at, format!("“{slot}” in after is no slot further up")));
        }
        seen.insert(&table.slot);
        if table.words.is_empty() && !always.insert(&table.slot) {
            return Err((at, format!("slot “{}” has two deliverables without words", table.slot)));
        }
        read.push(Deliverable {
            slot: table.slot.clone(),
            words: table.words.iter().map(|word| stem(word)).collect(),
            title: table.title.clone(),
            description: table.description.clone(),
            acceptance: table.acceptance.clone(),
            estimate,
            after: table.after.clone(),
        });
    }
    if always.len() < 3 || seen.len() > MAX_ROOTS {
        let at = tables.first().map_or(0, |table| table.span().start);
        return Err((
            at,
            format!(
                "a plan has 3 to {MAX_ROOTS} slots, 3 of them without conditions; these are {} and {}",
                seen.len(),
                always.len()
            ),
        ));
    }
    Ok(read)
}

fn breakdowns(tables: &[Spanned<BreakdownTable>]) -> Result<Vec<Breakdown>, Wrong> {
    let mut read = Vec::new();
    for spanned in tables {
        let (at, table) = (spanned.span().start, spanned.get_ref());
        let always = table.part.iter().filter(|part| part.words.is_empty()).count();
        if always < 3 || table.part.len() > MAX_CHILDREN {
            return Err((at, format!("a breakdown has 3 to {MAX_CHILDREN} parts, 3 of them without words")));
        }
        if table.part.iter().any(|part| part.title.trim().is_empty() || part.acceptance.is_empty() || part.share == 0) {
            return Err((at, "a part needs a title, acceptance criteria and a share of at least 1".to_owned()));
        }
        let part = |part: &PartTable| Part {
            words: part.words.iter().map(|word| stem(word)).collect(),
            title: part.title.clone(),
            acceptance: part.acceptance.clone(),
            share: part.share,
            waits: part.waits,
        };
        read.push(Breakdown {
            words: table.words.iter().map(|word| stem(word)).collect(),
            parts: table.part.iter().map(part).collect(),
        });
    }
    if read.iter().any(|breakdown| breakdown.words.is_empty()) {
        return Ok(read);
    }
    Err((
        tables.first().map_or(0, |table| table.span().start),
        "one breakdown must have no words: the usual one".to_owned(),
    ))
}

/// A word as it is compared: small letters, without a plural's s.
pub(in crate::planner) fn stem(word: &str) -> String {
    let word = word.to_lowercase();
    match word.strip_suffix('s') {
        Some(short) if short.len() >= 3 && !short.ends_with(['s', 'u', 'i']) => short.to_owned(),
        _ => word,
    }
}

/// The words of a text as they are compared.
pub(in crate::planner) fn stems(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(stem).collect()
}
