//! The file of cases, checked wholly before anything is asked.

use std::{collections::BTreeSet, fmt, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use super::{
    case::{Case, Expect, Kind, Place},
    outline::{self, Ground, MAX_FILLER, people},
};
use crate::domain::{
    plan::Plan,
    project::ProjectKey,
    task::{TaskCode, TaskNumber},
};

/// The project of a case that names none.
const PROJECT: &str = "AUTH User authentication";
/// The people of a case that names none.
const PEOPLE: [&str; 2] = ["Ana", "Ben"];

/// The cases of a file.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// Everything that is wrong with a file, by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The lines, from 1, and what is wrong there, in the order of the file.
    pub problems: Vec<(usize, String)>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.problems.iter().map(|(line, problem)| format!("line {line}: {problem}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    id: Spanned<String>,
    kind: Spanned<Kind>,
    #[serde(default)]
    words: String,
    #[serde(default)]
    talk: Vec<String>,
    project: Option<Spanned<String>>,
    plan: Option<Spanned<String>>,
    filler: Option<Spanned<u32>>,
    people: Option<Spanned<Vec<String>>>,
    target: Option<Spanned<String>>,
    #[serde(default)]
    thread: bool,
    expect: Spanned<Expect>,
}

impl Suite {
    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong: the first thing that is no TOML of this form, else everything.
    pub fn read(text: &str) -> Result<Self, Refused> {
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(1, |span| line_at(text, span.start));
            Refused { problems: vec![(at, error.message().trim().to_owned())] }
        })?;
        let mut reader = Reader { text, ids: BTreeSet::new(), problems: Vec::new() };
        let cases: Vec<Case> = file.case.into_iter().filter_map(|table| reader.case(table)).collect();
        if cases.is_empty() && reader.problems.is_empty() {
            reader.problems.push((1, "there is no case in it".to_owned()));
        }
        reader.problems.sort();
        if reader.problems.is_empty() { Ok(Self { cases }) } else { Err(Refused { problems: reader.problems }) }
    }

    /// Leaves only the case of this id. False where there is none.
    pub fn keep_only(&mut self, id: &str) -> bool {
        self.cases.retain(|case| case.id == id);
        !self.cases.is_empty()
    }
}

