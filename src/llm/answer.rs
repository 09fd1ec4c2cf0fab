//! Answers: JSON from a model, read with everything that is wrong with it at once, in words that a model can mend and a
//! person understands.
//!
//! Reading never panics, whatever stands in the answer, and costs by its length.

use serde_json::{Map, Value};

use super::document::json_in;

/// Bytes of an answer, at most.
const LONGEST: usize = 8_000_000;
/// Problems that are told; of more, only how many there are.
const TOLD: usize = 20;

/// What is wrong with an answer.
#[derive(Debug, Default)]
pub struct Problems {
    told: Vec<String>,
    untold: usize,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, words: impl Into<String>) {
        if self.told.len() < TOLD {
            self.told.push(words.into());
        } else {
            self.untold += 1;
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// All of them in words, of which there is at least one.
    pub fn words(mut self) -> Vec<String> {
        match self.untold {
            0 => {}
            1 => self.told.push("There is 1 more problem of this kind.".to_owned()),
            more => self.told.push(format!("There are {more} more problems of this kind.")),
        }
        self.told
    }
}

/// The JSON object of an answer, whatever stands around it: Markdown, a thought, a greeting.
pub fn object(text: &str) -> Result<Value, Vec<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Err(vec!["The answer is empty. Answer with the JSON object.".to_owned()]);
    }
    if text.len() > LONGEST {
        return Err(vec![format!("The answer has {} bytes; at most {LONGEST} are read.", text.len())]);
    }
    let problem = match serde_json::from_str::<Value>(json_in(text)) {
        Ok(value) if value.is_object() => return Ok(value),
        Ok(value) => format!("it is {}", kind(&value)),
        Err(error) => error.to_string(),
    };
    Err(vec![format!("The answer is no JSON object: {problem}. Answer with one JSON object and nothing else.")])
}

/// A place in an answer, and what stands there.
#[derive(Debug, Clone)]
pub struct At<'a> {
    path: String,
    value: &'a Value,
}

/// What stands where nothing does.
static NOTHING: Value = Value::Null;

impl<'a> At<'a> {
    /// The whole answer.
    pub const fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// Where it is: `tasks[2].title`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether there is nothing, not even a blank.
    pub fn is_missing(&self) -> bool {
        self.value.is_null()
    }

    /// Whether nothing is said, or only blanks.
    pub fn is_empty(&self) -> bool {
        let blank = |value: &Value| value.as_str().is_some_and(|text| one_line(text).is_empty());
        match self.value {
            Value::Null => true,
            Value::Array(items) => items.iter().all(blank),
            value => blank(value),
        }
    }

