//! Third-party programs that the tests measure Docket against, installed by `./tests/run`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::shared_specs;

/// Says in one line what was not checked, or what a test measured.
#[expect(clippy::print_stdout, reason = "whoever runs the tests should know")]
pub(crate) fn note(line: &str) {
    println!("{line}");
}

/// Says what was not checked for want of a peer; with `DOCKET_REQUIRE_PEERS=1` that fails the test.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of Docket")]
pub(crate) fn missing(line: &str) {
    let is_required = std::env::var("DOCKET_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(!is_required, "{line}");
    note(line);
}

/// The Python that has Slack's own library; `None`, with a line that says so, where it is not installed.
pub(crate) fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if python.exists() {
        return Some(python);
    }
    missing("not checked against Slack's own library: `./tests/run setup` installs it");
    None
}

/// The signature that Slack's own library gives a body.
pub(crate) fn slack_signature(python: &Path, secret: &str, timestamp: &str, body: &[u8]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sign.py");
    let mut child = Command::new(python)
        .args([script.as_os_str(), secret.as_ref(), timestamp.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Checks outgoing Slack payloads, one JSON a line, against Slack's own models.
pub(crate) fn check_blocks(python: &Path, payloads: &Path) {
    let Some(specs) = shared_specs() else {
        note("outgoing payloads not checked against Slack's models: no ../shared/specs");
        return;
    };
    let checker = specs.parent().unwrap().join("tools/check-blocks.py");
    let output = Command::new(python).args([&checker, payloads]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
