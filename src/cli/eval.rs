//! `docket eval`: puts the cases of a file to a model, and prints which ones it passes.

use std::{io::Write, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use clap::Args;

use super::{
    Failure,
    table::{Align, table},
};
use crate::{
    clock::Chance,
    config::Config,
    domain::ids::{DeliveryId, TenantId},
    error::causes,
    eval::{self, Answer, Ask, Check, Outcome, Report, Silence, Suite},
    llm::{
        Question,
        models::{Models, One, Trouble},
        openai::{OpenAi, Timeouts},
    },
    secrets::Keyring,
    store::Store,
};

/// What `docket help eval` shows at its end.
pub(super) const EXAMPLES: &str = "\
Examples:
  docket eval tests/data/eval/cases.toml
  docket eval cases.toml --account openai --model gpt-5-mini --json
  docket eval cases.toml --only refine-rename

Calls count against the daily budget. Nothing is proposed to anybody.
Exit codes: 0 every case passed, 1 one failed or could not be asked, 2 the file is wrong and nothing was asked.";

/// What to ask, and whom.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file of cases (TOML); tests/data/eval/README.md says what stands in it
    file: PathBuf,
    /// Ask this account and no other, `environment` for the one of `OPENAI_MODEL`; by default the models
    /// chosen for each use are asked
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Ask this model of the account, enabled or not; by default its first
    #[arg(long, value_name = "NAME", requires = "account")]
    model: Option<String>,
    /// Ask this case alone
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Print one JSON object at the end instead of the table
    #[arg(long)]
    json: bool,
}

/// Reads the file before anything else happens.
pub(super) fn suite(arguments: &Arguments) -> Result<Suite, Failure> {
    let file = arguments.file.display();
    let text = std::fs::read_to_string(&arguments.file)
        .map_err(|error| Failure::Usage(format!("{file} can't be read: {error}")))?;
    let mut suite = Suite::read(&text)
        .map_err(|refused| Failure::Usage(format!("{file} can't be used, so nothing was asked:\n{refused}")))?;
    if let Some(id) = &arguments.only
        && !suite.keep_only(id)
    {
        return Err(Failure::Usage(format!("{file} has no case {id:?}")));
    }
    Ok(suite)
}

/// Puts the cases to the model, one after the other.
pub(super) async fn run(
    arguments: &Arguments,
    suite: &Suite,
    config: &Config,
    store: &Store,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    store.check().await?;
    let chance = Chance::system();
    let tenant = store.local_tenant(&chance).await.map_err(anyhow::Error::from)?;
    let keyring = Keyring::of(config).map_err(anyhow::Error::from)?;
    let llm = Arc::new(OpenAi::new(Timeouts::default())?);
    let models = Models::new(llm, store.clone(), chance.clone(), keyring, config.openai.as_ref())?;
    let one = arguments.account.clone().map(|account| One { account, model: arguments.model.clone() });
    let connected = Connected { models, store: store.clone(), tenant, chance: chance.clone(), one };
    let width = suite.cases.iter().map(|case| case.id.chars().count()).max().unwrap_or(0);
    let (mut cases, mut stopped) = (Vec::new(), None);
    for case in &suite.cases {
        match eval::run(case, &connected, &chance).await {
            Ok(outcome) => {
                if !arguments.json {
                    writeln!(out, "{}", line(&outcome, width))?;
                    out.flush()?;
                }
                cases.push(outcome);
            }
            Err(why) => {
                stopped = Some(why);
                break;
            }
        }
    }
    let report = Report::new(cases, stopped);
    let said = if arguments.json {
        serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)? + "\n"
    } else {
        summary(&report, suite.cases.len())
    };
    out.write_all(said.as_bytes())?;
    if report.passed() { Ok(()) } else { Err(Failure::Told) }
}

/// The models that are connected here.
struct Connected {
    models: Models,
    store: Store,
    tenant: TenantId,
    chance: Chance,
    one: Option<One>,
}

#[async_trait]
impl Ask for Connected {
    async fn ask(&self, question: &Question, check: Check<'_>) -> Answer {
        // Stands for a delivery that never was, so that what this case takes can be told from everything else.
        let run: DeliveryId = self.chance.id();
        let asked = match &self.one {
            Some(one) => self.models.ask_one(self.tenant, Some(run), question, check, one).await,
            None => self.models.ask(self.tenant, Some(run), question, check).await,
        };
        let text = match asked {
            Ok(Ok(reply)) => Ok(reply.text),
            Ok(Err(trouble)) => Err(silence(&trouble)),
            Err(error) => Err(Silence::Stop(causes(&error.into()))),
        };
        let tokens = async { self.store.read(self.tenant).await?.tokens_of(run).await };
        Answer { text, tokens: tokens.await.unwrap_or(0) }
    }
}

