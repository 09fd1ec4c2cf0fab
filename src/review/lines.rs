//! The lines of a diff: one per step, with the steps that go together folded.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    facts::Facts,
    words::{clip, count, date, list, quote},
};
use crate::domain::{
    diff::{Effect, Entry, FieldChange, Value},
    message::{Line, LineKind, Span},
    patch::{Mode, PatchState},
    task::{Link, Priority, Status, Task, TaskNumber, effort},
};

/// How much a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What changes, and why where a step has a reason of its own.
    Full,
    /// Full, with descriptions, acceptance criteria and whole texts; nothing folded.
    Whole,
    /// What it is about and no more.
    Brief,
    /// Brief, and struck: it did not come to be, or is void.
    Struck,
}

/// Characters of a title inside a longer line.
const TITLE: usize = 120;
/// Characters of a text inside a change on a card.
const TEXT: usize = 60;
/// Characters of a reason.
const REASON: usize = 300;
/// Characters of a tick box's label: Slack cuts at 75 (docs.slack.dev: composition objects, option).
const LABEL: usize = 72;

/// The lines of these entries.
pub fn lines<'a>(facts: &Facts, entries: impl IntoIterator<Item = &'a Entry>, style: Style) -> Vec<Line> {
    let depths = depths(facts);
    let mut lines = Vec::new();
    for entry in entries.into_iter().filter(|entry| style == Style::Whole || !is_folded(entry)) {
        let depth = depths.get(&entry.step).copied().unwrap_or(0);
        let (kind, spans) = match style {
            Style::Full | Style::Whole => says(facts, &entry.effect, style == Style::Whole),
            Style::Brief | Style::Struck => brief(facts, &entry.effect, style == Style::Struck),
        };
        lines.push(Line { kind, depth, spans });
        if matches!(style, Style::Full | Style::Whole) {
            lines.extend(below(facts, entry, style).into_iter().map(|spans| Line {
                kind: LineKind::Plain,
                depth: depth + 1,
                spans,
            }));
        }
    }
    lines
}

/// A step's number and a short label for its tick box; folded steps go with the one they belong to.
pub fn choices(facts: &Facts) -> Vec<(usize, String)> {
    facts.diff.entries.iter().filter(|entry| !is_folded(entry)).map(|entry| (entry.step, label(facts, entry))).collect()
}

fn label(facts: &Facts, entry: &Entry) -> String {
    let (verb, number, title) = match &entry.effect {
        Effect::Appears { task, .. } => ("add", task.number, task.fields.title.as_str()),
        Effect::Changes { number, title, .. } => ("change", *number, title.as_str()),
        Effect::Moves { number, title, .. } => ("move", *number, title.as_str()),
        Effect::Goes { number, title, .. } => ("delete", *number, title.as_str()),
        Effect::Project { .. } => return clip(&format!("{} change the project itself", facts.key), LABEL),
    };
    clip(&format!("{} {verb}: {title}", code(facts, number)), LABEL)
}

/// Whether a card leaves the entry out because its parent's line counts it.
fn is_folded(entry: &Entry) -> bool {
    matches!(entry.effect, Effect::Goes { with_parent: true, .. })
}

/// How far each new task is indented: under its parent where the same patch creates that too.
fn depths(facts: &Facts) -> BTreeMap<usize, usize> {
    let mut by_task = BTreeMap::new();
    let mut by_step = BTreeMap::new();
    for entry in &facts.diff.entries {
        if let Effect::Appears { task, .. } = &entry.effect {
            let above = task.place.parent.and_then(|parent| by_task.get(&parent));
            let depth = above.map_or(0, |depth: &usize| depth + 1);
            by_task.insert(task.number, depth);
            by_step.insert(entry.step, depth);
        }
    }
    by_step
}

fn code(facts: &Facts, number: TaskNumber) -> String {
    format!("{}-{number}", facts.key)
}

fn codes(facts: &Facts, numbers: &BTreeSet<TaskNumber>) -> String {
    list(&numbers.iter().map(|number| code(facts, *number)).collect::<Vec<_>>(), "and")
}

fn brief(facts: &Facts, effect: &Effect, struck: bool) -> (LineKind, Vec<Span>) {
    let (kind, number, title) = match effect {
        Effect::Appears { task, .. } => (LineKind::Added, Some(task.number), task.fields.title.as_str()),
        Effect::Changes { number, title, .. } => (LineKind::Changed, Some(*number), title.as_str()),
        Effect::Moves { number, title, .. } => (LineKind::Moved, Some(*number), title.as_str()),
        Effect::Goes { number, title, .. } => (LineKind::Removed, Some(*number), title.as_str()),
        Effect::Project { .. } => (LineKind::Changed, None, facts.project_title.as_str()),
    };
    let code = number.map_or_else(|| facts.key.to_string(), |number| code(facts, number));
    let title = clip(title, TITLE);
    let spans = if struck {
        vec![Span::Struck(format!("{code} {title}"))]
    } else {
        vec![Span::Code(code), Span::plain(format!(" {title}"))]
    };
    (kind, spans)
}

