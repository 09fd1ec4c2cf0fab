//! The settings as an operator meets them.

use std::collections::BTreeMap;

use docket::config::{Config, LogFormat, Problem, without_password};
use secrecy::ExposeSecret;

fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    Config::read(&|name| variables.get(name).map(|&value| value.to_owned()))
}

/// The names of the settings that are refused.
fn refused(variables: &[(&str, &str)]) -> Vec<&'static str> {
    read(variables).map_or_else(|problems| problems.iter().map(|problem| problem.setting).collect(), |_| Vec::new())
}

const TOKEN: (&str, &str) = ("SLACK_BOT_TOKEN", "xoxb-1-hush");
const SECRET: (&str, &str) = ("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5");

#[test]
fn nothing_has_to_be_set() {
    let config = read(&[]).unwrap();
    assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8080));
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.database_url, "sqlite://data/docket.db");
    assert!(config.slack.is_none() && config.templates.is_none() && config.openai.is_none());
    assert!(config.master_keys.is_empty());
    assert_eq!(config.log.format, LogFormat::Text);
}

#[test]
fn an_empty_value_is_the_same_as_none() {
    let config =
        read(&[("PORT", ""), ("SLACK_BOT_TOKEN", " "), ("SLACK_CLIENT_ID", ""), ("DATABASE_URL", "")]).unwrap();
    assert_eq!(config.port, 8080);
    assert!(config.slack.is_none());
}

#[test]
fn slack_is_on_with_both_of_its_values() {
    let slack = read(&[TOKEN, ("SLACK_SIGNING_SECRET", "new, old,")]).unwrap().slack.unwrap();
    assert_eq!(slack.bot_token.expose_secret(), "xoxb-1-hush");
    let secrets: Vec<_> = slack.signing_secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["new", "old"]);
    assert_eq!(slack.api_url, "https://slack.com/api");
    let other = read(&[TOKEN, SECRET, ("SLACK_API_URL", "http://127.0.0.1:4601/api/")]).unwrap();
    assert_eq!(other.slack.unwrap().api_url, "http://127.0.0.1:4601/api");
}

#[test]
fn half_of_slack_is_refused_by_the_name_of_the_missing_half() {
    assert_eq!(refused(&[TOKEN]), ["SLACK_SIGNING_SECRET"]);
    assert_eq!(refused(&[SECRET]), ["SLACK_BOT_TOKEN"]);
    assert_eq!(refused(&[TOKEN, ("SLACK_SIGNING_SECRET", " , ")]), ["SLACK_SIGNING_SECRET"]);
}

#[test]
fn tokens_that_can_not_work_are_refused() {
    for token in ["xoxp-1", "xapp-1", "xoxe-1", "xoxe.xoxb-1"] {
        assert_eq!(refused(&[("SLACK_BOT_TOKEN", token), SECRET]), ["SLACK_BOT_TOKEN"], "{token}");
    }
}

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn an_account_is_connected_by_a_key_an_address_or_both_with_a_model() {
    let openai = read(&[("OPENAI_API_KEY", "sk-hush"), ("OPENAI_MODEL", "gpt-5, gpt-5-mini,")]).unwrap();
    let openai = openai.openai.unwrap();
    assert_eq!(openai.base_url, "https://api.openai.com/v1");
    assert_eq!(openai.models, ["gpt-5", "gpt-5-mini"]);
    assert_eq!(openai.api_key.unwrap().expose_secret(), "sk-hush");
    let ollama = read(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/"), ("OPENAI_MODEL", "llama3.2")]).unwrap();
    let ollama = ollama.openai.unwrap();
    assert_eq!((ollama.base_url.as_str(), ollama.api_key.is_none()), ("http://127.0.0.1:11434/v1", true));
}

#[test]
fn half_an_account_is_refused_by_the_name_of_what_is_missing() {
    let (key, model) = (("OPENAI_API_KEY", "sk-hush"), ("OPENAI_MODEL", "gpt-5"));
    assert_eq!(refused(&[key]), ["OPENAI_MODEL"]);
    assert_eq!(refused(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")]), ["OPENAI_MODEL"]);
    assert_eq!(refused(&[model]), ["OPENAI_API_KEY"]);
    for address in ["https://api.openai.com", "https://api.openai.com/v1/"] {
        assert_eq!(refused(&[model, ("OPENAI_BASE_URL", address)]), ["OPENAI_API_KEY"]);
        assert_eq!(refused(&[("OPENAI_BASE_URL", address)]), ["OPENAI_MODEL", "OPENAI_API_KEY"]);
    }
    assert_eq!(refused(&[key, ("OPENAI_MODEL", " , ")]), ["OPENAI_MODEL"]);
    assert_eq!(refused(&[("OPENAI_API_KEY", "sk two"), model]), ["OPENAI_API_KEY"]);
    for address in
        ["127.0.0.1:11434", "ftp://models.example", "https://me:hush@models.example/v1", "https://x/v1?key=hush"]
    {
        let problems = read(&[key, model, ("OPENAI_BASE_URL", address)]).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.setting).collect::<Vec<_>>(), ["OPENAI_BASE_URL"]);
        assert!(!format!("{problems:?}").contains("hush"), "{problems:?}");
    }
}

#[test]
fn a_master_key_is_32_bytes_and_there_may_be_several() {
    assert_eq!(read(&[("DOCKET_MASTER_KEY", KEY)]).unwrap().master_keys.len(), 1);
    assert_eq!(read(&[("DOCKET_MASTER_KEY", &format!("{KEY}, {KEY},"))]).unwrap().master_keys.len(), 2);
    for wrong in ["hush", "c2hvcnQ=", ",", &format!("{KEY},hush")] {
        let problems = read(&[("DOCKET_MASTER_KEY", wrong)]).unwrap_err();
        assert_eq!(problems[0].setting, "DOCKET_MASTER_KEY");
        assert!(!format!("{problems:?}").contains("hush"), "{problems:?}");
    }
}

#[test]
fn settings_of_later_versions_are_refused_instead_of_ignored() {
    for name in ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"] {
        assert_eq!(refused(&[(name, "x")]), [name]);
    }
}

