//! One sentence of an edit.

use chrono::NaiveDate;

use super::{Pick, Picks, Spot, Wish};
use crate::intent::{
    text::{self, after, after_any, before_any, split_first, split_last},
    value,
};

const ADD: &[&str] = &["add", "create", "insert", "include", "append"];
const REMOVE: &[&str] = &["remove", "drop", "delete", "get rid of", "take out", "scrap"];
const RENAME: &[&str] = &["rename", "retitle", "call"];
const COMBINE: &[&str] = &["combine", "merge", "join"];
const MOVE: &[&str] = &["move", "put", "shift"];
const OTHERS: &[&str] = &[
    "split",
    "make",
    "estimate",
    "assign",
    "unassign",
    "mark",
    "set",
    "describe",
    "start",
    "finish",
    "block",
    "reopen",
    "cancel",
    "prioritise",
    "prioritize",
    "change",
];

/// Whether the words may start a sentence of their own after an “and”.
pub(super) fn starts_with_verb(words: &str) -> bool {
    [ADD, REMOVE, RENAME, COMBINE, MOVE, OTHERS].iter().any(|verbs| after_any(words, verbs).is_some())
        || words.split_once(' ').is_some_and(|(first, _)| super::task_name(first).is_some())
}

/// Reads one sentence.
pub(super) fn read(words: &str, today: NaiveDate) -> Option<Wish> {
    let words = polite(words);
    add(words)
        .or_else(|| accept(words))
        .or_else(|| project(words))
        .or_else(|| rename(words))
        .or_else(|| combine(words))
        .or_else(|| split(words))
        .or_else(|| move_to(words))
        .or_else(|| wait(words))
        .or_else(|| after_any(words, REMOVE).and_then(Picks::read).map(Wish::Remove))
        .or_else(|| describe(words))
        .or_else(|| super::field::read(words, today))
}

/// Without “please” around it and the full stop behind it.
fn polite(words: &str) -> &str {
    let words = words.trim().trim_end_matches(['.', '!', '?']).trim_end();
    let words = after_any(words, &["please", "also", "then", "and", "now"]).unwrap_or(words);
    let words = after_any(
        words,
        &[
            "can you",
            "could you",
            "can we",
            "could we",
            "let's",
            "i'd like to",
            "i want to",
            "we want to",
            "we need to",
            "we should",
            "you should",
        ],
    )
    .unwrap_or(words);
    let words = after(words, "please").unwrap_or(words);
    before_any(words, &["please", "thanks"]).unwrap_or(words).trim_end_matches(',').trim()
}

/// A title or text that somebody gave: on one line, without quotes around it, not empty.
fn given(words: &str) -> Option<String> {
    let said = text::one_line(text::unquote(words.trim().trim_end_matches(['.', ',']).trim_end()));
    said.chars().any(char::is_alphanumeric).then_some(said)
}

fn add(words: &str) -> Option<Wish> {
    let rest = after_any(words, ADD)?;
    // “add me to the channel” is no task.
    if after_any(rest, &["me", "us", "him", "her", "them", "it", "this", "that"]).is_some() {
        return None;
    }
    // `add acceptance "…" to 2` and `add a dependency …` are other sentences.
    if accepts(rest).is_some() || after_any(rest, &["a dependency", "dependency", "dependencies"]).is_some() {
        return None;
    }
    let kinds = [
        "a new sub-task",
        "a new subtask",
        "a new task",
        "another sub-task",
        "another task",
        "one more task",
        "a sub-task",
        "a subtask",
        "a task",
        "new task",
        "sub-task",
        "subtask",
        "task",
        "a step",
        "another step",
        "an item",
        "the task",
    ];
    let unnumbered = after_any(rest, &["two", "three", "four", "2", "3", "4", "these", "some"]).unwrap_or(rest);
    if let Some(several) = after_any(unnumbered, &["new tasks", "tasks", "sub-tasks", "subtasks", "new"]) {
        return several_added(several);
    }
    let (rest, front) = match after_any(rest, &kinds).and_then(spot_in_front) {
        Some((rest, spot)) => (rest, Some(spot)),
        None => (rest, None),
    };
    let (rest, spot) = if front.is_some() { (rest, front) } else { take_spot(rest) };
    // “a documentation task” is called documentation.
    let named = after_any(rest, &["another", "an", "a"])
        .and_then(|rest| before_any(rest, &["task", "step"]))
        .filter(|named| !named.is_empty());
    let rest = named.or_else(|| after_any(rest, &kinds)).unwrap_or(rest);
    let rest = after_any(
        rest,
        &["for the", "for a", "for an", "for", "called", "named", "titled", "to", "about", "that", ":"],
    )
    .filter(|named| !named.is_empty())
    .unwrap_or(rest);
    let title = given(rest.trim_start_matches([':', ' ']))?;
    Some(Wish::Add { title: capitalised(&title), spot })
}

