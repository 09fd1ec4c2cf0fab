//! What the texts and figures of a step may be.

use super::{Check, Fault, Flaw};
use crate::domain::{
    patch::{
        Change, MAX_ACCEPTANCE, MAX_DESCRIPTION, MAX_ESTIMATE, MAX_LINKS, MAX_SENTENCE, MAX_TITLE, MAX_URL,
        ProjectChanges, TaskChanges,
    },
    task::{Link, TaskFields, TaskNumber},
};

/// Where the faults of one step's fields go.
struct Report<'c, 'a> {
    check: &'c mut Check<'a>,
    step: usize,
    task: Option<TaskNumber>,
}

impl Check<'_> {
    pub(super) fn whole_fields(&mut self, step: usize, number: TaskNumber, fields: &TaskFields) {
        let mut report = Report { check: self, step, task: Some(number) };
        report.title(&fields.title);
        report.text("description", &fields.description, MAX_DESCRIPTION);
        report.acceptance(&fields.acceptance);
        if let Some(minutes) = fields.estimate {
            report.estimate(minutes);
        }
        report.links(&fields.links);
    }

    pub(super) fn task_changes(&mut self, step: usize, number: TaskNumber, changes: &TaskChanges) {
        let mut report = Report { check: self, step, task: Some(number) };
        if changes.is_empty() {
            report.flaw(Flaw::ChangesNothing { task: Some(number) });
        }
        report.never_clear("title", &changes.title);
        report.never_clear("status", &changes.status);
        report.never_clear("priority", &changes.priority);
        report.set(&changes.title, |report, title| report.title(title));
        report.set(&changes.description, |report, text| report.text("description", text, MAX_DESCRIPTION));
        report.set(&changes.acceptance, |report, items| report.acceptance(items));
        report.set(&changes.estimate, |report, minutes| report.estimate(*minutes));
        report.set(&changes.links, |report, links| report.links(links));
    }

    pub(super) fn project_changes(&mut self, step: usize, changes: &ProjectChanges) {
        let mut report = Report { check: self, step, task: None };
        if changes.is_empty() {
            report.flaw(Flaw::ChangesNothing { task: None });
        }
        report.never_clear("title", &changes.title);
        report.never_clear("lifecycle", &changes.lifecycle);
        report.set(&changes.title, |report, title| report.title(title));
        report.set(&changes.summary, |report, text| report.text("summary", text, MAX_DESCRIPTION));
    }
}

impl Report<'_, '_> {
    fn flaw(&mut self, flaw: Flaw) {
        self.check.report(self.step, flaw);
    }

    fn fault(&mut self, field: &'static str, fault: Fault) {
        self.flaw(Flaw::Field { task: self.task, field, fault });
    }

    fn set<T>(&mut self, change: &Change<T>, check: impl FnOnce(&mut Self, &T)) {
        if let Change::Set(value) = change {
            check(self, value);
        }
    }

    fn never_clear<T>(&mut self, field: &'static str, change: &Change<T>) {
        if matches!(change, Change::Clear) {
            self.fault(field, Fault::Cleared);
        }
    }

    fn title(&mut self, title: &str) {
        if title.trim().is_empty() {
            self.fault("title", Fault::Blank);
        }
        self.line("title", title.trim(), MAX_TITLE);
    }

    /// One line: no line breaks, no control characters.
    fn line(&mut self, field: &'static str, text: &str, max: usize) {
        self.length(field, text, max);
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            self.fault(field, Fault::NotOneLine { text: text.to_owned() });
        }
    }

    /// Free text: lines and tabs, but no other control characters, which no database or page wants.
    fn text(&mut self, field: &'static str, text: &str, max: usize) {
        self.length(field, text, max);
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.fault(field, Fault::Control { text: text.to_owned() });
        }
    }

    fn length(&mut self, field: &'static str, text: &str, max: usize) {
        let length = text.chars().count();
        if length > max {
            self.fault(field, Fault::TooLong { text: text.to_owned(), length, max });
        }
    }

    fn count(&mut self, field: &'static str, count: usize, max: usize) {
        if count > max {
            self.fault(field, Fault::TooMany { count, max });
        }
    }

    fn acceptance(&mut self, items: &[String]) {
        self.count("acceptance criteria", items.len(), MAX_ACCEPTANCE);
        for item in items {
            if item.trim().is_empty() {
                self.fault("acceptance criterion", Fault::Blank);
            }
            self.text("acceptance criterion", item, MAX_SENTENCE);
        }
    }

    fn estimate(&mut self, minutes: u32) {
        if !(1..=MAX_ESTIMATE).contains(&minutes) {
            self.fault("estimate", Fault::Estimate { minutes });
        }
    }

    fn links(&mut self, links: &[Link]) {
        self.count("links", links.len(), MAX_LINKS);
        for link in links {
            self.line("link label", &link.label, MAX_SENTENCE);
            self.length("link", &link.url, MAX_URL);
            if !is_web_address(&link.url) {
                self.fault("link", Fault::NotWeb { text: link.url.clone() });
            }
        }
    }
}

/// `http://` or `https://`, then something, and nothing that a text would end at.
pub fn is_web_address(url: &str) -> bool {
    let after = |scheme: &str| match url.split_at_checked(scheme.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(scheme) => Some(rest),
        _ => None,
    };
    let rest = after("https://").or_else(|| after("http://")).unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}
