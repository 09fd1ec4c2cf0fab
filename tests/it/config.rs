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
    assert_eq!(slack.bot_token.unwrap().expose_secret(), "xoxb-1-hush");
    assert!(slack.client.is_none());
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
fn slack_serves_one_workspace_by_a_token_many_by_a_client_or_both() {
    let (id, secret) = (("SLACK_CLIENT_ID", "1.2"), ("SLACK_CLIENT_SECRET", "hush"));
    let many = read(&[id, secret, SECRET]).unwrap().slack.unwrap();
    assert!(many.bot_token.is_none());
    assert_eq!(many.client.map(|client| client.id).as_deref(), Some("1.2"));
    let both = read(&[id, secret, SECRET, TOKEN]).unwrap().slack.unwrap();
    assert!(both.bot_token.is_some() && both.client.is_some());
    assert_eq!(refused(&[id, SECRET]), ["SLACK_CLIENT_SECRET"]);
    assert_eq!(refused(&[secret, SECRET]), ["SLACK_CLIENT_ID"]);
    assert_eq!(refused(&[id, secret]), ["SLACK_SIGNING_SECRET"]);
}

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\\nMIIB\\n-----END RSA PRIVATE KEY-----\\n";

#[test]
fn github_needs_no_setting_and_an_app_needs_all_of_its_own() {
    let (id, key) = (("GITHUB_APP_ID", "42"), ("GITHUB_PRIVATE_KEY", PEM));
    let (client, secret) = (("GITHUB_CLIENT_ID", "Iv1"), ("GITHUB_CLIENT_SECRET", "hush"));
    let none = read(&[]).unwrap().github;
    assert!(none.app.is_none() && none.client.is_none());
    assert_eq!((none.url.as_str(), none.api_url.as_str()), ("https://github.com", "https://api.github.com"));
    let app = read(&[id, key, client, secret]).unwrap().github;
    assert!(app.client.is_some());
    let app = app.app.unwrap();
    assert_eq!(app.id, 42);
    assert_eq!(app.private_key.expose_secret().lines().count(), 3, "line breaks are read");
    assert!(read(&[client, secret]).unwrap().github.app.is_none(), "a classic OAuth App");
    let server = read(&[("GITHUB_URL", "https://git.acme.test/")]).unwrap().github;
    assert_eq!(server.api_url, "https://git.acme.test/api/v3");
    assert_eq!(refused(&[id, client, secret]), ["GITHUB_PRIVATE_KEY"]);
    assert_eq!(refused(&[key, client, secret]), ["GITHUB_APP_ID"]);
    assert_eq!(refused(&[id, key]), ["GITHUB_CLIENT_ID"]);
    assert_eq!(refused(&[id, key, client]), ["GITHUB_CLIENT_SECRET"]);
    assert_eq!(refused(&[("GITHUB_APP_ID", "x"), key, client, secret]), ["GITHUB_APP_ID"]);
    assert_eq!(refused(&[id, ("GITHUB_PRIVATE_KEY", "hush"), client, secret]), ["GITHUB_PRIVATE_KEY"]);
}

#[test]
fn half_a_provider_is_refused_by_the_name_of_what_is_missing() {
    for (set, missing) in [
        (&[("LINEAR_CLIENT_ID", "x")][..], &["LINEAR_CLIENT_SECRET"][..]),
        (&[("LINEAR_CLIENT_SECRET", "x")], &["LINEAR_CLIENT_ID"]),
        (&[("DISCORD_BOT_TOKEN", "x")], &["DISCORD_APPLICATION_ID", "DISCORD_CLIENT_SECRET"]),
        (&[("DISCORD_APPLICATION_ID", "x"), ("DISCORD_CLIENT_SECRET", "x")], &["DISCORD_BOT_TOKEN"]),
        (&[("CODER_CLIENT_ID", "x"), ("CODER_CLIENT_SECRET", "x")], &["CODER_URL"]),
        (&[("CODER_URL", "https://coder.test"), ("CODER_CLIENT_ID", "x")], &["CODER_CLIENT_SECRET"]),
    ] {
        assert_eq!(refused(set), missing, "{set:?}");
    }
    assert!(read(&[("CODER_URL", "https://coder.test")]).unwrap().coder.unwrap().client.is_none());
}