/// `: docs, tests and a demo`. Without the colon the titles could be cut in several ways.
fn several_added(words: &str) -> Option<Wish> {
    let (front, list) = words.split_once(':')?;
    let front = format!("{} -", front.trim());
    // Between them may stand a place and nothing else.
    let spot = if front == " -" { None } else { Some(spot_in_front(&front).filter(|(rest, _)| *rest == "-")?.1) };
    Some(Wish::AddEach { titles: titles(list)?, spot })
}

/// `a, b and c`: two titles at least, with quotes around those that hold a comma or an “and”.
fn titles(words: &str) -> Option<Vec<String>> {
    let titles: Option<Vec<String>> = super::split_outside_quotes(words, ", ")
        .into_iter()
        .flat_map(|part| super::split_outside_quotes(part, " and "))
        .map(|part| text::after(part, "and").unwrap_or(part))
        .filter(|part| !part.trim().is_empty())
        .map(|part| given(part).map(|title| capitalised(&title)))
        .collect();
    titles.filter(|titles| titles.len() >= 2)
}

/// Takes `under 2`, `to 2`, `after AUTH-3` off the front, where the title follows.
fn spot_in_front(words: &str) -> Option<(&str, Spot)> {
    let joints: [(&str, Make); 4] =
        [("under", Spot::Under), ("to", Spot::Under), ("after", Spot::After), ("before", Spot::Before)];
    joints.into_iter().find_map(|(word, make)| {
        let (task, rest) = after(words, word)?.split_once([' ', ':'])?;
        let title = rest.trim_start_matches([':', ' ']);
        Some((title, make(Pick::Named(super::task_name(task)?)))).filter(|_| !title.is_empty())
    })
}

/// Makes a spot of the task it is beside.
type Make = fn(Pick) -> Spot;

/// Takes `under AUTH-2`, `after 3`, `first` off the end of the words.
fn take_spot(words: &str) -> (&str, Option<Spot>) {
    for (ends, spot) in [
        (&["at the very end", "at the end", "at the bottom", "to the end", "last"][..], Spot::Last),
        (
            &["at the very beginning", "at the beginning", "at the start", "at the top", "to the top", "first"][..],
            Spot::First,
        ),
    ] {
        if let Some(head) = before_any(words, ends).filter(|head| !head.is_empty()) {
            return (head, Some(spot));
        }
    }
    let joints: [(&str, Make); 6] = [
        ("under", Spot::Under),
        ("below", Spot::After),
        ("before", Spot::Before),
        ("after", Spot::After),
        ("behind", Spot::After),
        ("above", Spot::Before),
    ];
    let found = joints.into_iter().find_map(|(word, make)| {
        let (head, tail) = split_last(words, word)?;
        // Titles contain these words too: “add a task for cleaning up after the launch”.
        let pick = Pick::read(tail).filter(|pick| pick.is_definite() || tail.starts_with('"'))?;
        Some((head, make(pick)))
    });
    found.map_or((words, None), |(head, spot)| (head, Some(spot)))
}