/// What a trouble means for the other cases.
fn silence(trouble: &Trouble) -> Silence {
    let words = trouble.words();
    match trouble {
        Trouble::Refused { .. } => Silence::Refused(words),
        // Whoever judges a model wants to know everything that was wrong.
        Trouble::Invalid { model, problems, .. } => Silence::Refused(format!(
            "{} answered twice with something that can't be used: {}",
            model.model.model,
            problems.join(" ")
        )),
        Trouble::NotConnected
        | Trouble::NoAccount { .. }
        | Trouble::OverBudget { run: false, .. }
        | Trouble::QuotaExhausted { .. }
        | Trouble::KeyUnreadable { .. }
        | Trouble::Denied { status: 401..=404, .. } => Silence::Stop(words),
        Trouble::OverBudget { run: true, .. }
        | Trouble::RateLimited { .. }
        | Trouble::Truncated { .. }
        | Trouble::Denied { .. }
        | Trouble::Unreachable { .. }
        | Trouble::TooLarge { .. }
        | Trouble::TooSlow { .. } => Silence::Failed(words),
    }
}

/// `✗ refine-rename  refine  1234 tokens  3.2 s  AUTH-2 stays as it is`.
fn line(outcome: &Outcome, width: usize) -> String {
    let sign = if outcome.passed() { '✓' } else { '✗' };
    let Outcome { id, kind, failed, tokens, millis } = outcome;
    let blanks = " ".repeat(width.saturating_sub(id.chars().count()));
    let kind = kind.as_str();
    let line =
        format!("{sign} {id}{blanks}  {kind:<6}  {tokens:>6} tokens  {:>6} s  {}", seconds(*millis), failed.join("; "));
    line.trim_end().to_owned()
}

/// `3.2`.
fn seconds(millis: u64) -> String {
    let tenths = millis.saturating_add(50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// How the kinds fared, and why the rest was not asked.
fn summary(report: &Report, cases: usize) -> String {
    let head = ["KIND", "PASSED", "OF", "TOKENS", "SECONDS"].map(str::to_owned);
    let row = |name: &str, passed: usize, asked: usize, tokens: u64, millis: u64| {
        [name.to_owned(), passed.to_string(), asked.to_string(), tokens.to_string(), seconds(millis)]
    };
    let kinds =
        report.kinds.iter().map(|kind| row(kind.kind.as_str(), kind.passed, kind.asked, kind.tokens, kind.millis));
    let sum = |of: fn(&eval::Share) -> u64| report.kinds.iter().map(of).sum::<u64>();
    let passed = report.cases.iter().filter(|outcome| outcome.passed()).count();
    let all = row("all", passed, report.cases.len(), sum(|kind| kind.tokens), sum(|kind| kind.millis));
    let rows: Vec<_> = std::iter::once(head).chain(kinds).chain([all]).collect();
    let stopped = report
        .stopped
        .as_ref()
        .map_or_else(String::new, |why| format!("\nStopped after {} of {cases} cases: {why}\n", report.cases.len()));
    let columns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    format!("\n{}{stopped}", table(columns, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Kind;

    fn outcome(id: &str, kind: Kind, failed: &[&str]) -> Outcome {
        let failed = failed.iter().map(|why| (*why).to_owned()).collect();
        Outcome { id: id.to_owned(), kind, failed, tokens: 1234, millis: 3_249 }
    }

    #[test]
    fn a_report_reads_line_by_line_and_sums_up() {
        let cases = vec![
            outcome("plan-a-shop", Kind::Plan, &[]),
            outcome("break", Kind::Break, &["new tasks: 9, at most 7 expected", "\"token\" is not mentioned"]),
            outcome("plan-tiny", Kind::Plan, &[]),
        ];
        let lines: Vec<String> = cases.iter().map(|outcome| line(outcome, 11)).collect();
        let report = Report::new(cases, Some("No model is connected.".to_owned()));
        insta::assert_snapshot!(format!("{}\n{}", lines.join("\n"), summary(&report, 30)), @r#"
        ✓ plan-a-shop  plan      1234 tokens     3.2 s
        ✗ break        break     1234 tokens     3.2 s  new tasks: 9, at most 7 expected; "token" is not mentioned
        ✓ plan-tiny    plan      1234 tokens     3.2 s

        KIND   PASSED  OF  TOKENS  SECONDS
        plan        2   2    2468      6.5
        break       0   1    1234      3.2
        all         2   3    3702      9.7

        Stopped after 3 of 30 cases: No model is connected.
        "#);
    }
}
