//! What a model may say better than the rules do: the words of the focus, made of facts that it names, and which
//! conversations belong together. Whatever else it says is refused, and then the rules speak.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use super::compose::{fact, short};
use crate::{
    domain::{
        digest::{DigestFacts, FocusLine, Group, Untracked, Wording},
        model::Use,
    },
    llm::{
        Question,
        answer::{self, At, Problems},
        fence::Fence,
        prompt::{Context, DigestPrompt, Quote, start},
        schema::{integer, list, nullable, object, string},
    },
};

/// Facts that a focus is made of, at most.
const SOURCES: usize = 3;
/// Characters of a focus, and of a group's name.
const WORDS: usize = 160;
const NAME: usize = 50;
/// Conversations that are shown, and as few as no groups can be made of that help anybody.
const SHOWN: usize = 20;
const FEW: usize = 3;
/// Characters of a conversation in a prompt.
const SAID: usize = 300;
/// Tokens of the longest answer, with what a model thinks before it.
const ANSWER_TOKENS: u32 = 2_000;

/// What to ask about these facts; `None` where there is neither a focus nor enough to group.
pub(super) fn question(fence: &Fence, facts: &DigestFacts, zone: Tz) -> Option<Question> {
    let (said, talks) = (lines(facts, zone), grouped(facts));
    if !facts.has_news || (said.is_empty() && talks.is_empty()) {
        return None;
    }
    let numbered: Vec<String> = said.iter().enumerate().map(|(at, line)| format!("{}. {line}", at + 1)).collect();
    let talk =
        |(one, words): &(&Untracked, &str)| Quote::new(format!("conversation {}", one.number), start(words, SAID));
    let prompt = DigestPrompt {
        fence,
        facts: (!numbered.is_empty()).then(|| Quote::new("the facts", numbered.join("\n"))),
        conversations: talks.iter().map(talk).collect(),
    };
    let focus = object([("words", string()), ("facts", list(integer()))]);
    let group = object([("name", string()), ("conversations", list(integer()))]);
    let schema = object([("focus", nullable(focus)), ("groups", list(group))]);
    Some(Question { purpose: Use::Digest, prompt: prompt.prompt(), name: "wording", schema, max_tokens: ANSWER_TOKENS })
}

/// Reads the answer about these facts.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(text: &str, facts: &DigestFacts, zone: Tz) -> Result<Wording, Vec<String>> {
    let value = answer::object(text)?;
    let (root, mut problems) = (At::root(&value), Problems::default());
    let focus = focus(&root.field("focus"), &lines(facts, zone), &mut problems);
    let listed = root.field("groups");
    if listed.is_missing() {
        listed.wrong(&mut problems, "is missing");
    }
    let shown: BTreeMap<u32, &str> = grouped(facts).into_iter().map(|(one, words)| (one.number, words)).collect();
    let (mut groups, mut seen) = (Vec::new(), BTreeSet::new());
    for at in listed.list(SHOWN, &mut problems) {
        groups.extend(group(&at, &shown, &mut seen, &mut problems));
    }
    if problems.is_empty() { Ok(Wording { by: None, focus, groups }) } else { Err(problems.words()) }
}

/// What would help, as the rules say it.
fn lines(facts: &DigestFacts, zone: Tz) -> Vec<String> {
    let say = short(facts, zone);
    facts.focus.iter().map(|focus| fact(&say, focus)).collect()
}

/// The conversations that may be shown to a model, each with what was said: those that match no task, and none of a
/// private channel. None at all where they are too few.
fn grouped(facts: &DigestFacts) -> Vec<(&Untracked, &str)> {
    let open = facts.untracked.iter().filter(|one| one.near.is_empty() && !one.is_private);
    let shown: Vec<_> = open.filter_map(|one| Some((one, one.words.as_deref()?))).take(SHOWN).collect();
    if shown.len() < FEW { Vec::new() } else { shown }
}

fn focus(at: &At<'_>, lines: &[String], problems: &mut Problems) -> Option<FocusLine> {
    if at.is_missing() {
        return None;
    }
    let words = plain_words(&at.field("words"), WORDS, problems);
    let mut of: Vec<String> = Vec::new();
    let listed = at.field("facts");
    for number in listed.list(SOURCES, problems) {
        match number.whole(problems).and_then(|nth| lines.get(usize::try_from(nth).ok()?.checked_sub(1)?)) {
            Some(line) if !of.contains(line) => of.push(line.clone()),
            Some(_) => {}
            None => number.wrong(problems, "is no number of a fact that was shown"),
        }
    }
    if of.is_empty() {
        listed.wrong(problems, "has to name the facts that the words are made of");
        return None;
    }
    let words = words?;
    nothing_invented(&at.field("words"), &words, of.iter().map(String::as_str), problems);
    Some(FocusLine { words: words.trim_end_matches('.').to_owned(), of })
}

fn group(at: &At<'_>, shown: &BTreeMap<u32, &str>, seen: &mut BTreeSet<u32>, problems: &mut Problems) -> Option<Group> {
    let name = plain_words(&at.field("name"), NAME, problems);
    let mut conversations = Vec::new();
    for number in at.field("conversations").list(SHOWN, problems) {
        let Some(of) = number.whole(problems) else { continue };
        if !shown.contains_key(&of) {
            number.wrong(problems, "is none of the conversations that were shown");
        } else if !seen.insert(of) {
            number.wrong(problems, "stands twice");
        } else {
            conversations.push(of);
        }
    }
    let name = name?;
    let said = conversations.iter().filter_map(|of| shown.get(of).copied());
    nothing_invented(&at.field("name"), &name, said, problems);
    // One alone is no group, and no mistake.
    (conversations.len() > 1).then_some(Group { name, conversations })
}

/// Words in which nothing stands that could be taken for more than words: no address, no mention, no markup.
fn plain_words(at: &At<'_>, max: usize, problems: &mut Problems) -> Option<String> {
    let words = at.needed_line(max, problems)?;
    if words.contains(['<', '>', '@', '`', '*', '_', '|']) || words.contains("://") || words.contains("www.") {
        at.wrong(problems, "has to be plain words, without addresses, mentions and markup");
        return None;
    }
    Some(words)
}

/// Says of every number in the words that it stands in none of their sources.
fn nothing_invented<'a>(at: &At<'_>, words: &str, of: impl Iterator<Item = &'a str>, problems: &mut Problems) {
    let known: BTreeSet<String> = of.flat_map(exact).collect();
    for invented in exact(words).filter(|one| !known.contains(one)) {
        at.wrong(problems, &format!("says {invented}, which stands in nothing that it is made of"));
    }
}

/// What has to be exact in a text: numbers, codes, times, everything with a digit in it.
fn exact(text: &str) -> impl Iterator<Item = String> {
    let pieces = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '#' | ':')));
    let pieces = pieces.map(|piece| piece.trim_end_matches(['-', ':']));
    pieces.filter(|piece| piece.contains(char::is_numeric)).map(str::to_uppercase)
}
