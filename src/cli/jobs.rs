//! `docket jobs`: what waits, what gave up, and what to do about it.

use std::{io::Write, time::Duration};

use super::{Failure, JobsCommand};
use crate::{
    chat,
    clock::Chance,
    domain::{
        delivery::{Delivery, Source},
        event::Venue,
        ids::{ChangeId, ConnectionId, JobId, PatchId, ProjectId},
        job::Job,
        member::Surface,
        task::TaskNumber,
        time::Timestamp,
    },
    store::{self, JobRow, Store, Tx},
};

/// Longer errors are cut here; the log has the whole of them.
const ERROR_WIDTH: usize = 160;
/// Until then a job that is due may simply be the next in line.
const LATE: Duration = Duration::from_mins(1);

/// Runs one of the `docket jobs` commands.
pub(super) async fn run(
    command: &JobsCommand,
    store: &Store,
    chance: &Chance,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Without its tables the database would answer with an error of its own, which helps nobody.
    store.check().await?;
    match command {
        JobsCommand::List { all, limit } => list(store, *all, *limit, chance.now(), out).await,
        JobsCommand::Retry { id } => {
            let done = store.retry_dead(*id, chance.now()).await.map_err(anyhow::Error::from)?;
            answer(done, *id, "will run again", out)
        }
        JobsCommand::Drop { id } => {
            let done = store.drop_dead(*id).await.map_err(anyhow::Error::from)?;
            answer(done, *id, "is dropped", out)
        }
    }
}

fn answer(done: bool, id: JobId, what: &str, out: &mut dyn Write) -> Result<(), Failure> {
    if !done {
        let why = "there is no job of that id that gave up; `docket jobs list` shows those first";
        return Err(Failure::Other(anyhow::anyhow!("{id}: {why}")));
    }
    writeln!(out, "{id} {what}.")?;
    Ok(())
}

async fn list(store: &Store, all: bool, limit: usize, now: Timestamp, out: &mut dyn Write) -> Result<(), Failure> {
    let rows = store.jobs(limit).await.map_err(anyhow::Error::from)?;
    let total: i64 = store.stats().await.map_err(anyhow::Error::from)?.jobs.values().sum();
    if rows.is_empty() {
        writeln!(out, "No jobs: everything is done.")?;
        return Ok(());
    }
    let is_cut = rows.len() == limit;
    let shown: Vec<&JobRow> = rows.iter().filter(|row| all || needs_attention(row, now)).collect();
    for row in &shown {
        let subject = subject(store, row, now).await.map_err(anyhow::Error::from)?;
        writeln!(out, "{}", line(row, &subject, now))?;
    }
    if is_cut && shown.len() == limit {
        writeln!(out, "… and maybe more: --limit {} shows them.", limit.saturating_mul(4))?;
    } else if !all {
        writeln!(out, "{}", quiet(shown.len(), usize::try_from(total).unwrap_or_default()))?;
    }
    Ok(())
}

/// Whether a person should look: it gave up, it fails, or it should have run by now.
fn needs_attention(row: &JobRow, now: Timestamp) -> bool {
    row.state == "dead" || row.last_error.is_some() || row.run_at.plus(LATE) < now
}

/// How many jobs of `total` are none of anybody's business.
fn quiet(shown: usize, total: usize) -> String {
    let waiting = match total.saturating_sub(shown) {
        0 => return "No other jobs wait.".to_owned(),
        1 => "1 job waits for its time".to_owned(),
        quiet => format!("{quiet} jobs wait for their time"),
    };
    let nothing = if shown == 0 { "Nothing needs attention. " } else { "" };
    format!("{nothing}{waiting}: --all shows them.")
}

