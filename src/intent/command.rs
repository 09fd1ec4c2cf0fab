//! Typed commands: one line in, one [`Intent`] or one sentence about what is wrong out.

use chrono::NaiveDate;

pub use super::table::{Argument, COMMANDS, Command, Kind};
use super::{
    args::{Value, Values},
    availability, draft, github, issue, models, phrase, place, policy, privacy, remind, roles, standup, text, track,
    value,
};
use crate::{
    domain::{
        intent::{Intent, Named, RemindWish, TaskName},
        project::ProjectKey,
        schedule::DigestKind,
    },
    error::UserError,
};

/// Characters in one line to Docket.
pub const MAX_TEXT: usize = 10_000;

impl Command {
    /// The command of this word, by its name or an alias, in any case.
    pub fn find(word: &str) -> Option<&'static Self> {
        COMMANDS.iter().find(|command| command.words().any(|own| own.eq_ignore_ascii_case(word)))
    }

    /// Its name and its aliases.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// `/docket assign <task> <person>`.
    pub fn usage(&self) -> String {
        self.arguments.iter().fold(format!("/docket {}", self.name), |line, argument| {
            let (open, close) = if argument.required { ('<', '>') } else { ('[', ']') };
            format!("{line} {open}{}{close}", argument.name)
        })
    }

    /// What to say when a line of this command can't be read.
    fn wrong(&self, problem: &str) -> UserError {
        let example = self.examples.first().copied().unwrap_or(self.name);
        UserError::new(format!("{problem}\nUsage: {}\nFor example: /docket {example}", self.usage()))
    }

    /// Reads what follows the command's word.
    fn read(&self, rest: &str, today: NaiveDate) -> Result<Intent, UserError> {
        let mut values = Vec::new();
        let mut rest = rest.trim();
        for argument in self.arguments {
            let own = text::after_any(rest, argument.filler).filter(|own| !own.is_empty()).unwrap_or(rest);
            // `break AUTH-3 down`: a filler alone says nothing.
            if own.is_empty() || (!argument.required && argument.filler.iter().any(|f| f.eq_ignore_ascii_case(own))) {
                if argument.required {
                    return Err(self.wrong(&format!("{}: {}.", self.name, argument.missing())));
                }
                rest = "";
                continue;
            }
            let (value, left) = argument.kind.read(own, today).ok_or_else(|| {
                match argument.kind {
                    Kind::Models => return UserError::new(models::wrong(own)),
                    Kind::Policy => return UserError::new(policy::wrong(own)),
                    Kind::Hours | Kind::Away | Kind::Holidays => {
                        if let Err(problem) = timed(argument.kind, own, today) {
                            return problem;
                        }
                    }
                    Kind::Remind => {
                        if let Err(problem) = remind::remind(own, today) {
                            return problem;
                        }
                    }
                    Kind::Standup => return UserError::new(standup::wrong(DigestKind::Standup, own, today)),
                    Kind::Weekly => return UserError::new(standup::wrong(DigestKind::Weekly, own, today)),
                    Kind::Draft => return UserError::new(draft::wrong(own)),
                    _ => {}
                }
                let wanted = match (argument.kind, own.parse::<u32>()) {
                    // A number alone could be a task's as well.
                    (Kind::Patch, Ok(number)) => format!("a patch. Do you mean P-{number}? Write it so"),
                    _ => argument.kind.described().to_owned(),
                };
                self.wrong(&format!("I can't read “{}” as {wanted}.", shorten(own)))
            })?;
            values.push(value);
            rest = left.trim();
        }
        if !rest.is_empty() {
            return Err(self.wrong(&format!(
                "{} does not know what to do with “{}”, so I changed nothing.",
                self.name,
                shorten(rest)
            )));
        }
        (self.build)(&mut Values(values.into_iter())).ok_or_else(|| self.wrong("Something is missing."))
    }
}

impl Argument {
    /// What to say where it is missing: `name a task, such as AUTH-3`.
    fn missing(&self) -> String {
        match (self.kind, self.name) {
            (Kind::Words, "changes") => "say what to change".to_owned(),
            (Kind::Words, name) => format!("say the {name}"),
            (kind, _) => format!("name {}", kind.described()),
        }
    }
}

