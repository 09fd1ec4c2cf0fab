//! The command line as a person meets it: the real program, in an empty folder, with an empty environment.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::support::secrets;

/// The program in an empty folder, with no settings but `settings`.
fn docket(folder: &Path, settings: &[(&str, &str)]) -> Command {
    for (name, value) in settings {
        secrets::setting(name, value);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
    command.env_clear().envs(settings.iter().copied()).current_dir(folder).stdin(Stdio::null());
    command
}

/// What a finished run left.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let output = secrets::checked(output);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }
}

fn run_in(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Ran {
    docket(folder, settings).args(arguments).output().unwrap().into()
}

fn run(arguments: &[&str]) -> Ran {
    run_in(TempDir::new().unwrap().path(), &[], arguments)
}

#[test]
fn help_shows_every_command_with_examples_and_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for part in [
        "serve",
        "doctor",
        "migrate",
        "manifest",
        "jobs",
        "stats",
        "eval",
        "say",
        "Examples:",
        "Exit codes: 0 done, 1 failed",
    ] {
        assert!(help.out.contains(part), "{part} is missing:\n{}", help.out);
    }
    let serve = run(&["help", "serve"]);
    for setting in docket::config::SETTINGS {
        assert!(serve.out.contains(setting.name), "{} is missing:\n{}", setting.name, serve.out);
    }
}