/// What the job is about, in the words of those who asked for it.
async fn subject(store: &Store, row: &JobRow, now: Timestamp) -> store::Result<String> {
    let mut tx = store.read(row.tenant).await?;
    Ok(match &row.job {
        Some(Job::HandleDelivery { delivery }) => match tx.delivery(*delivery).await? {
            Some(delivery) => asked(&delivery, now),
            None => "a command that is gone".to_owned(),
        },
        Some(Job::SyncCard { card }) => match tx.card(*card).await? {
            Some(card) => format!("the card of {}{}", code_of(&mut tx, card.patch).await?, place(&card.venue)),
            None => "a card that is gone".to_owned(),
        },
        Some(Job::SyncPull { card }) => match tx.pull_card(*card).await? {
            Some(card) => format!("the message of pull request #{}{}", card.pull.number, place(&card.venue)),
            None => "a message that is gone".to_owned(),
        },
        Some(Job::PostNotice { notice }) => match tx.notice(*notice).await? {
            Some(notice) => format!("a line about a pull request{}", place(&notice.venue)),
            None => "a line that is gone".to_owned(),
        },
        Some(Job::SendAnswer { answer }) => match tx.answer(*answer).await? {
            Some(answer) => format!("an answer{}, {} old", place(&answer.venue), span(now.since(answer.created_at))),
            None => "an answer that is gone".to_owned(),
        },
        Some(Job::EndProgress { delivery }) => match tx.progress(*delivery).await? {
            Some(progress) => format!("takes away what showed a draft{}", place(&progress.venue)),
            None => "what showed a draft is gone".to_owned(),
        },
        Some(Job::RefreshConnection { connection }) => {
            format!("refreshes the token of {}", connected(&mut tx, *connection).await?)
        }
        Some(Job::RevokeConnection { connection }) => {
            format!("takes back the access to {}", connected(&mut tx, *connection).await?)
        }
        Some(Job::TellBroken { connection }) => {
            format!("tells that {} no longer works", connected(&mut tx, *connection).await?)
        }
        Some(Job::SyncConnection { connection }) => {
            format!("looks through {}", connected(&mut tx, *connection).await?)
        }
        Some(Job::ExpirePatch { patch }) => format!("lets {} lapse", code_of(&mut tx, *patch).await?),
        Some(Job::SyncChange { change }) => format!("the card of {}", change_code(&mut tx, *change).await?),
        Some(Job::ExpireChange { change }) => format!("lets {} lapse", change_code(&mut tx, *change).await?),
        Some(Job::OpenIssue { order }) => match tx.issue_order(*order).await? {
            Some(order) => format!("an issue for {}", task_code(&mut tx, order.project, order.task).await?),
            None => "an issue that nobody wishes any more".to_owned(),
        },
        Some(Job::TieIssue { project, task }) => {
            format!("ties the issue of {} to its neighbours", task_code(&mut tx, *project, *task).await?)
        }
        Some(Job::FetchCalendar { calendar }) => match tx.calendar(*calendar).await? {
            Some(calendar) => format!("reads the holidays of {}", calendar.called()),
            None => "reads holidays of a calendar that is gone".to_owned(),
        },
        Some(Job::PostDigest { digest }) => match tx.digest(*digest).await? {
            Some(digest) => format!("the {}{}", digest.kind.as_str(), place(&digest.venue)),
            None => "a digest that is gone".to_owned(),
        },
        // Whose it is, and of what, is theirs alone.
        Some(Job::Remind { reminder }) => match tx.reminder(*reminder).await? {
            Some(_) => "a reminder".to_owned(),
            None => "a reminder that was taken back".to_owned(),
        },
        Some(Job::ReadThreads) => "reads what was said in the channels".to_owned(),
        Some(Job::Backfill { backfill }) => match tx.backfill(*backfill).await? {
            Some(backfill) => format!("reads the last 24 hours{}", place(&backfill.venue)),
            None => "reads a channel, which is done".to_owned(),
        },
        Some(Job::OfferDraft { member, .. }) => match tx.member(*member).await? {
            Some(member) => format!("offers {} the draft of a standup", member.name),
            None => "offers a draft to somebody who is gone".to_owned(),
        },
        Some(Job::ApplyUnopposed { patch, .. }) => {
            format!("applies {} unless somebody objects", code_of(&mut tx, *patch).await?)
        }
        None => "unknown to this version of Docket".to_owned(),
    })
}

/// `AUTH-12`.
async fn task_code(tx: &mut Tx, project: ProjectId, task: TaskNumber) -> store::Result<String> {
    let project = tx.project(project).await?;
    Ok(project
        .map_or_else(|| format!("task {task} of a project that is gone"), |project| format!("{}-{task}", project.key)))
}

/// `Linear (Acme)`.
async fn connected(tx: &mut Tx, id: ConnectionId) -> store::Result<String> {
    let found = tx.connection(id).await?;
    Ok(found.map_or_else(
        || "a connection that is gone".to_owned(),
        |found| format!("{} ({})", found.provider.name(), found.name),
    ))
}

