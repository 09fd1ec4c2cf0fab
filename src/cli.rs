//! The command line: reads arguments and settings, calls the library, and turns what came of it into an
//! exit code: 0 done, 1 failed, 2 wrong arguments or settings.

mod eval;
mod jobs;
mod keys;
mod manifest;
mod stats;
mod table;
mod tenant;

use std::{
    future::Future,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};

use crate::{
    app,
    clock::Chance,
    config::{Config, Problem, SETTINGS, without_password},
    doctor,
    domain::ids::JobId,
    error::causes,
    shutdown::Shutdown,
    store::Store,
    telemetry,
};

/// Wrong arguments or settings.
const USAGE: u8 = 2;
/// Anything else that went wrong.
const FAILED: u8 = 1;

/// A self-hosted chat-ops project manager: every change to the plan is a small, explained diff that the
/// right person approved in chat.
#[derive(Debug, Parser)]
#[command(name = "docket", version, after_help = EXAMPLES)]
struct Cli {
    /// `serve` where none is named.
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  docket                                    start, then open http://127.0.0.1:8080/console
  docket doctor                             what is set up, what is missing, what to do
  docket say plan Build a login page        one command as the local user, answered here
  docket manifest slack --url https://docket.example.com > slack.yaml
  docket jobs list                          what waits, and what gave up
  docket tenant export > docket.jsonl       everything worth keeping, to move it or to keep it
  docket stats                              how often proposals were approved as they were

Settings come from the environment and from the file .env; `docket help serve` lists them.
Exit codes: 0 done, 1 failed, 2 wrong arguments or settings.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Start Docket: console, Slack, background work. The default
    #[command(after_help = settings_help())]
    Serve,
    /// Check settings, database, public address and Slack, and say what to do
    Doctor,
    /// Bring the database's tables up to date; `serve` does it too when it starts
    Migrate,
    /// Print the app manifest that a platform asks for
    #[command(subcommand)]
    Manifest(manifest::Command),
    /// Look after background jobs
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Show how often proposals were approved, by what they were for, model and prompt
    Stats {
        /// How many days to look back
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
    /// Look after tenants: list them, take one along, delete one
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Look after the master key that encrypts stored secrets
    #[command(subcommand)]
    Keys(keys::Command),
    /// Put the cases of a file to the connected model, and print which ones it passes
    #[command(after_help = eval::EXAMPLES)]
    Eval(eval::Arguments),
    /// Send one line as the local user, and print the answer and the card as text
    #[command(
        after_help = "Examples:\n  docket say plan Build a user authentication flow\n  docket say \"approve P-1\""
    )]
    Say {
        /// What you would type after /docket
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        line: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum JobsCommand {
    /// List the jobs that need attention: those that gave up, those that fail, those that are late
    List {
        /// The others too, which wait for their time
        #[arg(long)]
        all: bool,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Run a job that gave up once more
    Retry {
        /// The job's id, such as `job_01J…`, from `docket jobs list`
        id: JobId,
    },
    /// Forget a job that gave up. What it should have done is not done
    Drop {
        /// The job's id, such as `job_01J…`, from `docket jobs list`
        id: JobId,
    },
}

fn settings_help() -> String {
    let lines = SETTINGS.iter().map(|setting| {
        let default = if setting.default.is_empty() { String::new() } else { format!(" [{}]", setting.default) };
        format!("  {:<22}{}{default}\n", setting.name, setting.about)
    });
    format!(
        "Settings, from the environment and from the file .env, with their defaults:\n{}",
        lines.collect::<String>()
    )
}

/// What ends a command without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The settings are wrong.
    #[error("the settings are not right")]
    Settings(Vec<Problem>),
    /// The arguments are wrong in a way that only the settings show.
    #[error("{0}")]
    Usage(String),
    /// Said already, on standard output.
    #[error("something needs attention")]
    Told,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Runs the program with the process's arguments and environment.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Nobody may be listening any more; there is nobody else to tell.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(USAGE));
        }
    };
    // Both of rustls' users, the database and Slack, take the process's provider. It can be set once only,
    // and here it is the first time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = run(cli.command.unwrap_or(Command::Serve), &mut io::stdout().lock());
    report(outcome, &mut io::stderr().lock())
}