/// `AUTH-3 Sign-in page`; the code alone where the task is gone and its title with it.
fn head(facts: &Facts, number: TaskNumber, title: &str) -> Vec<Span> {
    let mut spans = vec![Span::Code(code(facts, number))];
    if !title.is_empty() {
        spans.push(Span::plain(format!(" {}", clip(title, TITLE))));
    }
    spans
}

fn says(facts: &Facts, effect: &Effect, whole: bool) -> (LineKind, Vec<Span>) {
    match effect {
        Effect::Appears { task, .. } => (LineKind::Added, appears(facts, task)),
        Effect::Changes { number, title, fields } => {
            let is_renamed = fields.iter().any(|field| field.field == "title");
            let mut spans = head(facts, *number, if is_renamed { "" } else { title });
            for (i, field) in fields.iter().enumerate() {
                let first_word = i == 0 && spans.len() == 1;
                spans.push(Span::plain(if first_word { " " } else { " · " }));
                spans.extend(change(facts, field, whole));
            }
            (LineKind::Changed, spans)
        }
        Effect::Moves { number, title, from, to, after } => {
            let mut spans = head(facts, *number, title);
            spans.push(Span::plain(format!(" · {}", moves(facts, *from, *to, *after))));
            (LineKind::Moved, spans)
        }
        Effect::Goes { number, title, below, .. } => {
            let mut spans = head(facts, *number, title);
            if *below > 0 {
                spans.push(Span::plain(format!(", with {}", count(*below, "sub-task"))));
            }
            (LineKind::Removed, spans)
        }
        Effect::Project { fields } => {
            let mut spans = vec![Span::Code(facts.key.to_string())];
            for field in fields {
                spans.push(Span::plain(if spans.len() == 1 { " " } else { " · " }));
                spans.extend(change(facts, field, whole));
            }
            (LineKind::Changed, spans)
        }
    }
}

fn appears(facts: &Facts, task: &Task) -> Vec<Span> {
    let fields = &task.fields;
    let mut spans = head(facts, task.number, &fields.title);
    let mut say = |words: String| spans.push(Span::plain(format!(" · {words}")));
    if let Some(parent) = task.place.parent.filter(|parent| !goes_without_saying(facts, *parent)) {
        say(format!("under {}", code(facts, parent)));
    }
    if let Some(minutes) = fields.estimate {
        say(effort(minutes));
    }
    if !fields.depends_on.is_empty() {
        say(format!("after {}", codes(facts, &fields.depends_on)));
    }
    if fields.status != Status::Todo {
        say(fields.status.words());
    }
    if fields.priority != Priority::Normal {
        say(format!("{} priority", fields.priority.as_str()));
    }
    if let Some(due) = fields.due {
        say(format!("due {}", date(due)));
    }
    if let Some(member) = fields.assignee {
        spans.push(Span::plain(" · "));
        spans.push(Span::Person { member, name: facts.name(member).to_owned() });
    }
    spans
}

/// Whether the reader sees the parent anyway: the line above, or the task that the title says is broken down.
fn goes_without_saying(facts: &Facts, parent: TaskNumber) -> bool {
    let broken_down = facts.patch.mode == Mode::Task { number: parent };
    broken_down
        || facts.diff.entries.iter().any(|entry| match &entry.effect {
            Effect::Appears { task, .. } => task.number == parent,
            _ => false,
        })
}

fn moves(facts: &Facts, from: Option<TaskNumber>, to: Option<TaskNumber>, after: Option<TaskNumber>) -> String {
    // Once the patch is decided, only the record of the touched tasks is left, without their siblings.
    let behind = after.filter(|_| facts.patch.state == PatchState::Proposed).map(|after| code(facts, after));
    match (to, behind) {
        (to, Some(behind)) if to == from => format!("moves behind {behind}"),
        (to, None) if to == from => "moves among its siblings".to_owned(),
        (Some(to), Some(behind)) => format!("moves under {}, behind {behind}", code(facts, to)),
        (Some(to), None) => format!("moves under {}", code(facts, to)),
        (None, Some(behind)) => format!("moves to the top level, behind {behind}"),
        (None, None) => "moves to the top level".to_owned(),
    }
}

/// A field before and after: `estimate 1 d → 2 d`.
pub fn change(facts: &Facts, field: &FieldChange, whole: bool) -> Vec<Span> {
    let short = !whole && field.field != "title";
    if short && let Some(verb) = long_change(&field.before, &field.after) {
        return vec![Span::plain(format!("{} {verb}", field.field))];
    }
    let mut spans = vec![Span::plain(format!("{} ", field.field))];
    spans.extend(value(facts, field, &field.before, whole));
    spans.push(Span::plain(" → "));
    spans.extend(value(facts, field, &field.after, whole));
    spans
}