async fn change_code(tx: &mut Tx, id: ChangeId) -> store::Result<String> {
    let change = tx.change(id).await?;
    Ok(change.map_or_else(|| "a change of the policy that is gone".to_owned(), |change| change.code.to_string()))
}

/// `a Slack command in C0PLANS, 5 min old`. What it says is for those who were there.
fn asked(delivery: &Delivery, now: Timestamp) -> String {
    let what = match delivery.source {
        Source::SlackCommand => "a Slack command",
        Source::SlackInteraction => "a click in Slack",
        Source::SlackEvent => "an event in Slack",
        Source::Console => "a command from the console",
        Source::GitHub => "a webhook of GitHub",
    };
    let incoming = chat::incoming(delivery.source, &delivery.body).ok().and_then(|incoming| incoming.venue);
    let place = incoming.filter(|venue| venue.surface == Surface::Slack);
    let place = place.map_or_else(String::new, |venue| format!(" in {}", venue.channel));
    format!("{what}{place}, {} old", span(now.since(delivery.received_at)))
}

fn place(venue: &Venue) -> String {
    match venue.surface {
        Surface::Slack => format!(" in Slack's {}", venue.channel),
        Surface::Console => " in the console".to_owned(),
    }
}

async fn code_of(tx: &mut Tx, patch: PatchId) -> store::Result<String> {
    Ok(tx.patch(patch).await?.map_or_else(|| "a patch that is gone".to_owned(), |patch| patch.code.to_string()))
}

fn line(row: &JobRow, subject: &str, now: Timestamp) -> String {
    let due = match row.state.as_str() {
        // A dead job has no next time.
        "dead" => "gave up".to_owned(),
        _ if row.run_at > now => format!("in {}", span(row.run_at.since(now))),
        _ => format!("due for {}", span(now.since(row.run_at))),
    };
    let attempts = if row.attempts == 1 { "1 attempt".to_owned() } else { format!("{} attempts", row.attempts) };
    let line = format!("{}  {:<8} {:<16} {subject}, {attempts}, {due}", row.id, row.state, row.kind);
    match &row.last_error {
        Some(error) => format!("{line}\n    {}", short(error)),
        None => line,
    }
}

/// An error on one line of bearable length.
fn short(error: &str) -> String {
    let one_line = error.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = one_line.chars().take(ERROR_WIDTH).collect();
    if shown.len() < one_line.len() { shown + "…" } else { shown }
}

fn span(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Id as _, TenantId};

    #[test]
    fn a_job_is_one_line_and_its_error_another() {
        let ulid = ulid::Ulid::from_parts(1_700_000_000_000, 7);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut row = JobRow {
            id: JobId::from_ulid(ulid),
            tenant: TenantId::from_ulid(ulid),
            kind: "sync_card".to_owned(),
            job: None,
            state: "dead".to_owned(),
            run_at: now.minus(Duration::from_mins(5)),
            attempts: 8,
            last_error: Some(format!("channel_not_found:\n  {}", "x".repeat(200))),
        };
        let text = line(&row, "the card of P-3 in Slack's C0PLANS", now);
        let head = "dead     sync_card        the card of P-3 in Slack's C0PLANS, 8 attempts, gave up\n";
        assert!(text.contains(&format!("{head}    channel_not_found: xxx")), "{text}");
        assert!(text.ends_with('…') && text.lines().count() == 2, "{text}");
        assert!(needs_attention(&row, now));

        row = JobRow { last_error: None, attempts: 1, state: "waiting".to_owned(), ..row };
        assert!(line(&row, "lets P-3 lapse", now).ends_with("lets P-3 lapse, 1 attempt, due for 5 min"));
        assert!(needs_attention(&row, now), "it should have run by now");
        row.run_at = now.plus(Duration::from_secs(30));
        assert!(line(&row, "lets P-3 lapse", now).ends_with("1 attempt, in 30 s"));
        assert!(!needs_attention(&row, now));
        row.last_error = Some("no answer".to_owned());
        assert!(needs_attention(&row, now), "it fails");
    }

    #[test]
    fn quiet_jobs_are_counted_in_words() {
        assert_eq!(quiet(0, 7), "Nothing needs attention. 7 jobs wait for their time: --all shows them.");
        assert_eq!(quiet(2, 3), "1 job waits for its time: --all shows them.");
        assert_eq!(quiet(2, 2), "No other jobs wait.");
    }
}