/// Tells what went wrong, if anything did, and chooses the exit code.
fn report(outcome: Result<(), Failure>, err: &mut dyn Write) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::from(FAILED),
        Err(Failure::Settings(problems)) => {
            let _ = writeln!(err, "docket: the settings are not right.");
            for problem in &problems {
                let _ = writeln!(err, "  {problem}");
            }
            ExitCode::from(USAGE)
        }
        Err(Failure::Usage(why)) => {
            let _ = writeln!(err, "docket: {why}.");
            ExitCode::from(USAGE)
        }
        Err(Failure::Other(error)) if reader_is_gone(&error) => ExitCode::SUCCESS,
        Err(Failure::Other(error)) => {
            let _ = writeln!(err, "docket: {}", causes(&error));
            ExitCode::from(FAILED)
        }
    }
}

/// Whether it failed only because nobody reads on, as in `docket jobs list | head -1`.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

fn run(command: Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Serve => {
            let config = configured(telemetry::SERVER_LOG)?;
            block_on(async {
                let shutdown = Shutdown::on_signals()?;
                app::serve(config, shutdown).await
            })??;
            Ok(())
        }
        Command::Doctor => {
            let report = block_on(doctor::examine(Config::from_env(), &Chance::system()))?;
            write!(out, "{report}")?;
            if report.is_healthy() { Ok(()) } else { Err(Failure::Told) }
        }
        Command::Migrate => {
            let config = configured(telemetry::COMMAND_LOG)?;
            block_on(migrate(&config))??;
            writeln!(out, "{} is up to date.", without_password(&config.database_url))?;
            Ok(())
        }
        Command::Manifest(command) => manifest::run(&command, out),
        Command::Jobs(command) => {
            let config = configured(telemetry::COMMAND_LOG)?;
            block_on(async {
                let store = Store::open(&config.database_url).await?;
                let done = jobs::run(&command, &store, &Chance::system(), out).await;
                store.close().await;
                done
            })?
        }
        Command::Stats { days } => {
            let config = configured(telemetry::COMMAND_LOG)?;
            block_on(async {
                let store = Store::open(&config.database_url).await?;
                let done = stats::run(days, &store, &Chance::system(), out).await;
                store.close().await;
                done
            })?
        }
        Command::Keys(keys::Command::New) => keys::print_new(&Chance::system(), out),
        Command::Keys(command) => {
            let config = configured(telemetry::COMMAND_LOG)?;
            block_on(async {
                let store = Store::open(&config.database_url).await?;
                let done = keys::run(&command, &config, &store, &Chance::system(), out).await;
                store.close().await;
                done
            })?
        }
        Command::Tenant(command) => {
            let config = configured(telemetry::COMMAND_LOG)?;
            block_on(async {
                let store = Store::open(&config.database_url).await?;
                let done = tenant::run(&command, &config, &store, &Chance::system(), out).await;
                store.close().await;
                done
            })?
        }
        Command::Eval(arguments) => {
            let suite = eval::suite(&arguments)?;
            let config = configured(telemetry::COMMAND_LOG)?;
            block_on(async {
                let store = Store::open(&config.database_url).await?;
                let done = eval::run(&arguments, &suite, &config, &store, out).await;
                store.close().await;
                done
            })?
        }
        Command::Say { line } => {
            let config = configured(telemetry::COMMAND_LOG)?;
            Ok(block_on(app::say(config, &line.join(" "), out))??)
        }
    }
}

/// The settings, with logging started as they say.
fn configured(log: &str) -> Result<Config, Failure> {
    let config = Config::from_env().map_err(Failure::Settings)?;
    telemetry::start_logging(&config.log, log)?;
    Ok(config)
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url).await?;
    let migrated = store.migrate().await;
    store.close().await;
    migrated
}

/// Runs `work` to its end. What it left behind on other threads gets a second.
fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_declaration_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn say_takes_its_line_with_and_without_quotes() {
        for arguments in
            [vec!["docket", "say", "edit add a -x task"], vec!["docket", "say", "edit", "add", "a", "-x", "task"]]
        {
            let Some(Command::Say { line }) = Cli::try_parse_from(arguments).unwrap().command else { panic!() };
            assert_eq!(line.join(" "), "edit add a -x task");
        }
    }

    #[test]
    fn a_reader_who_left_is_no_failure() {
        let gone = || anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("printing");
        let full = || anyhow::Error::from(io::Error::from(io::ErrorKind::StorageFull)).context("printing");
        assert!(reader_is_gone(&gone()));
        assert!(!reader_is_gone(&full()));
    }
}