/// What happens to a field that is too long to show on a card; `None` for the short ones.
fn long_change(before: &Value, after: &Value) -> Option<&'static str> {
    let is_long = |value: &Value| matches!(value, Value::Text(_) | Value::List(_) | Value::Links(_));
    match (before, after) {
        (Value::Nothing, after) => is_long(after).then_some("added"),
        (before, Value::Nothing) => is_long(before).then_some("removed"),
        (before, after) => (is_long(before) || is_long(after)).then_some("rewritten"),
    }
}

fn value(facts: &Facts, field: &FieldChange, value: &Value, whole: bool) -> Vec<Span> {
    let limit = if whole { usize::MAX } else { TEXT };
    let text = match value {
        Value::Nothing if field.field == "assignee" => "nobody".to_owned(),
        Value::Nothing => "none".to_owned(),
        Value::Text(text) => quote(text, limit),
        Value::List(items) => items.iter().map(|item| quote(item, limit)).collect::<Vec<_>>().join(", "),
        Value::Status(status) => status.words(),
        Value::Priority(priority) => priority.as_str().to_owned(),
        Value::Lifecycle(lifecycle) => lifecycle.as_str().to_owned(),
        Value::Member(member) => {
            return vec![Span::Person { member: *member, name: facts.name(*member).to_owned() }];
        }
        Value::Minutes(minutes) => effort(*minutes),
        Value::Date(day) => date(*day),
        Value::Tasks(numbers) => codes(facts, numbers),
        Value::Links(links) => {
            let each = links.iter().map(|link| Span::Link { text: link.label.clone(), url: link.url.clone() });
            return separated(each, ", ");
        }
    };
    vec![Span::Plain(text)]
}

/// What stands under a step's line: its own reason and evidence and, in the whole, the task's texts.
fn below(facts: &Facts, entry: &Entry, style: Style) -> Vec<Vec<Span>> {
    let mut lines = Vec::new();
    if let (Style::Whole, Effect::Appears { task, .. }) = (style, &entry.effect) {
        lines.extend(texts(task));
    }
    lines.extend(facts.notes.get(&entry.step).map(|note| vec![Span::plain(format!("note: {note}"))]));
    // What all of it follows from stands above.
    let is_said = style == Style::Full && facts.cause().is_some();
    if let Some(step) = facts.patch.steps.get(entry.step).filter(|_| !is_said) {
        let mut why = Vec::new();
        match &step.evidence {
            Some(link) if step.reason.starts_with(&link.label) => why = happened(&step.reason, link),
            evidence => {
                if !step.reason.is_empty() {
                    why.push(Span::plain(format!("why: {}", clip(&step.reason, REASON))));
                }
                if let Some(link) = evidence {
                    why.push(Span::plain(if why.is_empty() { "see " } else { " · " }));
                    why.push(Span::Link { text: clip(&link.label, TEXT), url: link.url.clone() });
                }
            }
        }
        lines.extend((!why.is_empty()).then_some(why));
    }
    lines
}

/// What happened, where the link says to what: `acme/web#12 was merged by ana-gh`.
pub fn happened(reason: &str, link: &Link) -> Vec<Span> {
    let rest = reason.strip_prefix(&link.label).unwrap_or(reason);
    let between = if rest.starts_with(',') { "" } else { " " };
    let words = format!("{between}{}", clip(rest, REASON));
    vec![Span::Link { text: link.label.clone(), url: link.url.clone() }, Span::Plain(words)]
}

/// A task's description, acceptance criteria and links, a line each.
pub fn texts(task: &Task) -> Vec<Vec<Span>> {
    let fields = &task.fields;
    let mut lines: Vec<Vec<Span>> =
        fields.description.lines().filter(|line| !line.trim().is_empty()).map(|line| vec![Span::plain(line)]).collect();
    if !fields.acceptance.is_empty() {
        lines.push(vec![Span::plain("done when:")]);
        lines.extend(fields.acceptance.iter().map(|criterion| vec![Span::plain(format!("• {criterion}"))]));
    }
    if !fields.links.is_empty() {
        let pointers = fields.links.iter().map(|link| Span::Link { text: link.label.clone(), url: link.url.clone() });
        lines.push(separated(pointers, " · "));
    }
    lines
}

/// Spans with something between them.
pub fn separated(spans: impl IntoIterator<Item = Span>, between: &str) -> Vec<Span> {
    let mut out = Vec::new();
    for span in spans {
        if !out.is_empty() {
            out.push(Span::plain(between));
        }
        out.push(span);
    }
    out
}