#[test]
fn the_version_is_the_crates() {
    assert_eq!(run(&["--version"]).out, concat!("docket ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_arguments_end_with_2_and_say_what_is_wrong() {
    for (arguments, says) in [
        (&["serv"][..], "serv"),
        (&["serve", "now"], "now"),
        (&["say"], "<COMMAND>"),
        (&["jobs"], "Usage"),
        (&["jobs", "retry", "42"], "not a job identifier"),
        (&["jobs", "list", "--limit", "many"], "many"),
        (&["stats", "--days", "0"], "0 is not in 1..=3650"),
        (&["manifest", "slack", "--url", "http://docket.example.com"], "https://"),
        (&["manifest", "slack", "--url", "https://docket.example.com/a"], "root of its address"),
        (&["manifest", "slack"], "--url https://docket.example.com"),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_end_with_2() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = TempDir::new().unwrap();
    let ran: Ran = docket(folder.path(), &[]).arg("say").arg(OsStr::from_bytes(b"\xff")).output().unwrap().into();
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn wrong_settings_end_with_2_and_are_all_named() {
    let folder = TempDir::new().unwrap();
    let settings = [("PORT", "http"), ("SLACK_BOT_TOKEN", "xoxb-1-hush"), ("LOG_FORMAT", "xml")];
    for command in ["serve", "migrate", "jobs list", "say help"] {
        let ran = run_in(folder.path(), &settings, &command.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(2), "{command}: {}", ran.err);
        for name in ["PORT", "SLACK_SIGNING_SECRET", "LOG_FORMAT"] {
            assert!(ran.err.contains(name), "{command}: {}", ran.err);
        }
        assert!(!ran.err.contains("hush"), "{command}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made before the settings are right");
}

#[test]
fn the_env_file_counts_and_the_environment_wins() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".env"), "# ours\nPORT=one\nLOG_FORMAT=\"two\"\n").unwrap();
    let ran = run_in(folder.path(), &[("PORT", "8081")], &["migrate"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("LOG_FORMAT is \"two\"") && !ran.err.contains("PORT"), "{}", ran.err);

    fs::write(folder.path().join(".env"), "SLACK_BOT_TOKEN = 'hush\n").unwrap();
    let ran = run_in(folder.path(), &[], &["migrate"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains(".env can't be read") && !ran.err.contains("hush"), "{}", ran.err);
}

#[test]
fn the_doctor_is_content_with_a_fresh_clone_and_makes_nothing() {
    let folder = TempDir::new().unwrap();
    let ran = run_in(folder.path(), &[], &["doctor"]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.out.contains("✓ settings") && ran.out.contains("– database"), "{}", ran.out);
    assert!(ran.out.ends_with("Nothing needs attention.\n"), "{}", ran.out);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_doctor_looks_into_the_database() {
    let folder = TempDir::new().unwrap();
    let migrated = run_in(folder.path(), &[], &["migrate"]);
    assert_eq!(
        (migrated.code, migrated.out.as_str()),
        (Some(0), "sqlite://data/docket.db is up to date.\n"),
        "{}",
        migrated.err
    );
    let ran = run_in(folder.path(), &[], &["doctor"]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.out.contains("answers and is migrated") && ran.out.contains("can be written to"), "{}", ran.out);

    fs::write(folder.path().join("data/docket.db"), "this is no database, whatever its name says ".repeat(100))
        .unwrap();
    let ran = run_in(folder.path(), &[], &["doctor"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("✗ database"), "{}", ran.out);
}

#[test]
fn the_doctor_says_what_to_do_about_each_problem() {
    let folder = TempDir::new().unwrap();
    let ran = run_in(folder.path(), &[("PORT", "http"), ("SLACK_BOT_TOKEN", "xoxb-1")], &["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✗ settings    PORT is") && ran.out.contains("→ Set PORT=8080"), "{}", ran.out);
    assert!(ran.out.contains("SLACK_SIGNING_SECRET is missing"), "{}", ran.out);

    let ran = run_in(folder.path(), &[("DOCKET_TEMPLATES", "nowhere")], &["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✗ templates   nowhere can't be read"), "{}", ran.out);
}

#[test]
fn the_doctor_notices_that_slack_does_not_answer() {
    let folder = TempDir::new().unwrap();
    // Nothing listens on port 9 of this machine.
    let settings = [
        ("SLACK_BOT_TOKEN", "xoxb-1-hush"),
        ("SLACK_SIGNING_SECRET", "hush"),
        ("SLACK_API_URL", "http://127.0.0.1:9/api"),
        ("PUBLIC_URL", "https://127.0.0.1:9"),
    ];
    let ran = run_in(folder.path(), &settings, &["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✗ Slack") && ran.out.contains("✗ public URL"), "{}", ran.out);
    assert!(!ran.out.contains("hush"), "{}", ran.out);
}

/// A Slack that knows one token and grants `scopes`; the address of its Web API.
fn slack_granting(scopes: &'static str) -> String {
    use axum::{Json, Router, http::HeaderMap, routing::post};
    use serde_json::json;

    let auth_test = async move |headers: HeaderMap| {
        let known = headers.get("authorization").is_some_and(|sent| sent == "Bearer xoxb-1-hush");
        let known = json!({
            "ok": known, "url": "https://acme.slack.test/", "team": "Acme", "user": "docket", "team_id": "T1",
            "user_id": "U9", "bot_id": "B9", "error": if known { None } else { Some("invalid_auth") },
        });
        ([("x-oauth-scopes", scopes)], Json(known))
    };
    let app = Router::new().route("/api/auth.test", post(auth_test));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime
            .block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap() });
    });
    format!("http://{address}/api")
}

#[test]
fn the_doctor_says_who_docket_is_in_slack_and_which_scopes_it_lacks() {
    let folder = TempDir::new().unwrap();
    let api = slack_granting("app_mentions:read,chat:write,commands");
    let mut settings =
        vec![("SLACK_BOT_TOKEN", "xoxb-1-hush"), ("SLACK_SIGNING_SECRET", "hush"), ("SLACK_API_URL", api.as_str())];
    let ran = run_in(folder.path(), &settings, &["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✓ Slack       workspace Acme (T1), as U9\n"), "{}", ran.out);
    assert!(ran.out.contains("✗ Slack       lacks the scopes ") && ran.out.contains("im:history"), "{}", ran.out);
    assert!(ran.out.contains("✗ public URL  http://127.0.0.1:8080 is not https"), "{}", ran.out);

    settings[0] = ("SLACK_BOT_TOKEN", "xoxb-2-wrong");
    let ran = run_in(folder.path(), &settings, &["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✗ Slack       Slack refuses (invalid_auth)"), "{}", ran.out);
}

#[test]
fn a_misspelt_setting_in_the_env_file_is_noticed() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".env"), "DATABSE_URL=postgres://db/docket\nPOSTGRES_PASSWORD=hush\n").unwrap();
    let ran = run_in(folder.path(), &[], &["migrate"]);
    assert_eq!(ran.code, Some(2));
    let said = ".env sets DATABSE_URL, which Docket does not know. Did you mean DATABASE_URL?";
    assert!(ran.err.contains(said) && !ran.err.contains("POSTGRES_PASSWORD"), "{}", ran.err);
}