    /// A field of this object; what is no object has none.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, value: self.value.get(name).unwrap_or(&NOTHING) }
    }

    /// Says that something is wrong here: `tasks[2].title is empty`.
    pub fn wrong(&self, problems: &mut Problems, words: &str) {
        problems.add(format!("{} {words}.", self.path));
    }

    fn wrong_kind(&self, problems: &mut Problems, wanted: &str) {
        self.wrong(problems, &format!("is {} and has to be {wanted}", kind(self.value)));
    }

    /// The fields of an object; `None`, with a problem, where it is none.
    pub fn fields(&self, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let fields = self.value.as_object();
        if fields.is_none() {
            self.wrong_kind(problems, "an object");
        }
        fields
    }

    /// A text of one line and at most `max` characters; `None` where nothing is said.
    pub fn line(&self, max: usize, problems: &mut Problems) -> Option<String> {
        self.text(max, one_line, problems)
    }

    /// A text of one line that has to be there.
    pub fn needed_line(&self, max: usize, problems: &mut Problems) -> Option<String> {
        let line = self.line(max, problems);
        if self.is_empty() {
            self.wrong(problems, "is missing");
        }
        line
    }

    /// A text of any number of lines and at most `max` characters; `None` where nothing is said.
    pub fn prose(&self, max: usize, problems: &mut Problems) -> Option<String> {
        self.text(max, lines, problems)
    }

    fn text(&self, max: usize, clean: fn(&str) -> String, problems: &mut Problems) -> Option<String> {
        let text = match self.value {
            Value::Null => return None,
            Value::String(text) => clean(text),
            _ => {
                self.wrong_kind(problems, "text");
                return None;
            }
        };
        let length = text.chars().count();
        if length > max {
            self.wrong(problems, &format!("has {length} characters, and at most {max} fit"));
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// A whole number from 0; `None` where nothing is said.
    pub fn whole(&self, problems: &mut Problems) -> Option<u32> {
        // Some models write 480.0.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked before")]
        let number = match self.value {
            Value::Null => return None,
            Value::Number(number) => number
                .as_f64()
                .filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number))
                .map(|number| number as u32),
            _ => None,
        };
        if number.is_none() {
            self.wrong_kind(problems, "a whole number from 0");
        }
        number
    }

    /// Yes or no; `None` where it is something else, or nothing.
    pub fn flag(&self, problems: &mut Problems) -> Option<bool> {
        let said = self.value.as_bool();
        if said.is_none() {
            self.wrong(problems, "has to be true or false");
        }
        said
    }

    /// A number from 0 to 1, which has to be there.
    pub fn share(&self, problems: &mut Problems) -> Option<f64> {
        let share = self.value.as_f64().filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.wrong(problems, "has to be a number from 0 to 1");
        }
        share
    }

    /// One of a few words; `None` where nothing is said.
    pub fn word<T: Copy>(&self, all: &[T], name: fn(T) -> &'static str, problems: &mut Problems) -> Option<T> {
        if self.is_missing() {
            return None;
        }
        let said = self.value.as_str().map(str::trim);
        let found = all.iter().copied().find(|word| said.is_some_and(|said| said.eq_ignore_ascii_case(name(*word))));
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
            self.wrong(problems, &format!("has to be one of {}", names.join(", ")));
        }
        found
    }

    /// What a list holds; empty where nothing is said. Of more than `max` nothing is looked at.
    pub fn list(&self, max: usize, problems: &mut Problems) -> Vec<Self> {
        match self.value {
            Value::Null => Vec::new(),
            Value::Array(items) if items.len() > max => {
                self.wrong(problems, &format!("has {} entries, and at most {max} are allowed", items.len()));
                Vec::new()
            }
            Value::Array(items) => {
                let at = |(nth, value)| Self { path: format!("{}[{nth}]", self.path), value };
                items.iter().enumerate().map(at).collect()
            }
            _ => {
                self.wrong_kind(problems, "a list");
                Vec::new()
            }
        }
    }

    /// The texts of a list, each of one line and at most `max` characters, without the empty ones.
    pub fn texts(&self, count: usize, max: usize, problems: &mut Problems) -> Vec<String> {
        self.list(count, problems).iter().filter_map(|item| item.line(max, problems)).collect()
    }
}

