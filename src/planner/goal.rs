//! What a goal is about: its subject, a title and a key, from its own words.

use std::collections::BTreeSet;

use words::{ARTICLES, KINDS, OPENINGS, VERBS, abbreviated, ascii, is_dull};

use crate::{
    domain::project::ProjectKey,
    error::UserError,
    intent::text::{after, after_any, one_line, tidy, unquote},
};

mod words;

/// Characters of the subject that fit into the titles of tasks.
const MAX_SUBJECT: usize = 60;

/// A goal, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goal {
    /// The whole goal on one line, without a full stop: for the summary.
    pub said: String,
    /// What it is about, without an article: `user authentication flow`.
    pub name: String,
    /// The same as it reads inside of a sentence: `the user authentication flow`.
    pub subject: String,
    /// The first sentence without the opening: `Build a user authentication flow`, for choosing a template.
    pub lead: String,
}

impl Goal {
    /// Takes a goal apart; `cuts` are words before which the subject ends.
    pub(super) fn read(text: &str, cuts: &[String]) -> Result<Self, UserError> {
        let plain = tidy(text);
        let said = one_line(&plain).trim_end_matches(['.', '!', '?', ' ']).to_owned();
        if !said.chars().any(char::is_alphanumeric) {
            return Err(UserError::new(
                "Say in a sentence what you want to reach, for example: /docket plan Build a user authentication flow",
            ));
        }
        let first = plain.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric)).unwrap_or(&said);
        let first = first.split(". ").next().unwrap_or(first);
        let first = ["; ", "! ", "? "].iter().fold(first, |part, end| part.split(end).next().unwrap_or(part));
        // A bullet goes; a bracket would leave its partner behind.
        let is_bullet = |c: char| !c.is_alphanumeric() && !"<([{".contains(c);
        let lead = strip_all(unquote(first).trim_start_matches(is_bullet), OPENINGS);
        let (name, article) = subject(lead, cuts);
        let dull = name.split_whitespace().all(|word| is_dull(&plain_word(word)));
        if dull && name.split_whitespace().count() <= 2 && is_dull(&plain_word(&name)) {
            return Err(UserError::new(format!(
                "“{}” is too little to plan from. Say what it is about, for example: /docket plan Build a user authentication flow",
                super::cut(&said, 40)
            )));
        }
        let name = super::cut(&name, MAX_SUBJECT);
        let subject = if article { format!("the {name}") } else { name.clone() };
        let lead = lead.to_owned();
        Ok(Self { said, name, subject, lead })
    }

    /// The subject of a task's title, for breaking it down.
    pub(super) fn of_title(title: &str) -> Self {
        let fallback = || Self {
            said: title.to_owned(),
            name: title.to_owned(),
            subject: format!("“{title}”"),
            lead: title.to_owned(),
        };
        // What follows a comma or colon in a title explains; the subject stands before it.
        let head = title.split([',', ':']).next().filter(|head| head.split_whitespace().count() >= 2).unwrap_or(title);
        Self::read(head, &[" that ".to_owned(), " which ".to_owned(), " must do".to_owned()])
            .unwrap_or_else(|_| fallback())
    }

    /// Fills `{subject}`, `{Subject}`, `{name}`, `{goal}` and `{Goal}` in a template's text.
    pub(super) fn fill(&self, pattern: &str) -> String {
        // One pass, so that braces in a goal are never taken for a placeholder.
        let mut out = String::with_capacity(pattern.len() + self.subject.len());
        let mut rest = pattern;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let known = [
                ("{subject}", self.subject.clone()),
                ("{Subject}", upper_first(&self.subject)),
                ("{name}", self.name.clone()),
                ("{goal}", self.said.clone()),
                ("{Goal}", upper_first(&self.said)),
            ];
            let found = known.into_iter().find(|(placeholder, _)| rest.starts_with(placeholder));
            let (length, value) = found.map_or((1, "{".to_owned()), |(placeholder, value)| (placeholder.len(), value));
            out.push_str(&value);
            rest = &rest[length..];
        }
        out + rest
    }

    /// A key from the goal's nouns that nobody has: `AUTH`, else `AUTH2`, …; `fallback` where no noun will do.
    pub(super) fn key(&self, fallback: &str, taken: &BTreeSet<ProjectKey>) -> Option<ProjectKey> {
        let words: Vec<String> =
            self.name.split(|c: char| !c.is_alphanumeric()).map(ascii).filter(|word| word.len() >= 2).collect();
        let telling = words.iter().find(|word| !is_dull(word) && word.starts_with(|c: char| c.is_ascii_alphabetic()));
        let base = telling.map_or_else(|| fallback.to_owned(), |word| abbreviated(word));
        base.parse::<ProjectKey>().ok()?.free(taken)
    }
}