#[test]
fn values_that_can_not_be_meant_are_refused() {
    for (name, value) in [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("HOST", "http://0.0.0.0"),
        ("HOST", "127.0.0.1:8080"),
        ("HOST", "[::1]"),
        ("HOST", "127.0.0.256"),
        ("HOST", "8080"),
        ("HOST", "no..where"),
        ("HOST", "-nope"),
        ("PUBLIC_URL", "docket.example.com"),
        ("PUBLIC_URL", "ftp://docket.example.com"),
        ("PUBLIC_URL", "https://docket.example.com/docket"),
        ("PUBLIC_URL", "https://docket.example.com/?a=b"),
        ("PUBLIC_URL", "https://me:pw@docket.example.com"),
        ("DATABASE_URL", "data/docket.db"),
        ("DATABASE_URL", "mysql://db/docket"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_URL", "sqlite://x.db?mode=memory"),
        ("DATABASE_URL", "postgres://user:p@ss:word:1@/docket"),
        ("SLACK_API_URL", "slack.com/api"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "docket=loud"),
    ] {
        assert_eq!(refused(&[(name, value)]), [name], "{value}");
    }
}

#[test]
fn other_machines_are_let_in_only_with_an_address_for_them() {
    for host in ["0.0.0.0", "::", "192.168.1.4", "docket.internal"] {
        assert_eq!(refused(&[("HOST", host)]), ["PUBLIC_URL"], "{host}");
        assert_eq!(refused(&[("HOST", host), ("PUBLIC_URL", "https://docket.example.com")]), [""; 0], "{host}");
    }
    for host in ["127.0.0.1", "127.0.0.2", "::1", "localhost"] {
        assert_eq!(refused(&[("HOST", host)]), [""; 0], "{host}");
    }
}

#[test]
fn values_that_are_meant_are_taken() {
    for (name, value) in [
        ("PORT", "0"),
        ("HOST", "::1"),
        ("HOST", "localhost"),
        ("PUBLIC_URL", "https://docket.example.com:8443"),
        ("DATABASE_URL", "sqlite:docket.db"),
        ("DATABASE_URL", "sqlite:///var/lib/docket/docket.db?mode=rwc"),
        ("DATABASE_URL", "postgresql://docket@db.internal:5432/docket?sslmode=require"),
        ("LOG_FORMAT", "json"),
        ("RUST_LOG", "warn,docket=trace"),
    ] {
        assert_eq!(refused(&[(name, value)]), [""; 0], "{name}={value}");
    }
    assert_eq!(
        read(&[("PUBLIC_URL", "https://docket.example.com/")]).unwrap().public_url,
        "https://docket.example.com"
    );
}

#[test]
fn every_problem_is_told_at_once_with_what_to_do() {
    let problems = read(&[("PORT", "x"), TOKEN, ("DATABASE_URL", "x"), ("SLACK_CLIENT_ID", "1")]).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    SLACK_CLIENT_ID is not supported by this version of Docket. The install page for several workspaces is not there yet. Remove it, and set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET for your one workspace.
    PORT is "x", which is not a port: a port is a number from 0 to 65535. Set PORT=8080, or leave it out.
    DATABASE_URL names no database that Docket knows: it must start with sqlite:// or postgres://. Set DATABASE_URL=sqlite://data/docket.db, or DATABASE_URL=postgres://user:password@host:5432/docket.
    SLACK_SIGNING_SECRET is missing, and SLACK_BOT_TOKEN is set. Set both (the Slack app's pages "OAuth & Permissions" and "Basic Information" show them), or neither to leave Slack off.
    "#);
}

#[test]
fn secrets_are_never_shown() {
    let hush = "postgres://docket:hu/s@h?@db/docket?password=hush";
    let config = read(&[
        TOKEN,
        ("SLACK_SIGNING_SECRET", "hush"),
        ("OPENAI_API_KEY", "hush"),
        ("OPENAI_MODEL", "gpt-5"),
        ("DOCKET_MASTER_KEY", KEY),
        ("DATABASE_URL", "postgres://docket:hush@db/docket?password=hush"),
    ])
    .unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains(KEY), "{shown}");
    assert!(!shown.contains("hush") && shown.contains("postgres://docket@db/docket"), "{shown}");

    let problems = read(&[("SLACK_BOT_TOKEN", "xoxp-hush"), ("DATABASE_URL", hush), ("SLACK_SIGNING_SECRET", "hush")])
        .unwrap_err();
    assert!(problems.len() >= 2, "{problems:?}");
    let told = format!("{problems:?}");
    assert!(!told.contains("hush") && !told.contains("hu/s"), "{told}");
}

#[test]
fn a_database_address_is_shown_without_its_password() {
    for (url, shown) in [
        ("sqlite://data/docket.db?mode=rwc", "sqlite://data/docket.db"),
        ("sqlite:docket.db", "sqlite:docket.db"),
        ("postgres://db/docket", "postgres://db/docket"),
        ("postgres://u:p@db:5432/docket?sslmode=require", "postgres://u@db:5432/docket"),
        ("postgres://u:p@/?w@db/docket", "postgres://u@db/docket"),
    ] {
        assert_eq!(without_password(url), shown);
    }
}
