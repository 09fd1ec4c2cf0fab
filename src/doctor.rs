//! `docket doctor`: looks at everything that can be set up wrong, and says what to do about it.

mod models;
mod providers;
mod sign_in;
mod slack;

use std::{fmt, path::Path, time::Duration};

use crate::{
    clock::Chance,
    config::{Config, Problem, sqlite_file, without_password},
    domain::ids::TenantId,
    error::causes,
    store::{DURABLE, ORDINARY_ROLE, Store},
};

/// How long any one check may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Needs somebody.
    Bad,
    /// Not used, not there yet, or not checked.
    Aside,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it came to.
    pub verdict: Verdict,
    /// What was looked at.
    pub subject: &'static str,
    /// What was found.
    pub found: String,
    /// What to do, if there is something to do.
    pub remedy: Option<String>,
}

impl Check {
    fn new(verdict: Verdict, subject: &'static str, found: impl Into<String>) -> Self {
        Self { verdict, subject, found: found.into(), remedy: None }
    }

    fn good(subject: &'static str, found: impl Into<String>) -> Self {
        Self::new(Verdict::Good, subject, found)
    }

    fn bad(subject: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Verdict::Bad, subject, found).advise(remedy)
    }

    fn aside(subject: &'static str, found: impl Into<String>) -> Self {
        Self::new(Verdict::Aside, subject, found)
    }

    fn advise(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(pub Vec<Check>);

impl Report {
    /// Whether nothing needs anybody.
    pub fn is_healthy(&self) -> bool {
        self.0.iter().all(|check| check.verdict != Verdict::Bad)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.0 {
            let mark = match check.verdict {
                Verdict::Good => "✓",
                Verdict::Bad => "✗",
                Verdict::Aside => "–",
            };
            writeln!(f, "{mark} {:<11} {}", check.subject, check.found)?;
            if let Some(remedy) = &check.remedy {
                writeln!(f, "  {:<11} → {remedy}", "")?;
            }
        }
        match self.0.iter().filter(|check| check.verdict == Verdict::Bad).count() {
            0 => writeln!(f, "Nothing needs attention."),
            1 => writeln!(f, "One thing needs attention."),
            many => writeln!(f, "{many} things need attention."),
        }
    }
}

/// Looks at everything. Changes nothing: a database that is not there yet is not made.
pub async fn examine(settings: Result<Config, Vec<Problem>>, chance: &Chance) -> Report {
    let config = match settings {
        Ok(config) => config,
        Err(problems) => return Report(problems.into_iter().map(setting_problem).chain([unchecked()]).collect()),
    };
    let mut checks = vec![Check::good("settings", "can all be read")];
    checks.extend(database(&config.database_url, chance).await);
    checks.push(templates(config.templates.as_deref()));
    checks.extend(slack::examine(&config).await);
    checks.extend(providers::examine(&config));
    checks.extend(models::examine(&config).await);
    checks.extend(sign_in::examine(&config, chance).await);
    checks.push(public_url(&config).await);
    Report(checks)
}

fn setting_problem(problem: Problem) -> Check {
    Check::bad("settings", format!("{} {}", problem.setting, problem.what), problem.remedy)
}

fn unchecked() -> Check {
    Check::aside("the rest", "is looked at once the settings can be read")
}

async fn database(url: &str, chance: &Chance) -> Vec<Check> {
    const SUBJECT: &str = "database";
    let shown = without_password(url);
    if sqlite_file(url).is_some_and(|file| !file.exists()) {
        let found = format!("{shown} is not there yet; `docket serve` makes it");
        return vec![Check::aside(SUBJECT, found)];
    }
    let store = match patiently(Store::open(url)).await {
        Ok(store) => store,
        Err(error) => {
            let remedy = "Check DATABASE_URL, that the server runs, and that user and password are right.";
            return vec![Check::bad(SUBJECT, causes(&error), remedy)];
        }
    };
    let checks = if let Err(error) = patiently(store.check()).await {
        let remedy = "Run `docket migrate`, or start `docket serve`, which does it too.";
        vec![Check::bad(SUBJECT, format!("{shown}: {}", causes(&error)), remedy)]
    } else {
        let answers = Check::good(SUBJECT, format!("{shown} answers and is migrated"));
        let connected = patiently(async { Ok(providers::connections(&store).await?) }).await.unwrap_or_default();
        let able = [answers, writable(&store, chance).await].into_iter();
        able.chain(durable(&store).await).chain(bounds(&store).await).chain(connected).collect()
    };
    store.close().await;
    checks
}

/// Begins a write of a tenant that does not exist, and takes it back.
async fn writable(store: &Store, chance: &Chance) -> Check {
    const SUBJECT: &str = "database";
    let nobody: TenantId = chance.id();
    match patiently(async { Ok(store.write(nobody).await?) }).await {
        Ok(_rolled_back_when_dropped) => Check::good(SUBJECT, "can be written to"),
        Err(error) => {
            let remedy = "Check the owner and the free space of the database's files, or the role's rights.";
            Check::bad(SUBJECT, format!("can't be written to: {}", causes(&error)), remedy)
        }
    }
}

/// Whether what is committed is on the disk.
async fn durable(store: &Store) -> Option<Check> {
    const SUBJECT: &str = "database";
    // A database that can't be written to is told of above.
    let settings = patiently(async { Ok(store.forgetful_settings().await?) }).await.ok()?;
    Some(if settings.is_empty() {
        Check::good(SUBJECT, "has everything on the disk before it is acknowledged")
    } else {
        Check::aside(SUBJECT, format!("acknowledges before it is on the disk: {}", settings.join(", "))).advise(DURABLE)
    })
}

/// Whether row-level security holds the role back, where there is such a thing.
async fn bounds(store: &Store) -> Option<Check> {
    const SUBJECT: &str = "database";
    if store.engine() == "sqlite" {
        return None;
    }
    // A database that fails is told of above.
    let bypasses = patiently(async { Ok(store.bypasses_row_security().await?) }).await.ok()?;
    Some(if bypasses {
        let found = "its role is a superuser or has BYPASSRLS, so row-level security does not hold it back";
        Check::aside(SUBJECT, found).advise(ORDINARY_ROLE)
    } else {
        Check::good(SUBJECT, "row-level security keeps each transaction to its tenant")
    })
}

fn templates(folder: Option<&Path>) -> Check {
    const SUBJECT: &str = "templates";
    let Some(folder) = folder else { return Check::aside(SUBJECT, "the built-in ones; DOCKET_TEMPLATES adds more") };
    let files = std::fs::read_dir(folder).map(|entries| {
        let is_template = |path: &Path| path.extension().is_some_and(|extension| extension == "toml");
        entries.filter_map(Result::ok).filter(|entry| is_template(&entry.path())).count()
    });
    match files {
        Ok(0) => Check::bad(
            SUBJECT,
            format!("{} holds no .toml file", folder.display()),
            "Put plan templates there, or leave DOCKET_TEMPLATES out.",
        ),
        Ok(count) => Check::good(SUBJECT, format!("{count} in {}, beside the built-in ones", folder.display())),
        Err(error) => Check::bad(
            SUBJECT,
            format!("{} can't be read: {error}", folder.display()),
            "Make the folder readable for Docket, or leave DOCKET_TEMPLATES out.",
        ),
    }
}

/// Slack has to reach Docket over https; without Slack, nobody but this machine has to.
async fn public_url(config: &Config) -> Check {
    const SUBJECT: &str = "public URL";
    let url = &config.public_url;
    if config.slack.is_none() {
        return Check::aside(SUBJECT, format!("{url}; not checked, because Slack is off"));
    }
    if !url.starts_with("https://") {
        let remedy = "Set PUBLIC_URL to the https:// address of your proxy or tunnel.";
        return Check::bad(SUBJECT, format!("{url} is not https, and Slack calls nothing else"), remedy);
    }
    match patiently(alive(url)).await {
        Ok(()) => Check::good(SUBJECT, format!("{url} reaches Docket")),
        Err(error) => {
            let remedy = "Start `docket serve` and the proxy or tunnel in front of it, then look again.";
            Check::bad(SUBJECT, format!("{url} does not reach Docket: {}", causes(&error)), remedy)
        }
    }
}

async fn alive(url: &str) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
    let response = client.get(format!("{url}/healthz")).send().await?;
    anyhow::ensure!(response.status().is_success(), "/healthz answered {}", response.status());
    let body = response.text().await?;
    anyhow::ensure!(body.contains("\"alive\":true"), "something else answers there");
    Ok(())
}

async fn patiently<T>(check: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(outcome) => outcome,
        Err(_) => anyhow::bail!("no answer within {} s", PATIENCE.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_marks_each_line_and_counts_what_needs_attention() {
        let mut report = Report(vec![Check::good("settings", "can all be read"), Check::aside("Slack", "off")]);
        assert!(report.is_healthy());
        report.0.push(Check::bad("database", "x.db is not ready", "Run `docket migrate`."));
        assert!(!report.is_healthy());
        insta::assert_snapshot!(report, @r"
        ✓ settings    can all be read
        – Slack       off
        ✗ database    x.db is not ready
                      → Run `docket migrate`.
        One thing needs attention.
        ");
    }
}