#[test]
fn an_openid_connect_provider_is_set_wholly_or_not_at_all() {
    let all = [
        ("OIDC_ISSUER", "https://id.example.com/realms/acme"),
        ("OIDC_CLIENT_ID", "docket"),
        ("OIDC_CLIENT_SECRET", "hush"),
    ];
    let config = read(&all).unwrap();
    let oidc = config.oidc.as_ref().unwrap();
    assert_eq!((oidc.issuer.as_str(), oidc.client_id.as_str()), ("https://id.example.com/realms/acme", "docket"));
    assert!(!format!("{config:?}").contains("hush"), "{config:?}");
    for (missing, _) in all {
        let others: Vec<_> = all.into_iter().filter(|(name, _)| *name != missing).collect();
        assert_eq!(refused(&others), [missing]);
    }
    for issuer in ["id.example.com", "ftp://id.example.com", "http://id.example.com", "https://id.example.com/?a=b"] {
        assert_eq!(refused(&[("OIDC_ISSUER", issuer), all[1], all[2]]), ["OIDC_ISSUER"], "{issuer}");
    }
    assert!(read(&[("OIDC_ISSUER", "http://127.0.0.1:9000"), all[1], all[2]]).is_ok());
}

#[test]
fn proxies_are_addresses_and_networks() {
    let proxies = |list: &str| read(&[("TRUSTED_PROXIES", list)]).unwrap().trusted_proxies;
    let texts: Vec<_> = proxies("10.0.0.0/8, 192.0.2.7,fd00::/8, ::1").iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "::1/128"]);
    assert!(proxies(" , ").is_empty());
    for wrong in ["proxy", "10.0.0.0/33", "10.0.0.1:80", "10.0.0.1 10.0.0.2", "*"] {
        assert_eq!(refused(&[("TRUSTED_PROXIES", wrong)]), ["TRUSTED_PROXIES"], "{wrong}");
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
        ("GITHUB_URL", "github.com"),
        ("GITHUB_API_URL", "https://me:pw@github.com"),
        ("LINEAR_API_URL", "ftp://linear.app"),
        ("DISCORD_API_URL", "https://discord.com/?a"),
        ("CODER_URL", "coder.example.com"),
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
    PORT is "x", which is not a port: a port is a number from 0 to 65535. Set PORT=8080, or leave it out.
    DATABASE_URL names no database that Docket knows: it must start with sqlite:// or postgres://. Set DATABASE_URL=sqlite://data/docket.db, or DATABASE_URL=postgres://user:password@host:5432/docket.
    SLACK_CLIENT_SECRET is missing, and SLACK_CLIENT_ID is set. The Slack app's page "Basic Information" shows both; set both, or neither.
    SLACK_SIGNING_SECRET is missing, and SLACK_BOT_TOKEN is set. Copy it from the Slack app's page "Basic Information": Docket takes no request that Slack did not sign. Or leave out all of Slack's settings.
    "#);
}

#[test]
fn secrets_are_never_shown() {
    let hush = "postgres://docket:hu/s@h?@db/docket?password=hush";
    let config = read(&[
        TOKEN,
        ("SLACK_SIGNING_SECRET", "hush"),
        ("SLACK_CLIENT_ID", "1"),
        ("SLACK_CLIENT_SECRET", "hush"),
        ("LINEAR_CLIENT_ID", "1"),
        ("LINEAR_CLIENT_SECRET", "hush"),
        ("DISCORD_APPLICATION_ID", "1"),
        ("DISCORD_CLIENT_SECRET", "hush"),
        ("DISCORD_BOT_TOKEN", "hush"),
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
