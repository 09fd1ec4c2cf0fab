//! That no log line holds a secret is looked at all the time (`support::secrets`). Here: it would be seen.

use std::process::Command;

use crate::support::secrets;

/// Says to the program below, which is this one, how it should tell a secret.
const HOW: &str = "DOCKET_TEST_LEAK";
const SECRET: &str = "a-secret-of-this-test-4711";

/// Does nothing but where the test below asks for it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a setting of this test")]
async fn a_secret_is_logged_where_that_is_asked_for() {
    let Ok(how) = std::env::var(HOW) else { return };
    secrets::known(SECRET);
    let task = tokio::spawn(async move {
        match how.as_str() {
            "line" => tracing::trace!(target: "docket::test", token = SECRET, "told"),
            "message" => tracing::warn!("the token {SECRET} was told"),
            "span" => drop(tracing::info_span!("told", token = SECRET)),
            "library" => tracing::debug!(target: "hyper", "authorization: Bearer {SECRET}"),
            "slack" => tracing::info!("xoxb-1234567890-abcdef"),
            "model" => tracing::info!(key = "sk-proj-0a1b2c3d4e", "told"),
            _ => tracing::info!("nothing is told: xoxb-…, sk-…, {}", secrets_length()),
        }
    });
    // Nobody looks at how the task ended, as nobody does in a server.
    let _ = task.await;
}

fn secrets_length() -> usize {
    SECRET.len()
}

#[test]
fn a_secret_in_a_log_line_of_any_thread_ends_the_run() {
    for how in ["line", "message", "span", "library", "slack", "model", "nothing"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "known_secrets::a_secret_is_logged_where_that_is_asked_for"])
            .env(HOW, how)
            .output()
            .unwrap();
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.success(), how == "nothing", "{how}: {told}");
        assert_eq!(told.contains("a secret was logged"), how != "nothing", "{how}: {told}");
        assert!(!told.contains(SECRET), "{how}: {told}");
    }
}

#[test]
fn a_secret_in_what_a_program_prints_fails_its_test() {
    secrets::known(SECRET);
    secrets::check("Docket is ready\nSLACK_BOT_TOKEN does not start with xoxb-.");
    for line in [format!("ready\ntoken={SECRET}"), "Bearer xoxb-1234567890-abc".to_owned()] {
        assert!(std::panic::catch_unwind(|| secrets::check(&line)).is_err(), "{line}");
    }
}
