//! The open tasks of a tenant, and how much each has in common with a thread.
//!
//! The score is that of BM25 for what people write about a task, with two differences that keep it the same whatever
//! else a tenant plans: a word is worth by how many tasks have it and not by how many there are, and a text is long by a
//! fixed measure. So a threshold means the same everywhere, and a task that has nothing to do with a thread changes
//! nothing about the others. The title weighs more than everything below it, and the more of a title is in the thread,
//! the better.

use std::collections::{BTreeMap, BTreeSet};

use super::{named::codes, words::terms};
use crate::{
    domain::{
        event::Venue,
        heard::ChatThread,
        ids::ProjectId,
        project::ProjectKey,
        task::{TaskCode, TaskFields},
    },
    planner::rules::prose::addresses,
};

/// Which task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef {
    /// Its project.
    pub project: ProjectId,
    /// What people call it.
    pub code: TaskCode,
}

/// A task as an [`Index`] is told of it.
#[derive(Debug, Clone)]
pub struct Known {
    /// Which.
    pub task: TaskRef,
    /// What it says.
    pub fields: TaskFields,
    /// Whether something happened to it lately.
    pub is_active: bool,
    /// Pages of pull requests and issues that are about it.
    pub pages: Vec<String>,
    /// The channels of its project.
    pub homes: Vec<Venue>,
    /// Whether its project is private: then only its own channels match.
    pub is_private: bool,
}

/// A task with what it has in common with a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Which.
    pub task: TaskRef,
    /// How much, in hundredths.
    pub score: u32,
    /// Whether the thread names it, or gives the address of one of its pages: then nothing else counts.
    pub is_named: bool,
}

/// What a task that is named scores.
pub(super) const NAMED: u32 = 10_000;
/// How much a word in what stands below a title counts at most, where one in the title counts 1.
const BELOW: f64 = 0.6;
/// How fast a word that is repeated stops counting (BM25's k1).
const REPEATED: f64 = 1.2;
/// How much a long text counts less (BM25's b), and from how many words on a text is long.
const LONG: (f64, f64) = (0.6, 40.0);
/// How many tasks have a word that is worth `ln 2`.
const COMMON: f64 = 40.0;
/// How much a word of an answer counts, where one of the message that began the thread counts 1.
const ANSWER: f64 = 0.7;
/// How much of a score does not depend on how much of the title is in the thread.
const UNCOVERED: f64 = 0.5;
/// What a task gains where something happened to it lately, and where the thread is in its project's channel.
const ACTIVE: f64 = 1.05;
const AT_HOME: f64 = 1.15;

struct Entry {
    known: Known,
    title: BTreeSet<String>,
    below: BTreeMap<String, f64>,
    length: f64,
}

/// The tasks of a tenant, ready to be compared with threads. A task that is over is found by its name only.
pub struct Index {
    entries: Vec<Entry>,
    projects: BTreeSet<ProjectKey>,
    frequencies: BTreeMap<String, u32>,
}

impl Index {
    /// An index of these tasks.
    pub fn new(tasks: impl IntoIterator<Item = Known>) -> Self {
        let mut entries: Vec<Entry> = tasks.into_iter().map(Entry::new).collect();
        entries.sort_by(|one, other| one.known.task.cmp(&other.known.task));
        let mut frequencies = BTreeMap::new();
        for entry in &entries {
            for term in entry.title.iter().chain(entry.below.keys().filter(|term| !entry.title.contains(*term))) {
                *frequencies.entry(term.clone()).or_insert(0) += 1;
            }
        }
        let projects = entries.iter().map(|entry| entry.known.task.code.project.clone()).collect();
        Self { entries, projects, frequencies }
    }

    /// What is known of a task.
    pub fn task(&self, task: &TaskRef) -> Option<&Known> {
        let at = self.entries.binary_search_by(|entry| entry.known.task.cmp(task)).ok()?;
        self.entries.get(at).map(|entry| &entry.known)
    }

    /// The codes of tasks of these projects that a text names, whether or not there are such tasks.
    pub fn codes(&self, text: &str) -> BTreeSet<TaskCode> {
        codes(text, |key| self.projects.contains(key))
    }