/// The line, from 1, of a place in a text.
fn line_at(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

struct Reader<'t> {
    text: &'t str,
    ids: BTreeSet<String>,
    problems: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: &Range<usize>, problem: impl Into<String>) {
        self.problems.push((line_at(self.text, span.start), problem.into()));
    }

    /// Reads one case; `None`, with what is wrong, where it can't be asked.
    fn case(&mut self, table: Spanned<Table>) -> Option<Case> {
        let whole = table.span();
        let table = table.into_inner();
        let before = self.problems.len();
        let id = table.id.get_ref().trim().to_owned();
        if id.is_empty() {
            self.wrong(&table.id.span(), "the id is empty");
        } else if !self.ids.insert(id.clone()) {
            self.wrong(&table.id.span(), format!("the id {id:?} is there already"));
        }
        let kind = *table.kind.get_ref();
        if table.words.trim().is_empty() && kind != Kind::Break {
            self.wrong(&whole, format!("a case of the kind {} needs words", kind.as_str()));
        }
        self.fitting(&whole, kind, &table);
        let ground = self.ground(&table)?;
        let target = self.target(&whole, kind, &table, &ground.plan);
        self.expectations(kind, &table.expect, &ground);
        (self.problems.len() == before).then(|| Case {
            id,
            kind,
            words: table.words,
            talk: table.talk,
            ground,
            target,
            place: if table.thread { Place::Thread } else { Place::Channel },
            expect: table.expect.into_inner(),
        })
    }

    /// Keys that mean nothing for a case of this kind.
    fn fitting(&mut self, whole: &Range<usize>, kind: Kind, table: &Table) {
        let has_ground = table.plan.is_some() || table.filler.is_some();
        let misfits = [
            ("plan", kind == Kind::Plan && table.plan.is_some()),
            ("filler", kind == Kind::Plan && table.filler.is_some()),
            ("project", kind == Kind::Plan && table.project.is_some()),
            ("talk", kind != Kind::Refine && !table.talk.is_empty()),
            ("target", kind != Kind::Break && table.target.is_some()),
            ("thread", kind != Kind::Route && table.thread),
        ];
        for (name, _) in misfits.iter().filter(|(_, misfit)| *misfit) {
            self.wrong(whole, format!("{name} means nothing for a case of the kind {}", kind.as_str()));
        }
        if matches!(kind, Kind::Break | Kind::Refine) && !has_ground {
            self.wrong(whole, format!("a case of the kind {} needs a plan", kind.as_str()));
        }
    }

    fn ground(&mut self, table: &Table) -> Option<Ground> {
        let project = table.project.as_ref();
        let (key, title) = project.map_or(PROJECT, |words| words.get_ref()).split_once(' ').unwrap_or_default();
        let Ok(key) = key.parse::<ProjectKey>() else {
            let span = project.map_or(0..0, Spanned::span);
            self.wrong(&span, "a project is written as its key and its title: AUTH User authentication");
            return None;
        };
        let names =
            table.people.as_ref().map_or_else(|| PEOPLE.map(str::to_owned).to_vec(), |names| names.get_ref().clone());
        let Some(people) = people(&names) else {
            let span = table.people.as_ref().map_or(0..0, Spanned::span);
            self.wrong(&span, "there has to be somebody who speaks");
            return None;
        };
        let filler = table.filler.as_ref().map_or(0, |filler| *filler.get_ref());
        if filler > MAX_FILLER {
            let span = table.filler.as_ref().map_or(0..0, Spanned::span);
            self.wrong(&span, format!("filler is {filler}, and at most {MAX_FILLER} are made"));
            return None;
        }
        let outline = table.plan.as_ref().map_or("", |plan| plan.get_ref().as_str());
        match outline::read(&key, title, outline, filler, people) {
            Ok(ground) => Some(ground),
            Err(wrong) => {
                let start = table.plan.as_ref().map_or(0, |plan| self.first_line(plan.span().start));
                self.problems.extend(wrong.into_iter().map(|(nth, problem)| (start + nth, problem)));
                None
            }
        }
    }

    /// The line on which a text in TOML begins: the next one where a line break follows its quotes.
    fn first_line(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let quotes = ["\"\"\"", "'''"].into_iter().find_map(|quotes| rest.strip_prefix(quotes));
        let breaks = quotes.is_some_and(|inside| inside.starts_with(['\n', '\r']));
        line_at(self.text, start) + usize::from(breaks)
    }

    fn target(&mut self, whole: &Range<usize>, kind: Kind, table: &Table, plan: &Plan) -> Option<TaskNumber> {
        let Some(target) = &table.target else {
            if kind == Kind::Break {
                self.wrong(whole, "a case of the kind break needs a target: the code of a task");
            }
            return None;
        };
        let found = known(plan, target.get_ref()).filter(|number| plan.task(*number).is_some());
        if found.is_none() {
            self.wrong(&target.span(), format!("{:?} is no task of the plan", target.get_ref()));
        }
        found
    }

    fn expectations(&mut self, kind: Kind, expect: &Spanned<Expect>, ground: &Ground) {
        let (span, expect) = (expect.span(), expect.get_ref());
        let (of_drafts, of_meanings) = expect.named();
        let misfits = if kind == Kind::Route { &of_drafts } else { &of_meanings };
        for name in misfits {
            self.wrong(&span, format!("{name} can't be expected of the kind {}", kind.as_str()));
        }
        if expect.nothing && matches!(kind, Kind::Plan | Kind::Break) {
            self.wrong(&span, format!("nothing can't be expected of the kind {}", kind.as_str()));
        }
        if of_drafts.is_empty() && of_meanings.is_empty() && !expect.refused_ok {
            self.wrong(&span, "nothing is expected, so the case could never fail");
        }
        if let (Some(min), Some(max)) = (expect.min_tasks, expect.max_tasks)
            && min > max
        {
            self.wrong(&span, format!("min_tasks {min} is more than max_tasks {max}"));
        }
        if expect.nothing && of_drafts.len() > 1 {
            self.wrong(&span, "where nothing is to be proposed, nothing else can be expected of it");
        }
        let decisions = expect.decision.iter().flat_map(|decision| decision.split('|'));
        for word in decisions.filter(|word| !["act", "ask", "nothing"].contains(&word.trim())) {
            self.wrong(&span, format!("{word:?} is no decision; those are act, ask and nothing"));
        }
        let last = ground.first_free;
        for code in expect.codes() {
            if known(&ground.plan, code).is_none_or(|number| number >= last) {
                self.wrong(&span, format!("{code:?} is no task of the plan or the proposal"));
            }
        }
    }
}

/// The number of a task that is called by its code.
fn known(plan: &Plan, code: &str) -> Option<TaskNumber> {
    code.parse::<TaskCode>().ok().filter(|code| code.project == plan.project.key).map(|code| code.number)
}