/// What a value is, in words.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "missing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether a character has no place in what people read: it controls something, or hides how a text reads.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text on one line.
fn one_line(text: &str) -> String {
    let seen: String = text.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with its lines, without anything unseen.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let seen: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unseen(*c)).collect();
    seen.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_object_is_found_in_whatever_stands_around_it() {
        for text in [
            r#"{"a": 1}"#,
            "  {\"a\": 1}\n",
            "```json\n{\"a\": 1}\n```",
            "Here you are:\n{\"a\": 1}\nAnything else?",
            "<think>maybe {b} or {\"a\": 2}</think>\n```\n{\"a\": 1}\n```",
        ] {
            assert_eq!(object(text), Ok(json!({"a": 1})), "{text}");
        }
        assert_eq!(object(r#"{"a": "</think>"}"#), Ok(json!({"a": "</think>"})));
    }

    #[test]
    fn what_is_no_object_is_said_in_words() {
        let said = |text: &str| object(text).unwrap_err().join("\n");
        insta::assert_snapshot!(said(" \n"), @"The answer is empty. Answer with the JSON object.");
        insta::assert_snapshot!(said("I can't do that."), @"The answer is no JSON object: expected value at line 1 column 1. Answer with one JSON object and nothing else.");
        insta::assert_snapshot!(said("[1]"), @"The answer is no JSON object: it is a list. Answer with one JSON object and nothing else.");
        insta::assert_snapshot!(said(r#"{"tasks": [{"title": "Tok"#), @"The answer is no JSON object: EOF while parsing a string at line 1 column 25. Answer with one JSON object and nothing else.");
        assert!(said(&"{\"a\":".repeat(10_000)).contains("recursion limit"));
        assert!(said(&"x".repeat(LONGEST + 1)).contains("8000001 bytes"));
    }

    #[test]
    fn every_wrong_value_is_named_by_its_place() {
        let value = json!({
            "number": 3, "text": "x", "long": "xxxxxx", "blank": " \u{200b}\n", "list": [1, "two\nlines", "", 3], "word": "soon",
            "half": 0.5, "minus": -1, "float": 480.0, "deep": {"inner": []},
        });
        let (root, mut problems) = (At::root(&value), Problems::default());
        assert_eq!(root.field("number").line(5, &mut problems), None);
        assert_eq!(root.field("long").line(5, &mut problems), None);
        assert_eq!(root.field("blank").needed_line(5, &mut problems), None);
        assert_eq!(root.field("none").needed_line(5, &mut problems), None);
        assert_eq!(root.field("none").line(5, &mut problems), None);
        assert_eq!(root.field("list").texts(9, 9, &mut problems), ["two lines"]);
        assert_eq!(root.field("list").texts(3, 9, &mut problems), [""; 0]);
        assert_eq!(root.field("word").word(&["now", "later"], |word| word, &mut problems), None);
        assert_eq!(root.field("half").whole(&mut problems), None);
        assert_eq!(root.field("minus").whole(&mut problems), None);
        assert_eq!(root.field("float").whole(&mut problems), Some(480));
        assert_eq!(root.field("half").share(&mut problems), Some(0.5));
        assert_eq!(root.field("text").share(&mut problems), None);
        assert_eq!(root.field("deep").field("inner").whole(&mut problems), None);
        assert!(root.field("text").field("inner").is_missing());
        assert!(root.field("text").fields(&mut problems).is_none());
        insta::assert_snapshot!(problems.words().join("\n"), @"
        number is a number and has to be text.
        long has 6 characters, and at most 5 fit.
        blank is missing.
        none is missing.
        list[0] is a number and has to be text.
        list[3] is a number and has to be text.
        list has 4 entries, and at most 3 are allowed.
        word has to be one of now, later.
        half is a number and has to be a whole number from 0.
        minus is a number and has to be a whole number from 0.
        text has to be a number from 0 to 1.
        deep.inner is a list and has to be a whole number from 0.
        text is text and has to be an object.
        ");
    }

    #[test]
    fn of_many_problems_the_first_are_told() {
        let value = json!({"list": vec![1; 100]});
        let mut problems = Problems::default();
        At::root(&value).field("list").texts(100, 9, &mut problems);
        let words = problems.words();
        assert_eq!((words.len(), words[20].as_str()), (21, "There are 80 more problems of this kind."));
    }

    #[test]
    fn texts_lose_what_nobody_sees() {
        assert_eq!(one_line(" Sign\u{202e}-in\n\u{7}page\u{feff} "), "Sign-in page");
        assert_eq!(lines("one\r\n\ttwo\u{1b}[31m\n"), "one\n\ttwo[31m");
        assert_eq!(one_line("👩\u{200d}🚀 می\u{200c}خواهم"), "👩\u{200d}🚀 می\u{200c}خواهم");
    }
}