#[test]
fn migrating_twice_changes_nothing_and_no_jobs_wait() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        assert_eq!(run_in(folder.path(), &[], &["migrate"]).code, Some(0));
    }
    let list = run_in(folder.path(), &[], &["jobs", "list"]);
    assert_eq!((list.code, list.out.as_str()), (Some(0), "No jobs: everything is done.\n"), "{}", list.err);
    for verb in ["retry", "drop"] {
        let ran = run_in(folder.path(), &[], &["jobs", verb, "job_01HF7YAT00000000000000001A"]);
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(ran.err.contains("no job of that id"), "{}", ran.err);
    }
}

#[test]
fn jobs_that_wait_for_their_time_are_counted_and_shown_on_demand() {
    let folder = TempDir::new().unwrap();
    let planned = run_in(folder.path(), &[], &["say", "plan Build a login page"]);
    assert_eq!(planned.code, Some(0), "{}", planned.err);
    let list = run_in(folder.path(), &[], &["jobs", "list"]);
    let quiet = "Nothing needs attention. 1 job waits for its time: --all shows them.\n";
    assert_eq!((list.code, list.out.as_str()), (Some(0), quiet), "{}", list.err);
    let all = run_in(folder.path(), &[], &["jobs", "list", "--all"]);
    assert!(all.out.contains("expire_patch     lets P-1 lapse, 0 attempts, in 6 d"), "{}", all.out);
    assert_eq!(all.out.lines().count(), 1, "{}", all.out);
}

#[test]
fn stats_tell_how_proposals_fared() {
    let folder = TempDir::new().unwrap();
    assert_eq!(run_in(folder.path(), &[], &["migrate"]).code, Some(0));
    let nothing = run_in(folder.path(), &[], &["stats"]);
    assert_eq!(nothing.code, Some(0), "{}", nothing.err);
    assert!(nothing.out.starts_with("No proposal was approved, rejected or left to expire since "), "{}", nothing.out);
    for line in ["plan Build a login page", "approve P-1", "plan Build a shop", "reject P-2 not now"] {
        assert_eq!(run_in(folder.path(), &[], &["say", line]).code, Some(0));
    }
    let stats = run_in(folder.path(), &[], &["stats", "--days", "7"]);
    let line = "plan  template    –             2       50 %     0 %      50 %        0    0.0";
    assert!(stats.out.lines().any(|said| said == line), "{}", stats.out);
}

#[test]
fn stats_of_a_database_that_is_not_migrated_say_the_one_thing_to_do() {
    let ran = run(&["stats"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("run `docket migrate`"), "{}", ran.err);
}

#[test]
fn jobs_of_a_database_that_is_not_migrated_say_the_one_thing_to_do() {
    let ran = run(&["jobs", "list"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("run `docket migrate`") && !ran.err.contains("docket doctor"), "{}", ran.err);
}

#[test]
fn the_manifest_is_filled_in() {
    let ran = run(&["manifest", "slack", "--url", "https://plans.acme.test/"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for route in ["commands", "interactions", "events"] {
        assert!(ran.out.contains(&format!("https://plans.acme.test/slack/{route}")), "{}", ran.out);
    }
    let folder = TempDir::new().unwrap();
    let same = run_in(folder.path(), &[("PUBLIC_URL", "https://plans.acme.test")], &["manifest", "slack"]);
    assert_eq!(same.out, ran.out);
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_early_is_no_reason_to_panic() {
    let folder = TempDir::new().unwrap();
    for arguments in [&["--help"][..], &["doctor"], &["manifest", "slack", "--url", "https://plans.acme.test"]] {
        // A pipe whose reading end is closed before the program writes.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = docket(folder.path(), &[]).args(arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ran: Ran = child.wait_with_output().unwrap().into();
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_standard_output_is_a_failure() {
    let folder = TempDir::new().unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let arguments = ["manifest", "slack", "--url", "https://plans.acme.test"];
    let ran: Ran = docket(folder.path(), &[]).args(arguments).stdout(full).output().unwrap().into();
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("No space left"), "{}", ran.err);
}
