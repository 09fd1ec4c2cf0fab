//! What follows `draft`, and what is said in the thread of a draft.

use super::text::first_word;
use crate::domain::{digest::DraftWish, ids::ScheduleId, intent::Intent, time::Timestamp};

/// Reads what follows `draft`.
pub(super) fn draft(text: &str) -> Option<Intent> {
    let (of, rest) = named(text);
    Some(Intent::Draft { wish: exact(rest)?, of })
}

/// The line that wants this of the draft of one slot of a schedule, for buttons: nobody would type it.
pub fn line((schedule, slot): (ScheduleId, Timestamp), wish: &DraftWish) -> String {
    let wish = match wish {
        DraftWish::Show => "show".to_owned(),
        DraftWish::Fine => "ok".to_owned(),
        DraftWish::LeaveOut => "skip".to_owned(),
        DraftWish::Add(words) => format!("add {words}"),
        DraftWish::Drop(number) => format!("drop {number}"),
        DraftWish::Reword(number, words) => format!("{number}: {words}"),
    };
    format!("draft {schedule}@{} {wish}", slot.as_millis())
}

/// The slot that is named in front, where one is, and what follows.
fn named(text: &str) -> (Option<(ScheduleId, Timestamp)>, &str) {
    let (word, rest) = first_word(text);
    let of = word
        .split_once('@')
        .and_then(|(schedule, slot)| Some((schedule.parse().ok()?, Timestamp::from_millis(slot.parse().ok()?))));
    if of.is_some() { (of, rest) } else { (None, text) }
}

/// What words in the thread of a draft want: what is none of the forms is a line to add.
pub fn said(line: &str) -> DraftWish {
    let line = line.trim();
    let (first, rest) = first_word(line);
    exact(if first.eq_ignore_ascii_case("draft") { rest } else { line })
        .unwrap_or_else(|| DraftWish::Add(line.to_owned()))
}

/// What to say where it can't be read.
pub(super) fn wrong(text: &str) -> String {
    format!(
        "I can't read “{}” as a correction of your draft, so I changed nothing. Say add Talked to legal, drop 2, \
         2: other words, skip or ok.",
        super::command::shorten(text)
    )
}

fn exact(text: &str) -> Option<DraftWish> {
    let (word, rest) = first_word(text);
    match (word.trim_end_matches(['.', '!']).to_lowercase().as_str(), rest) {
        ("" | "show", "") => Some(DraftWish::Show),
        ("ok" | "okay" | "yes" | "right" | "fine" | "good" | "👍", "") => Some(DraftWish::Fine),
        ("skip", "" | "me" | "today") => Some(DraftWish::LeaveOut),
        ("add", words) if !words.is_empty() => Some(DraftWish::Add(words.to_owned())),
        ("drop" | "remove", number) => number.parse().ok().map(DraftWish::Drop),
        _ => reworded(text),
    }
}

/// `2: other words`.
fn reworded(text: &str) -> Option<DraftWish> {
    let (number, words) = text.split_once(':')?;
    let words = words.trim();
    let number = number.trim().parse().ok()?;
    (!words.is_empty()).then(|| DraftWish::Reword(number, words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Id as _;

    #[test]
    fn every_form_reads_and_a_sentence_in_the_thread_is_a_line_to_add() {
        let add = |words: &str| DraftWish::Add(words.to_owned());
        for (line, wish) in [
            ("ok", DraftWish::Fine),
            ("Yes!", DraftWish::Fine),
            ("skip", DraftWish::LeaveOut),
            ("draft skip today", DraftWish::LeaveOut),
            ("drop 2", DraftWish::Drop(2)),
            ("add Talked to legal", add("Talked to legal")),
            ("2: Nearly there", DraftWish::Reword(2, "Nearly there".to_owned())),
            ("Talked to legal all day", add("Talked to legal all day")),
            ("drop the old page", add("drop the old page")),
            ("At 10:30 I met legal", add("At 10:30 I met legal")),
            ("ok but AUTH-3 is not done", add("ok but AUTH-3 is not done")),
        ] {
            assert_eq!(said(line), wish, "{line}");
        }
        for wrong in ["Talked to legal", "drop", "add", "2:", "drop two"] {
            assert_eq!(draft(wrong), None, "{wrong}");
        }
        assert_eq!(draft(""), Some(Intent::Draft { wish: DraftWish::Show, of: None }));
    }

    #[test]
    fn a_button_says_which_draft_it_is_of() {
        let of = (ScheduleId::from_ulid(ulid::Ulid::from_parts(1, 1)), Timestamp::from_millis(1_795_424_400_000));
        for wish in [
            DraftWish::Show,
            DraftWish::Fine,
            DraftWish::LeaveOut,
            DraftWish::Add("skip the line: 2".to_owned()),
            DraftWish::Drop(2),
            DraftWish::Reword(2, "add: nearly there".to_owned()),
        ] {
            let read = crate::intent::typed(&line(of, &wish), crate::intent::test_day());
            assert_eq!(read, crate::intent::Reading::Meant(Intent::Draft { wish, of: Some(of) }));
        }
    }
}