    /// What a word is worth: the fewer tasks have it, the more.
    fn worth(&self, term: &str) -> f64 {
        self.frequencies.get(term).map_or(0.0, |count| (1.0 + COMMON / f64::from(*count)).ln())
    }

    /// What a task has in common with these words, each with how much it counts.
    fn score(&self, entry: &Entry, said: &BTreeMap<String, f64>) -> f64 {
        let common: f64 =
            said.iter().map(|(term, counts)| counts.min(1.0) * self.worth(term) * entry.holds(term)).sum();
        let of_title = |terms: &mut dyn Iterator<Item = &String>| terms.map(|term| self.worth(term)).sum::<f64>();
        let whole = of_title(&mut entry.title.iter());
        let covered = of_title(&mut entry.title.iter().filter(|term| said.contains_key(*term)));
        let cover = if whole > 0.0 { covered / whole } else { 0.0 };
        common * (UNCOVERED + (1.0 - UNCOVERED) * cover)
    }
}

impl Entry {
    fn new(known: Known) -> Self {
        let is_open = !known.fields.status.is_terminal();
        let texts = [&known.fields.description].into_iter().chain(&known.fields.acceptance).filter(|_| is_open);
        let mut below = BTreeMap::new();
        let mut length = 0.0;
        for term in texts.flat_map(|text| terms(text)) {
            *below.entry(term).or_insert(0.0) += 1.0;
            length += 1.0;
        }
        let title = if is_open { terms(&known.fields.title).into_iter().collect() } else { BTreeSet::new() };
        Self { known, title, below, length }
    }

    /// How much it has of a word: 1 in its title, less below it.
    fn holds(&self, term: &str) -> f64 {
        if self.title.contains(term) {
            return 1.0;
        }
        let Some(times) = self.below.get(term) else { return 0.0 };
        let (share, measure) = LONG;
        let length = 1.0 - share + share * self.length / measure;
        BELOW * times * (REPEATED + 1.0) / (times + REPEATED * length) / (REPEATED + 1.0)
    }

    /// Whether a thread may be about it: what is private stays in its own channel.
    fn may_be_meant(&self, thread: &ChatThread) -> bool {
        self.is_at_home(thread) || !(thread.is_private || self.known.is_private)
    }

    fn is_at_home(&self, thread: &ChatThread) -> bool {
        self.known.homes.iter().any(|home| home.is_channel_of(&thread.venue))
    }
}

/// The tasks that a thread may be about, the best first; those of one score by their codes.
pub fn rank(index: &Index, thread: &ChatThread) -> Vec<Scored> {
    let text = super::text(thread);
    let named = index.codes(&text);
    let pages: BTreeSet<String> = addresses(&text).into_iter().collect();
    let said = said(thread);
    let mut ranked: Vec<Scored> = index
        .entries
        .iter()
        .filter(|entry| entry.may_be_meant(thread))
        .filter_map(|entry| {
            let known = &entry.known;
            let is_page = |page: &String| pages.contains(page.trim_end_matches('/'));
            let is_named = named.contains(&known.task.code) || known.pages.iter().any(is_page);
            let gain = |is: bool, gain: f64| if is { gain } else { 1.0 };
            let raised = gain(known.is_active, ACTIVE) * gain(entry.is_at_home(thread), AT_HOME);
            let score = if is_named { NAMED } else { hundredths(index.score(entry, &said) * raised) };
            (score > 0).then(|| Scored { task: known.task.clone(), score, is_named })
        })
        .collect();
    ranked.sort_by(|one, other| other.score.cmp(&one.score).then_with(|| one.task.code.cmp(&other.task.code)));
    ranked
}

/// The words of a thread, each with how much it counts.
fn said(thread: &ChatThread) -> BTreeMap<String, f64> {
    let mut said = BTreeMap::new();
    for (at, message) in thread.messages.iter().enumerate() {
        let counts = if at == 0 { 1.0 } else { ANSWER };
        for term in terms(&message.text) {
            let known = said.entry(term).or_insert(0.0_f64);
            *known = known.max(counts);
        }
    }
    said
}

/// A score in hundredths, below that of a task that is named.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and NAMED")]
fn hundredths(score: f64) -> u32 {
    (score * 100.0).round().clamp(0.0, f64::from(NAMED - 1)) as u32
}