fn capitalised(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn accepts(rest: &str) -> Option<&str> {
    let kinds = [
        "an acceptance criterion",
        "acceptance criteria",
        "acceptance criterion",
        "acceptance",
        "a criterion",
        "criterion",
    ];
    after_any(rest, &kinds).map(|rest| rest.trim_start_matches([':', ' ']))
}

fn accept(words: &str) -> Option<Wish> {
    let rest = accepts(after_any(words, ADD)?)?;
    let at_the_front = after_any(rest, &["to", "for", "on"]).and_then(|rest| rest.split_once(':'));
    let (task, said) = match at_the_front {
        Some((task, said)) => (task, said),
        None => ["to", "for", "on"]
            .iter()
            .find_map(|word| {
                split_last(rest, word).filter(|(_, task)| Pick::read(task).is_some_and(|pick| pick.is_definite()))
            })
            .map(|(said, task)| (task, said))?,
    };
    Some(Wish::Accept { task: Pick::read(task)?, text: given(said)? })
}

fn project(words: &str) -> Option<Wish> {
    let rest = after_any(words, &["set", "change", "make"]).unwrap_or(words);
    let rest = after_any(rest, &["the project's", "project's", "the project", "project"]).or_else(|| {
        // `set the title to X` speaks of the project; `set the title of 2` does not.
        after(rest, "the").filter(|rest| after_any(rest, &["title to", "summary to", "name to"]).is_some())
    });
    let rename = after_any(words, RENAME).and_then(|rest| after_any(rest, &["the project", "project"]));
    if let Some(title) = rename {
        return given(after_any(title, &["to", "as"]).unwrap_or(title)).map(Wish::ProjectTitle);
    }
    let rest = rest?;
    if let Some(said) = after_any(rest, &["title", "name"]) {
        return given(after_any(said, &["to", "as", "is"]).unwrap_or(said.trim_start_matches([':', '='])))
            .map(Wish::ProjectTitle);
    }
    let said = after_any(rest, &["summary", "description"])?;
    let said = after_any(said, &["to", "as", "is"]).unwrap_or(said.trim_start_matches([':', '=']));
    prose(said).map(Wish::ProjectSummary)
}

/// Free text to store; `none` clears.
fn prose(said: &str) -> Option<String> {
    if value::is_nothing(said) {
        return Some(String::new());
    }
    let said = text::unquote(said);
    (!said.is_empty()).then(|| said.to_owned())
}

fn rename(words: &str) -> Option<Wish> {
    let rest = match after_any(words, RENAME) {
        Some(rest) => rest,
        None => after_any(words, &["change", "set"]).and_then(|rest| after_any(rest, &["the title of", "title of"]))?,
    };
    // The title may hold a “to” itself, so the first one counts; a quoted old title may hold one too.
    let (task, title) = split_first(rest, "to").or_else(|| split_first(rest, "as")).or_else(|| {
        // `call 2 Token service`
        rest.split_once(' ').filter(|(task, _)| super::task_name(task).is_some())
    })?;
    Some(Wish::Rename { task: Pick::read(task)?, title: given(title)? })
}

fn combine(words: &str) -> Option<Wish> {
    let rest = after_any(words, COMBINE)?;
    let (tasks, title) = match ["as", "into", "to"].iter().find_map(|word| split_first(rest, word)) {
        Some((tasks, title)) => (tasks, Some(title)),
        None => (rest, None),
    };
    // `merge 2 into 3` is the same as `merge 3 and 2`.
    if let (Some(into), Some(task)) =
        (title.and_then(Pick::read).filter(Pick::is_definite), Pick::read(tasks).filter(Pick::is_definite))
    {
        return Some(Wish::Combine { tasks: Picks::Each(vec![into, task]), title: None });
    }
    let title =
        title.map(|title| after_any(title, &["one task called", "one called", "one task", "one"]).unwrap_or(title));
    let tasks = Picks::read(tasks)?;
    let several = match &tasks {
        Picks::Each(picks) => picks.len() >= 2,
        Picks::First(count) | Picks::Last(count) => *count >= 2,
        Picks::All => true,
    };
    let title = match title.filter(|title| !title.is_empty()) {
        Some(title) => Some(given(title)?),
        None => None,
    };
    several.then_some(Wish::Combine { tasks, title })
}

fn split(words: &str) -> Option<Wish> {
    let rest = after_any(words, &["split up", "split"])?;
    let (task, into) = split_first(rest, "into").or_else(|| split_first(rest, "in"))?;
    Some(Wish::Split { task: Pick::read(task)?, into: titles(into)? })
}

fn move_to(words: &str) -> Option<Wish> {
    let rest = after_any(words, MOVE)?;
    let top = ["to the top level", "to the root", "out to the top level"];
    if let Some(tasks) = before_any(rest, &top) {
        return Some(Wish::Move { tasks: Picks::read(tasks)?, spot: Spot::TopLevel });
    }
    let (tasks, spot) = match take_spot(rest) {
        (tasks, Some(spot)) => (tasks, spot),
        // A title is fine as the place of a move.
        (rest, None) => ["under", "before", "after", "into"].iter().find_map(|word| {
            let (tasks, place) = split_last(rest, word)?;
            let pick = Pick::read(place)?;
            Some((
                tasks,
                match *word {
                    "before" => Spot::Before(pick),
                    "after" => Spot::After(pick),
                    _ => Spot::Under(pick),
                },
            ))
        })?,
    };
    let tasks = before_any(tasks, &["to"]).unwrap_or(tasks);
    Some(Wish::Move { tasks: Picks::read(tasks)?, spot })
}

fn wait(words: &str) -> Option<Wish> {
    let dependency = after_any(words, REMOVE).and_then(|rest| after_any(rest, &["the dependency of", "dependency of"]));
    if let Some((task, on)) = dependency.and_then(|rest| split_first(rest, "on")) {
        return Some(Wish::Unwait { task: Pick::read(task)?, on: Some(Picks::read(on)?) });
    }
    let rest = after_any(words, &["make", "let"]).unwrap_or(words);
    for no in [
        "no longer depends on",
        "no longer depend on",
        "does not depend on",
        "doesn't depend on",
        "not depend on",
        "should not depend on",
        "no longer waits for",
        "no longer wait for",
        "does not wait for",
        "doesn't wait for",
        "not wait for",
        "should not wait for",
    ] {
        if let Some((task, on)) = split_first(rest, no) {
            let anything = ["anything", "any task", "any other task"].iter().any(|word| on.eq_ignore_ascii_case(word));
            let on = if anything { None } else { Some(Picks::read(on)?) };
            return Some(Wish::Unwait { task: Pick::read(task)?, on });
        }
    }
    for yes in [
        "depend on",
        "depends on",
        "should depend on",
        "must depend on",
        "wait for",
        "waits for",
        "should wait for",
        "must wait for",
        "is blocked by",
        "needs",
    ] {
        if let Some((tasks, on)) = split_first(rest, yes) {
            let (tasks, on) = (Picks::read(tasks)?, Picks::read(on)?);
            // Only `needs` is everyday speech: “it needs polish” is no dependency.
            let sure = yes != "needs" || (tasks.is_definite() && on.is_definite());
            return sure.then_some(Wish::Wait { tasks, on });
        }
    }
    // `3 after 2 waits for` reads as “3 waits for 2”; plain `3 after 2` is said of order and of waiting alike.
    let (task, on) = split_first(before_any(words, &["waits for", "waits", "finished", "is done"])?, "after")?;
    Some(Wish::Wait {
        tasks: Picks::read(task).filter(Picks::is_definite)?,
        on: Picks::read(on).filter(Picks::is_definite)?,
    })
}

fn describe(words: &str) -> Option<Wish> {
    let rest = after(words, "describe").or_else(|| {
        after_any(words, &["set", "change"]).and_then(|rest| after_any(rest, &["the description of", "description of"]))
    })?;
    let (task, said) = split_first(rest, "as")
        .or_else(|| split_first(rest, "to"))
        .or_else(|| rest.split_once(':').map(|(task, said)| (task.trim(), said.trim())))?;
    Some(Wish::Describe { task: Pick::read(task)?, text: prose(said)? })
}