impl Kind {
    /// Reads an argument of this kind at the start of `text`, and gives back what is left of it.
    fn read(self, text: &str, today: NaiveDate) -> Option<(Value, &str)> {
        let (word, left) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let whole = |value: Value| (value, "");
        match self {
            Self::Words => Some(whole(Value::Words(text.to_owned()))),
            // `assign 2 and 3 to ana` names more tasks, not somebody called “and 3 to ana”.
            Self::Person if text::after_any(text, &["and", ",", "&"]).is_some() => None,
            Self::Person => value::person(text).map(Value::Person).map(whole),
            Self::Effort => value::effort(text).map(Value::Effort).map(whole),
            Self::Date => value::date(text, today).map(Value::Date).map(whole),
            Self::Task => TaskName::parse(word).map(|task| (Value::Task(task), left)),
            Self::Project => word.parse().ok().map(|key| (Value::Project(key), left)),
            Self::Named => place::named(word).map(|named| (Value::Named(named), left)),
            Self::Patch => word.parse().ok().map(|patch| (Value::Patch(patch), left)),
            Self::Priority => value::priority(word).map(|priority| (Value::Priority(priority), left)),
            Self::Issue => issue::issue(word).map(|issue| (Value::Issue(issue), left)),
            Self::Models => models::models(text).map(Value::Whole).map(whole),
            Self::Routes => models::routes(text).map(Value::Whole).map(whole),
            Self::Privacy => privacy::privacy(text).map(Value::Whole).map(whole),
            Self::Forget => privacy::forget(text).map(Value::Whole).map(whole),
            Self::Role => roles::role(text).map(Value::Whole).map(whole),
            Self::Policy => policy::policy(text).map(Value::Whole).map(whole),
            Self::Link => github::link(text).map(Value::Whole).map(whole),
            Self::Unlink => github::unlink(text).map(Value::Whole).map(whole),
            Self::Hours | Self::Away | Self::Holidays => timed(self, text, today).ok().map(Value::Whole).map(whole),
            Self::GitHub => github::github(text).map(Value::Whole).map(whole),
            Self::Standup => standup::standup(DigestKind::Standup, text, today).ok().map(Value::Whole).map(whole),
            Self::Weekly => standup::standup(DigestKind::Weekly, text, today).ok().map(Value::Whole).map(whole),
            Self::Remind => remind::remind(text, today).ok().map(Value::Whole).map(whole),
            Self::Dry => track::dry(text).map(Value::Whole).map(whole),
            Self::Track => track::track(text).map(Value::Whole).map(whole),
            Self::Decided => track::decided(text).map(Value::Whole).map(whole),
            Self::Draft => draft::draft(text).map(Value::Whole).map(whole),
            Self::Command => Some((Value::Words(word.trim_start_matches('/').to_lowercase()), left)),
        }
    }

    /// The kind in words: `a task, such as AUTH-3`.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Task => "a task, such as AUTH-3",
            Self::Project => "a project's key, such as AUTH",
            Self::Named => "a project (AUTH), a task (AUTH-3) or a patch (P-41)",
            Self::Patch => "a patch, such as P-41",
            Self::Command => "a command",
            Self::Person => "one person: a mention, a name, “me” or “nobody”",
            Self::Effort => "an effort, such as 30m, 4h, 1.5 d or “none”",
            Self::Date => "a day, such as tomorrow, friday, 24 Dec, 2026-12-24 or “none”",
            Self::Priority => "a priority: urgent, high, normal or low",
            Self::Issue => "an issue, such as #45 or acme/web#45, or a repository, such as acme/web",
            Self::Models => "test, default, use, budget or remove",
            Self::Routes => "forget and the number in the list, or forget all",
            Self::Privacy => "off, on, keep and 1 to 90 days, or backfill",
            Self::Forget => "me, channel, or a conversation, such as T-7",
            Self::Policy => "a rule, such as approvals 2",
            Self::Link => "a project and a repository, such as AUTH acme/web",
            Self::Unlink => "a repository, such as acme/web, perhaps with its project in front",
            Self::Standup | Self::Weekly => {
                "days and a time, such as at 9:30 weekdays, or now, preview, list, pause, resume, skip, edit or remove"
            }
            Self::Draft => "add, drop, a number with other words, skip or ok",
            Self::GitHub => "events, mute, unmute or mentions",
            Self::Hours => "working hours, such as Mon-Thu 9-17 Europe/Paris",
            Self::Away => "days, such as 24 Dec – 2 Jan",
            Self::Holidays => "a country, such as FR, or the address of an iCalendar feed",
            Self::Remind => "a moment and what to remind you of, list, or cancel and a number",
            Self::Dry => "dry-run",
            Self::Track => "a conversation, such as T-7, and perhaps a task, “no” or “which”",
            Self::Decided => "a project (AUTH), a task (AUTH-3) or a conversation (T-7)",
            Self::Role => "a person and a role: owner, admin, approver, member or viewer",
        }
    }
}

/// Reads what follows a command about when people work.
fn timed(kind: Kind, text: &str, today: NaiveDate) -> Result<Intent, UserError> {
    match kind {
        Kind::Hours => availability::hours(text),
        Kind::Away => availability::away(text, today),
        _ => availability::holidays(text),
    }
}

