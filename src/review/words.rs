//! Small pieces of English: lists, quotes, counts, how long ago.

use chrono::NaiveDate;
use chrono_tz::Tz;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long before `now` something happened: `just now`, `two minutes ago`, `three days ago`; the
/// date where it is more than four weeks.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0..45 => "just now".to_owned(),
        45..HOUR => span(rounded(seconds, MINUTE), "minute"),
        HOUR..DAY => span(rounded(seconds, HOUR), "hour"),
        _ if seconds < 28 * DAY => span(rounded(seconds, DAY), "day"),
        _ => format!("on {}", date(then.to_utc().date_naive())),
    }
}

fn rounded(seconds: u64, unit: u64) -> u64 {
    ((seconds + unit / 2) / unit).max(1)
}

fn span(count: u64, unit: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {unit}{ending} ago", number(count))
}

/// A number as people say it: in words up to ten.
pub fn number(count: u64) -> String {
    const WORDS: [&str; 11] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = usize::try_from(count).ok().and_then(|n| WORDS.get(n));
    word.map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// A count with its noun: `1 task`, `3 tasks`.
pub fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A list as people say it: `Ana`, `Ana or Ben`, `Ana, Ben or Cy`.
pub fn list(items: &[impl AsRef<str>], conjunction: &str) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

/// What somebody said, on one line, in quotes.
pub fn quote(said: &str, max: usize) -> String {
    format!("\"{}\"", clip(said, max))
}

/// `text` on one line, cut to `max` characters as people see them, with an ellipsis where it was longer.
pub fn clip(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.graphemes(true).nth(max).is_none() {
        return line;
    }
    let kept: String = line.graphemes(true).take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A day as people write it: `27 Nov 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// An instant on the clocks of a place: `Mon 30 Nov 09:30, Europe/Paris`.
pub fn moment(at: Timestamp, zone: Tz) -> String {
    format!("{}, {}", at.to_utc().with_timezone(&zone).format("%a %-d %b %H:%M"), zone.name())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_past_are_told_as_people_tell_them() {
        let now = Timestamp::from_millis(1_795_171_320_000);
        let cases = [
            (0, "just now"),
            (44, "just now"),
            (45, "one minute ago"),
            (120, "two minutes ago"),
            (15 * 60, "15 minutes ago"),
            (3600, "one hour ago"),
            (5 * 3600, "five hours ago"),
            (26 * 3600, "one day ago"),
            (6 * 86_400, "six days ago"),
            (40 * 86_400, "on 11 Oct 2026"),
        ];
        for (seconds, words) in cases {
            assert_eq!(ago(now.minus(Duration::from_secs(seconds)), now), words, "{seconds} s");
        }
        assert_eq!(ago(now.plus(Duration::from_secs(9)), now), "just now", "a clock that runs ahead");
    }

    #[test]
    fn an_instant_is_told_where_its_clock_hangs() {
        let at = Timestamp::from_millis(1_795_171_320_000);
        assert_eq!(moment(at, chrono_tz::Europe::Paris), "Fri 20 Nov 11:42, Europe/Paris");
        assert_eq!(moment(at, chrono_tz::Australia::Lord_Howe), "Fri 20 Nov 21:42, Australia/Lord_Howe");
    }

    #[test]
    fn lists_read_like_speech() {
        assert_eq!(list(&["Ana"], "or"), "Ana");
        assert_eq!(list(&["Ana", "Ben"], "or"), "Ana or Ben");
        assert_eq!(list(&["Ana", "Ben", "Cy"], "and"), "Ana, Ben and Cy");
        assert_eq!(list(&[] as &[&str], "and"), "");
    }

    #[test]
    fn long_text_is_cut_between_characters_and_kept_on_one_line() {
        assert_eq!(clip("short", 5), "short");
        assert_eq!(clip("two\n lines", 20), "two lines");
        assert_eq!(clip("Sign-in page", 8), "Sign-in…");
        assert_eq!(clip("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 2), "👩‍👩‍👧…");
        assert_eq!(quote("so", 9), "\"so\"");
    }
}
