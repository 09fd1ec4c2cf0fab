//! The real program, started and stopped.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings},
    secrets,
};

/// The database that is used where nobody names one.
const DEFAULT: &str = "sqlite://data/docket.db";

fn in_folder(folder: &TempDir) -> Settings {
    Settings::new(DEFAULT, folder.path())
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_stops_in_order_when_it_is_asked_to() {
    let folder = TempDir::new().unwrap();
    for signal in ["TERM", "INT"] {
        let (took, well) = Binary::start(&in_folder(&folder)).await.signal(signal);
        assert!(well, "{signal}");
        assert!(took < docket::shutdown::GRACE, "{signal} took {took:?}");
    }
}

#[tokio::test]
async fn a_second_server_is_refused_and_other_commands_work_beside_the_first() {
    let folder = TempDir::new().unwrap();
    let settings = in_folder(&folder);
    let server = Binary::start(&settings).await;

    let second = settings.command(&["serve"]).env("PORT", "0").output().map(secrets::checked).unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another docket serve") && said.contains("PostgreSQL"), "{said}");

    for arguments in [&["jobs", "list"][..], &["doctor"], &["migrate"]] {
        let beside = settings.command(arguments).output().map(secrets::checked).unwrap();
        assert!(beside.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&beside.stderr));
    }
    assert!(server.is_ready().await);
}

#[test]
fn a_port_that_is_taken_is_a_failure_that_names_it() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = in_folder(&folder).command(&["serve"]).env("PORT", &port).output().map(secrets::checked).unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(&port), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_health_check_of_the_image_tells_a_server_that_lives_from_none() {
    let dockerfile = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Dockerfile")).unwrap();
    let check = dockerfile.lines().skip_while(|line| !line.starts_with("HEALTHCHECK")).nth(1).unwrap();
    let check: Vec<String> = serde_json::from_str(check.trim().strip_prefix("CMD ").unwrap()).unwrap();
    let healthy = |port: &str| {
        let mut command = Command::new(&check[0]);
        let ran = command.args(&check[1..]).env("PORT", port).stderr(Stdio::null()).status().unwrap();
        ran.success()
    };
    let folder = TempDir::new().unwrap();
    let server = Binary::start(&in_folder(&folder)).await;
    let (_, port) = server.base.rsplit_once(':').unwrap();
    assert!(healthy(port));
    // Nothing listens on port 9 of this machine.
    assert!(!healthy("9"));
}
