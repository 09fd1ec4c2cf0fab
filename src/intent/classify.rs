//! Free text that no grammar knows, read by a model: which command it may mean, and how surely.
//!
//! A model chooses among a closed list of intents. Whatever it says becomes a line of our own grammar and is read by
//! it, so that nothing comes out that nobody could have typed; and nothing at all that decides on a patch, undoes one, or
//! changes a setting. An edit always carries the person's own words.

use std::{cmp::Ordering, collections::BTreeSet};

use chrono::NaiveDate;

use super::{command, text};
use crate::{
    domain::{
        intent::Intent,
        model::Use,
        patch::PatchCode,
        project::{Project, ProjectKey},
        task::TaskCode,
    },
    llm::{
        Question,
        answer::{self, At, Problems},
        fence::Fence,
        prompt::{Context, Quote, RoutePrompt, Said, start},
        schema::{list, nullable, number, object, one_of, string},
    },
};

/// How sure a model has to be of a meaning that is acted on without asking.
pub const SURE: f64 = 0.75;
/// How much surer than of the next one.
pub const LEAD: f64 = 0.2;
/// How sure it has to be of a meaning that is offered.
pub const LIKELY: f64 = 0.2;
/// Meanings that are offered, at most.
pub const OFFERED: usize = 3;

/// Candidates that are read, at most.
const CANDIDATES: usize = 20;
/// Projects in a prompt, at most.
const PROJECTS: usize = 20;
/// Characters of a title in a prompt.
const TITLE: usize = 120;
/// Characters of a goal or a focus that a model took out of a message.
const GOAL: usize = 1_000;
/// Tokens of the longest answer, with what a model thinks before it.
const ANSWER_TOKENS: u32 = 2_000;

/// What is known about the place where the words were said.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The projects, the likeliest ones first.
    pub projects: &'a [Project],
    /// The proposal that waits there, with its title.
    pub open: Option<(PatchCode, &'a str)>,
    /// Whether it is a card's thread.
    pub thread: bool,
}

/// What words may mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The command, without `/docket`.
    pub line: String,
    /// What that line means.
    pub intent: Intent,
    /// How sure the model is, from 0 to 1.
    pub confidence: f64,
}

/// What to do with what words may mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Do this.
    Act(Candidate),
    /// Ask which of these is meant; one to [`OFFERED`], the likeliest first.
    Ask(Vec<Candidate>),
    /// Say that nothing was understood.
    Nothing,
}

/// What to ask about these words.
pub fn question(fence: &Fence, said: &Said, around: &Around<'_>) -> Question {
    let project = |project: &Project| format!("{} {}", project.key, start(&text::one_line(&project.title), TITLE));
    let projects: Vec<String> = around.projects.iter().take(PROJECTS).map(project).collect();
    let open = around.open.map(|(code, title)| {
        Quote::new(format!("proposal {code}"), format!("{code} {}", start(&text::one_line(title), TITLE)))
    });
    let prompt = RoutePrompt {
        fence,
        projects: (!projects.is_empty()).then(|| Quote::new("the list of projects", projects.join("\n"))),
        open,
        thread: around.thread,
        words: said.quote(command::MAX_TEXT),
    };
    let kinds = Kind::ALL.map(Kind::as_str);
    let candidate = object([
        ("intent", one_of(&kinds)),
        ("project", nullable(string())),
        ("task", nullable(string())),
        ("patch", nullable(string())),
        ("goal", nullable(string())),
        ("focus", nullable(string())),
        ("confidence", number()),
    ]);
    let schema = object([("candidates", list(candidate))]);
    Question { purpose: Use::Route, prompt: prompt.prompt(), name: "meaning", schema, max_tokens: ANSWER_TOKENS }
}

/// Reads the answer about `words`: what they may mean, the surest first, each command once.
///
/// # Errors
/// All that is wrong with it.
pub fn read(answer: &str, words: &str, today: NaiveDate) -> Result<Vec<Candidate>, Vec<String>> {
    let value = answer::object(answer)?;
    let (root, mut problems) = (At::root(&value), Problems::default());
    let listed = root.field("candidates");
    if listed.is_missing() {
        listed.wrong(&mut problems, "is missing");
    }
    let mut found = Vec::new();
    for at in listed.list(CANDIDATES, &mut problems) {
        found.extend(candidate(&at, words, today, &mut problems));
    }
    if !problems.is_empty() {
        return Err(problems.words());
    }
    found.sort_by(|a, b| b.confidence.partial_cmp(&a.confidence).unwrap_or(Ordering::Equal));
    let mut seen = BTreeSet::new();
    found.retain(|candidate| seen.insert(candidate.line.clone()));
    Ok(found)
}

/// What to do: act where the model is [`SURE`] of one meaning with a [`LEAD`] before the next, else ask, else admit
/// that nothing was understood.
pub fn decide(candidates: &[Candidate]) -> Verdict {
    let second = candidates.get(1).map_or(0.0, |candidate| candidate.confidence);
    match candidates.first() {
        Some(best) if best.confidence >= SURE && best.confidence - second >= LEAD => Verdict::Act(best.clone()),
        _ => {
            let likely = candidates.iter().filter(|candidate| candidate.confidence >= LIKELY);
            let offered: Vec<Candidate> = likely.take(OFFERED).cloned().collect();
            if offered.is_empty() { Verdict::Nothing } else { Verdict::Ask(offered) }
        }
    }
}