/// The part of the lead that it is about, and whether it had an article.
fn subject(lead: &str, cuts: &[String]) -> (String, bool) {
    let mut rest = strip_all(lead, VERBS);
    rest = after(rest, "and").map_or(rest, |more| strip_all(more, VERBS));
    rest = after_any(rest, &["from"]).filter(|_| cuts.iter().any(|cut| cut == " from ")).unwrap_or(rest);
    let mut article = false;
    loop {
        let before = rest;
        if let Some(shorter) = after_any(rest, ARTICLES).filter(|s| !s.is_empty()) {
            rest = shorter;
            article = true;
        }
        let lower = rest.to_ascii_lowercase();
        if let Some(kind) = KINDS.iter().find(|kind| lower.starts_with(**kind)) {
            rest = rest.get(kind.len()..).unwrap_or(rest).trim_start();
            article = false;
        }
        if rest == before {
            break;
        }
    }
    let lower = rest.to_ascii_lowercase();
    let purposes = [
        " so that ",
        " in order to ",
        " because ",
        " which should ",
        " (",
        " - ",
        " – ",
        " — ",
        ", so ",
        ", because ",
        ", which ",
        ", but ",
        ", since ",
    ];
    let ends = purposes
        .iter()
        .copied()
        .chain(cuts.iter().map(String::as_str))
        .filter_map(|word| lower.find(word))
        .filter(|at| *at >= 2);
    let name = ends.min().and_then(|at| rest.get(..at)).unwrap_or(rest).trim().trim_end_matches([',', ':', '.']);
    let name = if name.is_empty() { lead } else { name };
    // A name of somebody or something takes no article, and neither does what had none.
    (lower_first_of_sentence(name, name.len() == lead.len()), article)
}

/// Takes every one of `starts` off the front, one after the other, but never everything.
fn strip_all<'a>(text: &'a str, starts: &[&str]) -> &'a str {
    let mut rest = text.trim();
    while let Some(shorter) = after_any(rest, starts).filter(|shorter| !shorter.is_empty()) {
        rest = shorter.trim_start_matches([',', ':', ' ']);
        if rest.is_empty() {
            return text;
        }
    }
    rest
}

/// A capital that only marks the start of the sentence becomes small; names and acronyms stay.
fn lower_first_of_sentence(name: &str, starts_sentence: bool) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if starts_sentence && first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(name.chars().skip(1)).collect()
        }
        _ => name.to_owned(),
    }
}

pub(super) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn plain_word(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_taken_apart() {
        for (goal, subject, key) in [
            ("Build a user authentication flow", "the user authentication flow", "AUTH"),
            ("build user authentication flow", "user authentication flow", "AUTH"),
            ("We need to add dark mode, so that eyes hurt less.", "dark mode", "DARK"),
            ("Implement push notifications for the mobile app", "push notifications for the mobile app", "PUSH"),
            ("Fix the login crash on Safari", "the login crash on Safari", "LOGIN"),
            ("please set up the billing dashboard", "the billing dashboard", "BILLING"),
            ("Dark mode", "dark mode", "DARK"),
            ("SSO", "SSO", "SSO"),
            ("auth", "auth", "AUTH"),
            ("Rückerstattungen", "rückerstattungen", "RUCK"),
            ("Build an API. It must be fast.", "the API", "API"),
            ("Build <!channel> <script>alert(1)</script>", "<!channel> <script>alert(1)</script>", "CHANNEL"),
            ("Build {subject} {Goal}", "{subject} {Goal}", "SUBJECT"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>", "SCRIPT"),
            ("- Build a login page", "the login page", "LOGIN"),
            ("“Build a login page”", "the login page", "LOGIN"),
        ] {
            let read = Goal::read(goal, &[]).unwrap();
            assert_eq!(read.subject, subject, "{goal}");
            assert_eq!(read.key("FEAT", &BTreeSet::new()).unwrap().as_str(), key, "{goal}");
        }
    }

    #[test]
    fn a_subject_ends_where_the_template_says() {
        let cuts = [" to ".to_owned(), " from ".to_owned()];
        for (goal, subject) in [
            ("Migrate the orders database to PostgreSQL", "the orders database"),
            ("Migrate from Heroku to Fly", "Heroku"),
            ("Migration of the wiki to Git", "the wiki"),
        ] {
            assert_eq!(Goal::read(goal, &cuts).unwrap().subject, subject, "{goal}");
        }
    }

    #[test]
    fn keys_are_unique_and_always_valid() {
        let goal = Goal::read("Build a user authentication flow", &[]).unwrap();
        let mut taken = BTreeSet::new();
        for expected in ["AUTH", "AUTH2", "AUTH3"] {
            let key = goal.key("FEAT", &taken).unwrap();
            assert_eq!(key.as_str(), expected);
            taken.insert(key);
        }
        for odd in ["שלום עולם", "登录流程", "Привет мир", "2 3 4"] {
            assert_eq!(Goal::read(odd, &[]).unwrap().key("FEAT", &BTreeSet::new()).unwrap().as_str(), "FEAT", "{odd}");
        }
    }

    #[test]
    fn too_little_is_refused() {
        for goal in ["", "   ", "🚀🚀", "...", "it", "make it", "something"] {
            assert!(Goal::read(goal, &[]).is_err(), "{goal}: {:?}", Goal::read(goal, &[]));
        }
    }
}
