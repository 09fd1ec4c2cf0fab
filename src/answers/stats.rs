//! `stats`: how often proposals were approved, and how much people had to change first.

use std::time::Duration;

use super::{
    Ask,
    line::{section, titled},
    teach,
};
use crate::{
    domain::{
        lesson::{Lesson, Purpose, Tally, tally},
        message::{Message, Span},
    },
    review::words::count,
    store::{self, Tx},
};

/// How far back it looks, in days.
const DAYS: u64 = 30;
/// Models in one section.
const LINES: usize = 20;

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let lessons = tx.lessons_since(ask.now.minus(Duration::from_hours(24 * DAYS))).await?;
    Ok(message(&lessons))
}

fn message(lessons: &[Lesson]) -> Message {
    let tallies = tally(lessons, false);
    if tallies.is_empty() {
        let words = format!("Nothing was approved, rejected or left to expire in the last {DAYS} days. To begin, try");
        return teach(&words, "/docket plan Build a user authentication flow");
    }
    let sections = Purpose::ALL.iter().flat_map(|purpose| {
        let lines = tallies.iter().filter(|tally| tally.purpose == *purpose).map(line).collect();
        section(called(*purpose), lines, LINES, None)
    });
    let decided: usize = tallies.iter().map(Tally::decided).sum();
    let title = format!("{} decided in the last {DAYS} days", count(decided, "proposal"));
    titled(title.clone(), title, sections)
}

const fn called(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Plan => "First plans",
        Purpose::Break => "Breakdowns",
        Purpose::Refine => "Changes in words",
        Purpose::Set => "Changes of one task",
        Purpose::Undo => "Undone changes",
    }
}

/// `openai/gpt-5 · 12 decided · 58 % approved as proposed · 42 % approved after edits · 1.4 edits on average · 2 expired`.
fn line(tally: &Tally) -> Vec<Span> {
    let share =
        |part: usize, what: &str| tally.share(part).filter(|_| part > 0).map(|share| format!("{share} % {what}"));
    let mean = tally.mean_distance().filter(|mean| *mean > 0);
    let parts = [
        Some(format!("{} decided", tally.decided())),
        share(tally.approved, "approved as proposed"),
        share(tally.edited, "approved after edits"),
        share(tally.rejected, "rejected"),
        mean.map(|mean| format!("{}.{} edits on average", mean / 10, mean % 10)),
        (tally.expired > 0).then(|| format!("{} expired", tally.expired)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    vec![Span::Strong(tally.drafter()), Span::Plain(format!(" · {}", parts.join(" · ")))]
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::{
        ids::{Id, PatchId},
        lesson::{Edit, Edited, Kind, Verdict},
        time::Timestamp,
    };

    fn lesson(purpose: Purpose, model: Option<&str>, verdict: Verdict, distance: usize) -> Lesson {
        let patch = PatchId::from_ulid(Ulid::from_parts(0, 1));
        Lesson {
            patch,
            first: patch,
            purpose,
            model: model.map(|name| name.parse().unwrap()),
            prompt: None,
            verdict,
            proposed: 3,
            approved: 3,
            edits: vec![Edit { op: Kind::Create, task: None, edited: Edited::Added }; distance],
            at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn stats_tell_for_each_purpose_and_model_how_its_proposals_fared() {
        let gpt = Some("openai/gpt-5");
        let lessons = [
            lesson(Purpose::Plan, gpt, Verdict::Approved, 0),
            lesson(Purpose::Plan, gpt, Verdict::Edited, 3),
            lesson(Purpose::Plan, gpt, Verdict::Rejected, 5),
            lesson(Purpose::Plan, None, Verdict::Approved, 0),
            lesson(Purpose::Refine, Some("local/qwen3"), Verdict::Expired, 1),
        ];
        insta::assert_snapshot!(message(&lessons).to_plain(), @r"
        4 proposals decided in the last 30 days
        First plans
        template · 1 decided · 100 % approved as proposed
        openai/gpt-5 · 3 decided · 33 % approved as proposed · 33 % approved after edits · 33 % rejected · 1.5 edits on average
        Changes in words
        local/qwen3 · 0 decided · 1 expired
        ");
    }

    #[test]
    fn stats_of_nothing_say_how_to_begin() {
        insta::assert_snapshot!(message(&[]).to_plain(), @"Nothing was approved, rejected or left to expire in the last 30 days. To begin, try /docket plan Build a user authentication flow");
    }
}
