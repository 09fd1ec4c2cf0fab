//! `docket stats`: how proposals fared, by what they were for, who drafted them and with which prompt.

use std::{io::Write, time::Duration};

use super::{
    Failure,
    table::{Align, table},
};
use crate::{
    clock::Chance,
    domain::{
        lesson::{Lesson, Tally, tally},
        time::Timestamp,
    },
    store::Store,
};

const HEAD: [&str; 9] =
    ["FOR", "DRAFTED BY", "PROMPT", "DECIDED", "UNCHANGED", "EDITED", "REJECTED", "EXPIRED", "EDITS"];
const COLUMNS: [Align; 9] = {
    use Align::{Left, Right};
    [Left, Left, Left, Right, Right, Right, Right, Right, Right]
};

/// Prints what was decided in the last `days` days.
pub(super) async fn run(days: u16, store: &Store, chance: &Chance, out: &mut dyn Write) -> Result<(), Failure> {
    // Without its tables the database would answer with an error of its own, which helps nobody.
    store.check().await?;
    let tenant = store.local_tenant(chance).await.map_err(anyhow::Error::from)?;
    let since = chance.now().minus(Duration::from_hours(24 * u64::from(days)));
    let mut tx = store.read(tenant).await.map_err(anyhow::Error::from)?;
    let lessons = tx.lessons_since(since).await.map_err(anyhow::Error::from)?;
    out.write_all(report(&lessons, since).as_bytes())?;
    Ok(())
}

fn report(lessons: &[Lesson], since: Timestamp) -> String {
    let since = since.to_utc().format("%-d %b %Y");
    if lessons.is_empty() {
        return format!(
            "No proposal was approved, rejected or left to expire since {since}. Once people decide on proposals, \
             this shows how often they did so without edits. --days looks further back.\n"
        );
    }
    let head = HEAD.map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(tally(lessons, true).iter().map(row)).collect();
    format!(
        "Proposals decided since {since}. EDITS: how many it took on average until one was approved.\n\n{}",
        table(COLUMNS, &rows)
    )
}

fn row(tally: &Tally) -> [String; 9] {
    let share = |part| tally.share(part).map_or_else(none, |share| format!("{share} %"));
    [
        tally.purpose.as_str().to_owned(),
        tally.drafter(),
        tally.prompt.clone().unwrap_or_else(none),
        tally.decided().to_string(),
        share(tally.approved),
        share(tally.edited),
        share(tally.rejected),
        tally.expired.to_string(),
        tally.mean_distance().map_or_else(none, |mean| format!("{}.{}", mean / 10, mean % 10)),
    ]
}

fn none() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::{
        ids::{Id, PatchId},
        lesson::{Edit, Edited, Kind, Purpose, Verdict},
    };

    fn lesson(model: Option<&str>, prompt: &str, verdict: Verdict, distance: usize) -> Lesson {
        let patch = PatchId::from_ulid(Ulid::from_parts(0, 1));
        Lesson {
            patch,
            first: patch,
            purpose: Purpose::Plan,
            model: model.map(|name| name.parse().unwrap()),
            prompt: model.map(|_| prompt.to_owned()),
            verdict,
            proposed: 3,
            approved: 3,
            edits: vec![Edit { op: Kind::Create, task: None, edited: Edited::Added }; distance],
            at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_line_tells_of_each_purpose_model_and_prompt() {
        let gpt = Some("openai/gpt-5");
        let lessons = [
            lesson(gpt, "0a1b2c3d", Verdict::Approved, 0),
            lesson(gpt, "0a1b2c3d", Verdict::Edited, 3),
            lesson(gpt, "0a1b2c3d", Verdict::Rejected, 5),
            lesson(gpt, "ffffffff", Verdict::Expired, 5),
            lesson(None, "", Verdict::Approved, 0),
        ];
        insta::assert_snapshot!(report(&lessons, Timestamp::from_millis(0)), @r"
        Proposals decided since 1 Jan 1970. EDITS: how many it took on average until one was approved.

        FOR   DRAFTED BY    PROMPT    DECIDED  UNCHANGED  EDITED  REJECTED  EXPIRED  EDITS
        plan  template      –               1      100 %     0 %       0 %        0    0.0
        plan  openai/gpt-5  0a1b2c3d        3       33 %    33 %      33 %        0    1.5
        plan  openai/gpt-5  ffffffff        0          –       –         –        1      –
        ");
    }

    #[test]
    fn where_nothing_was_decided_it_says_what_would_be_shown() {
        insta::assert_snapshot!(report(&[], Timestamp::from_millis(0)), @"No proposal was approved, rejected or left to expire since 1 Jan 1970. Once people decide on proposals, this shows how often they did so without edits. --days looks further back.");
    }
}