/// Reads one line, with or without `/docket` in front. A line that starts with no command is tried as a phrase.
pub fn parse(text: &str, today: NaiveDate) -> Result<Intent, UserError> {
    // `show me AUTH-3` starts with a command's word and goes on in everyday ones.
    match exact(text, today) {
        Ok(Some(intent)) => return Ok(intent),
        Ok(None) => {
            if let Some(intent) = phrase::parse(text, today) {
                return Ok(intent);
            }
        }
        Err(problem) => return phrase::parse(text, today).ok_or(problem),
    }
    let plain = text::tidy(text);
    let (_, line) = place::scope(strip_name(&plain).unwrap_or(&plain));
    let word = line.split_whitespace().next().unwrap_or_default().trim_start_matches('/');
    let words = COMMANDS.iter().flat_map(Command::words);
    let close = place::did_you_mean(&word.to_lowercase(), words).filter(|_| !phrase::asks(line));
    Err(match close {
        Some(close) => UserError::new(format!(
            "There is no command “{}”. Did you mean {close}? /docket help lists all commands.",
            shorten(word)
        )),
        None => phrase::not_understood(line),
    })
}

/// Reads one line as a command and nothing else; `Ok(None)` where it starts with no command's word.
pub fn exact(text: &str, today: NaiveDate) -> Result<Option<Intent>, UserError> {
    let length = text.chars().count();
    if length > MAX_TEXT {
        return Err(UserError::new(format!(
            "That is {length} characters long; I read at most {MAX_TEXT}. Say the goal in a sentence or two."
        )));
    }
    let plain = text::tidy(text);
    let line = strip_name(&plain).unwrap_or(&plain);
    if line.is_empty() {
        return Ok(Some(Intent::Help(None)));
    }
    let (scope, line) = place::scope(line);
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some(command) = Command::find(word.strip_suffix(':').unwrap_or(word)) else { return Ok(None) };
    let intent = command.read(rest, today)?;
    match scope {
        Some(key) => within(key, intent).map(Some).map_err(|problem| command.wrong(&problem)),
        None => Ok(Some(intent)),
    }
}

/// The line without `/docket`, `@docket` or `docket` in front.
pub(super) fn strip_name(line: &str) -> Option<&str> {
    ["/docket", "@docket", "docket"]
        .iter()
        .find_map(|name| text::after(line, name))
        .map(|rest| rest.trim_start_matches([',', ':']).trim_start())
}

/// What an intent means `in AUTH:`.
fn within(key: ProjectKey, intent: Intent) -> Result<Intent, String> {
    let task = |name: TaskName| match name {
        TaskName::Number(number) => Ok(TaskName::Code(format!("{key}-{number}"))),
        TaskName::Code(code) if code.starts_with(&format!("{key}-")) => Ok(TaskName::Code(code)),
        TaskName::Code(code) => Err(format!("{code} is no task of {key}.")),
    };
    Ok(match intent {
        Intent::Show(None) => Intent::Show(Some(Named::Project(key))),
        Intent::Show(Some(Named::Task(name))) => Intent::Show(Some(Named::Task(task(name)?))),
        Intent::Next(None) => Intent::Next(Some(key)),
        Intent::Status(None) => Intent::Status(Some(key)),
        Intent::Policy(None) => Intent::Policy(Some(key)),
        Intent::Pulls(None) => Intent::Pulls(Some(key)),
        Intent::Announced(None) => Intent::Announced(Some(key)),
        Intent::Announce { project: None, wish } => Intent::Announce { project: Some(key), wish },
        Intent::Link { project: None, repository } => Intent::Link { project: Some(key), repository },
        Intent::Unlink { project: None, repository } => Intent::Unlink { project: Some(key), repository },
        Intent::SetPolicy { project: None, wish } => Intent::SetPolicy { project: Some(key), wish },
        Intent::Break { task: name, focus } => Intent::Break { task: task(name)?, focus },
        Intent::Issue { task: name, issue } => Intent::Issue { task: task(name)?, issue },
        Intent::Set { task: name, value } => Intent::Set { task: task(name)?, value },
        Intent::Remind(RemindWish::Set { task: Some(name), at, words }) => {
            Intent::Remind(RemindWish::Set { task: Some(task(name)?), at, words })
        }
        Intent::Edit(words) => Intent::Edit(format!("{key}: {}", place::scope(&words).1)),
        _ => return Err(format!("This command is not about one project, so leave out “in {key}:”.")),
    })
}

/// The start of what somebody typed, for quoting it back in one line.
pub(crate) fn shorten(words: &str) -> String {
    let line = text::one_line(words);
    if line.chars().count() <= 80 {
        line
    } else {
        format!("{}…", line.chars().take(79).collect::<String>().trim_end())
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
