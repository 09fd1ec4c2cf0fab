//! A place in a line that is read word by word, and back again where a way leads nowhere.

use chrono::Weekday;

/// A line, and how far it is read.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Where each word begins, and the word without what quotes it or follows it.
    words: Vec<(usize, &'a str)>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.trim();
        let starts = text.split_whitespace().map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word));
        let words = starts.map(|(start, word)| (start, bare(word))).collect();
        Self { text, words, at: 0 }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.words.get(self.at).map_or("", |(start, _)| &self.text[*start..])
    }

    /// The next words, up to so many.
    pub(super) fn ahead(&self, count: usize) -> Vec<&'a str> {
        self.words.iter().skip(self.at).take(count).map(|(_, word)| *word).collect()
    }

    /// The next word.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).map(|(_, word)| *word)
    }

    /// Goes on by so many words.
    pub(super) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.words.len());
    }

    /// Goes on behind these words, if they come next; in any case.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let ahead = self.ahead(wanted.len());
        let is_next = ahead.len() == wanted.len() && ahead.iter().zip(&wanted).all(|(a, b)| a.eq_ignore_ascii_case(b));
        if is_next {
            self.skip(wanted.len());
        }
        is_next
    }

    /// Goes on behind the first of these that comes next.
    pub(super) fn eat_any(&mut self, choices: &[&str]) -> bool {
        choices.iter().any(|words| self.eat(words))
    }

    /// What `read` finds here. Where it finds nothing, nothing is read.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.at;
        let found = read(self);
        if found.is_none() {
            self.at = before;
        }
        found
    }

    /// A day of the week.
    pub(super) fn weekday(&mut self) -> Option<Weekday> {
        let day = weekday(self.peek()?)?;
        self.skip(1);
        Some(day)
    }

    /// Days of the week: `Mon, Wed and Fri`, `Mon-Thu`, `Monday to Friday`.
    pub(super) fn weekdays(&mut self) -> Option<Vec<Weekday>> {
        let mut found = self.some_days()?;
        while let Some(more) = self.attempt(|cursor| {
            cursor.eat_any(&["and", "&", "+"]);
            cursor.some_days()
        }) {
            found.extend(more);
        }
        Some(in_order(&found))
    }

    /// A day of the week, or those from one to another.
    fn some_days(&mut self) -> Option<Vec<Weekday>> {
        if let Some(found) = self.peek().and_then(days_in_word) {
            self.skip(1);
            return Some(found);
        }
        let first = self.weekday()?;
        let last = self.attempt(|cursor| {
            cursor.eat_any(&["-", "–", "—", "to", "until", "till", "through"]).then(|| cursor.weekday())?
        });
        Some(last.map_or_else(|| vec![first], |last| span(first, last)))
    }
}

/// A word without quotes around it and without what separates it from the next.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(['"', '`', '\'', '“', '”', '(', ')']);
    let bare = word.trim_end_matches([',', ';', '.']);
    if bare.is_empty() { word } else { bare }
}

/// `Mon-Fri`, `Mon,Wed` in one word.
fn days_in_word(word: &str) -> Option<Vec<Weekday>> {
    if let Some((first, last)) = word.split_once(['-', '–', '—']) {
        return Some(span(weekday(first)?, weekday(last)?));
    }
    word.contains(',').then(|| word.split(',').map(weekday).collect::<Option<Vec<_>>>())?
}

/// The days from one to another, over the end of the week where it comes first.
fn span(first: Weekday, last: Weekday) -> Vec<Weekday> {
    let days = std::iter::successors(Some(first), |day| Some(day.succ())).take(7);
    let count = (last.num_days_from_monday() + 7 - first.num_days_from_monday()) % 7 + 1;
    days.take(count as usize).collect()
}

/// From Monday on, and each once.
fn in_order(days: &[Weekday]) -> Vec<Weekday> {
    span(Weekday::Mon, Weekday::Sun).into_iter().filter(|day| days.contains(day)).collect()
}

/// A day of the week by its name, also in the plural or cut short.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    let word = word.to_lowercase();
    match word.as_str() {
        "tues" => return Some(Weekday::Tue),
        "weds" => return Some(Weekday::Wed),
        "thur" | "thurs" => return Some(Weekday::Thu),
        _ => {}
    }
    let singular = word.strip_suffix('s').filter(|word| word.ends_with("day")).unwrap_or(&word);
    (3..=9).contains(&singular.len()).then(|| singular.parse().ok()).flatten()
}
