//! Conversations of which the rules can't tell which task they are about, for a model: only these, each with its few
//! tasks, many of them in one question.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    index::{Index, TaskRef},
    text,
};
use crate::{
    domain::{heard::ChatThread, model::Use},
    intent::text::one_line,
    llm::{
        Question,
        answer::{self, At, Problems},
        fence::Fence,
        prompt::{Context, Conversation, MatchPrompt, Quote, start},
        schema::{boolean, integer, list, nullable, number, object, string},
    },
};

/// Conversations in one question, at most.
pub const MOST: usize = 40;
/// How sure a model has to be of a task, or of no work, so that nobody is asked.
const SURE: f64 = 0.75;
/// Characters of a conversation, and of a title, in a prompt.
const SAID: usize = 600;
const TITLE: usize = 120;
/// Characters of a code in an answer.
const CODE: usize = 30;
/// Tokens of the longest answer, with what a model thinks before it.
const ANSWER_TOKENS: u32 = 4_000;

/// A conversation that may be about one of a few tasks.
#[derive(Debug, Clone)]
pub struct Undecided {
    /// The number that people call it by.
    pub number: u32,
    /// What was said, cut.
    said: String,
    /// The tasks, the likeliest first, each with its title.
    near: Vec<(TaskRef, String)>,
}

/// What a model says of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opinion {
    /// It is about this task.
    About(TaskRef),
    /// It is about none of them.
    NoTask,
    /// It is no work.
    NoWork,
}

impl Undecided {
    /// The conversation with the tasks that it may be about.
    pub fn new(index: &Index, thread: &ChatThread, near: &[TaskRef]) -> Self {
        let titled = |task: &TaskRef| {
            let title = index.task(task).map_or("", |known| known.fields.title.as_str());
            (task.clone(), start(&one_line(title), TITLE))
        };
        let said = start(&text(thread), SAID);
        Self { number: thread.number, said, near: near.iter().map(titled).collect() }
    }
}

/// What to ask about these conversations.
pub fn question(fence: &Fence, undecided: &[Undecided]) -> Question {
    let conversation = |one: &Undecided| {
        let tasks: Vec<String> = one.near.iter().map(|(task, title)| format!("{} {title}", task.code)).collect();
        Conversation {
            number: one.number,
            said: Quote::new(format!("conversation {}", one.number), one.said.clone()),
            tasks: Quote::new("the plan", tasks.join("\n")),
        }
    };
    let prompt = MatchPrompt { fence, conversations: undecided.iter().take(MOST).map(conversation).collect() };
    let entry =
        object([("number", integer()), ("task", nullable(string())), ("work", boolean()), ("confidence", number())]);
    let schema = object([("conversations", list(entry))]);
    Question { purpose: Use::Match, prompt: prompt.prompt(), name: "matches", schema, max_tokens: ANSWER_TOKENS }
}

/// Reads the answer about these conversations: what the model is sure of, by number. Of what it says nothing of, or is not
/// sure of, somebody is asked.
///
/// # Errors
/// All that is wrong with it.
pub fn read(text: &str, undecided: &[Undecided]) -> Result<BTreeMap<u32, Opinion>, Vec<String>> {
    let value = answer::object(text)?;
    let (root, mut problems) = (At::root(&value), Problems::default());
    let listed = root.field("conversations");
    if listed.is_missing() {
        listed.wrong(&mut problems, "is missing");
    }
    let (mut found, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for at in listed.list(MOST, &mut problems) {
        let Some(number) = at.field("number").whole(&mut problems) else { continue };
        let Some(one) = undecided.iter().find(|one| one.number == number) else {
            at.field("number").wrong(&mut problems, "is none of the conversations that were shown");
            continue;
        };
        if !seen.insert(number) {
            at.field("number").wrong(&mut problems, "stands twice");
            continue;
        }
        let is_sure = at.field("confidence").share(&mut problems).is_some_and(|share| share >= SURE);
        if let Some(opinion) = opinion(&at, one, &mut problems).filter(|_| is_sure) {
            found.insert(number, opinion);
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems.words()) }
}

fn opinion(at: &At<'_>, one: &Undecided, problems: &mut Problems) -> Option<Opinion> {
    let (task, work) = (at.field("task"), at.field("work"));
    if work.is_missing() {
        work.wrong(problems, "is missing: it is true or false");
        return None;
    }
    if task.is_empty() {
        let is_work = work.flag(problems)?;
        return Some(if is_work { Opinion::NoTask } else { Opinion::NoWork });
    }
    let code = task.line(CODE, problems)?;
    let known = one.near.iter().find(|(near, _)| near.code.to_string().eq_ignore_ascii_case(&code));
    if known.is_none() {
        let codes: Vec<String> = one.near.iter().map(|(near, _)| near.code.to_string()).collect();
        task.wrong(problems, &format!("has to be one of {} or null", codes.join(", ")));
    }
    known.map(|(near, _)| Opinion::About(near.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::threads::fixtures::{code, index, project, thread};

    fn undecided() -> Vec<Undecided> {
        let index = index(&[("AUTH-3", "Sign-in page"), ("AUTH-4", "Sign-in by mail")]);
        let task = |text: &str| TaskRef { project: project("AUTH"), code: code(text) };
        vec![Undecided::new(&index, &thread(&["the sign-in is broken"]), &[task("AUTH-3"), task("AUTH-4")])]
    }

    #[test]
    fn a_question_shows_the_conversations_with_their_tasks_and_nothing_else() {
        let question = question(&Fence::new(7), &undecided());
        let user = &question.prompt.user;
        for text in ["Conversation 7", "the sign-in is broken", "AUTH-3 Sign-in page", "AUTH-4 Sign-in by mail"] {
            assert!(user.contains(text), "{text}: {user}");
        }
        assert!(crate::llm::schema::check_portable(&question.schema).is_ok());
    }

    #[test]
    fn what_a_model_is_sure_of_counts_and_what_it_makes_up_is_refused() {
        let said = |entry: &str| read(&format!("{{\"conversations\":[{entry}]}}"), &undecided());
        let task = TaskRef { project: project("AUTH"), code: code("AUTH-4") };
        for (entry, expected) in [
            (r#"{"number":7,"task":"auth-4","work":true,"confidence":0.9}"#, Some(Opinion::About(task))),
            (r#"{"number":7,"task":null,"work":true,"confidence":0.8}"#, Some(Opinion::NoTask)),
            (r#"{"number":7,"task":null,"work":false,"confidence":1}"#, Some(Opinion::NoWork)),
            (r#"{"number":7,"task":"AUTH-4","work":true,"confidence":0.4}"#, None),
        ] {
            assert_eq!(said(entry).unwrap().get(&7), expected.as_ref(), "{entry}");
        }
        assert!(said("").unwrap().is_empty());
        for wrong in [
            r#"{"number":8,"task":null,"work":true,"confidence":1}"#,
            r#"{"number":7,"task":"AUTH-9","work":true,"confidence":1}"#,
            r#"{"number":7,"task":null,"work":"yes","confidence":1}"#,
            r#"{"number":7,"task":null,"confidence":1}"#,
            r#"{"number":7,"task":null,"work":true,"confidence":7}"#,
            r#"{"number":7,"task":null,"work":true,"confidence":1},{"number":7,"task":null,"work":true,"confidence":1}"#,
        ] {
            assert!(said(wrong).is_err(), "{wrong}");
        }
        assert!(read("[]", &undecided()).is_err() && read("{}", &undecided()).is_err());
    }
}