/// The intents that a model may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plan,
    Break,
    Edit,
    Show,
    List,
    Next,
    Inbox,
    Status,
    WhoAmI,
    Help,
    None,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::Plan,
        Self::Break,
        Self::Edit,
        Self::Show,
        Self::List,
        Self::Next,
        Self::Inbox,
        Self::Status,
        Self::WhoAmI,
        Self::Help,
        Self::None,
    ];

    /// Its name in answers, which is the command's.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Break => "break",
            Self::Edit => "edit",
            Self::Show => "show",
            Self::List => "list",
            Self::Next => "next",
            Self::Inbox => "inbox",
            Self::Status => "status",
            Self::WhoAmI => "whoami",
            Self::Help => "help",
            Self::None => "none",
        }
    }

    /// Whether the grammar understood a line of this kind as such.
    const fn is(self, intent: &Intent) -> bool {
        matches!(
            (self, intent),
            (Self::Plan, Intent::Plan(_))
                | (Self::Break, Intent::Break { .. })
                | (Self::Edit, Intent::Edit(_))
                | (Self::Show, Intent::Show(_))
                | (Self::List, Intent::List)
                | (Self::Next, Intent::Next(_))
                | (Self::Inbox, Intent::Inbox)
                | (Self::Status, Intent::Status(_))
                | (Self::WhoAmI, Intent::WhoAmI)
                | (Self::Help, Intent::Help(_))
        )
    }
}

/// Whether words may mean this: it is of a kind that a model may choose. Never a decision, and never a setting.
pub fn may_mean(intent: &Intent) -> bool {
    Kind::ALL.iter().any(|kind| kind.is(intent))
}

/// Whether this is a line that is offered as a meaning of somebody's words.
pub fn is_offered(line: &str) -> bool {
    // Which day it is decides what a date means, never which command it is.
    command::parse(line, NaiveDate::default()).is_ok_and(|intent| may_mean(&intent))
}

/// One candidate; `None` for none, and for what is wrong.
fn candidate(at: &At<'_>, words: &str, today: NaiveDate, problems: &mut Problems) -> Option<Candidate> {
    at.fields(problems)?;
    let intent = at.field("intent");
    if intent.is_missing() {
        intent.wrong(problems, "is missing");
    }
    let kind = intent.word(&Kind::ALL, Kind::as_str, problems);
    let confidence = at.field("confidence").share(problems);
    let kind = kind.filter(|kind| *kind != Kind::None)?;
    let line = line(at, kind, words, problems);
    let (line, confidence) = (line?, confidence?);
    match command::parse(&line, today) {
        Ok(intent) if kind.is(&intent) => Some(Candidate { line, intent, confidence }),
        _ => {
            at.wrong(problems, &format!("makes no command: “{}”", command::shorten(&line)));
            None
        }
    }
}

/// The line that a candidate stands for.
fn line(at: &At<'_>, kind: Kind, words: &str, problems: &mut Problems) -> Option<String> {
    let word = kind.as_str();
    let project = || at.field("project");
    Some(match kind {
        Kind::Plan => format!("{word} {}", at.field("goal").needed_line(GOAL, problems)?),
        Kind::Break => {
            let task = at.field("task");
            if task.is_empty() {
                task.wrong(problems, "is missing: name the task to break down");
            }
            let task: TaskCode = parsed(&task, TASK, problems).ok()??;
            let focus = at.field("focus").line(GOAL, problems);
            let focus = focus.map_or(String::new(), |focus| format!(" focus on {focus}"));
            format!("{word} {task}{focus}")
        }
        // Never what a model makes of them.
        Kind::Edit => format!("{word} {}", words.trim()),
        Kind::Show => {
            let task: Option<TaskCode> = parsed(&at.field("task"), TASK, problems).ok()?;
            let patch: Option<PatchCode> =
                parsed(&at.field("patch"), "a proposal's code, such as P-41", problems).ok()?;
            let key: Option<ProjectKey> = parsed(&project(), KEY, problems).ok()?;
            let task = task.map(|task| task.to_string());
            with(word, task.or(patch.map(|patch| patch.to_string())).or(key.map(|key| key.to_string())))
        }
        Kind::Next | Kind::Status => {
            let key: Option<ProjectKey> = parsed(&project(), KEY, problems).ok()?;
            with(word, key.map(|key| key.to_string()))
        }
        Kind::List | Kind::Inbox | Kind::WhoAmI | Kind::Help | Kind::None => word.to_owned(),
    })
}

/// A command with what it is about, where that is said.
fn with(word: &str, about: Option<String>) -> String {
    about.map_or_else(|| word.to_owned(), |about| format!("{word} {about}"))
}

/// A code, where one is said.
///
/// # Errors
/// It can't be read, which was told.
fn parsed<T: std::str::FromStr>(at: &At<'_>, wanted: &str, problems: &mut Problems) -> Result<Option<T>, Told> {
    if at.is_empty() {
        return Ok(None);
    }
    let said = at.line(GOAL, problems).ok_or(Told)?;
    said.parse().map(Some).map_err(|_| {
        at.wrong(problems, &format!("has to be {wanted}"));
        Told
    })
}

/// Something is wrong, and stands among the problems.
struct Told;

/// What a task's code is.
const TASK: &str = "a task's code, such as AUTH-3";
/// What a project's key is.
const KEY: &str = "a project's key, such as AUTH";

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
