//! A tenant's own App, made by a button: the browser takes this description to GitHub, which gives back a code for the
//! App's secrets (docs.github.com, registering-a-github-app-from-a-manifest).

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{GitHub, word};
use crate::{
    config::ClientConfig,
    connect::call::{Caller, Refused},
    domain::provider::Provider,
};

/// What Docket must be let do in an organisation, as `permission:level`.
pub const PERMISSIONS: &[(&str, &str)] = &[
    ("actions", "read"),
    ("checks", "read"),
    ("contents", "read"),
    ("issues", "write"),
    ("members", "read"),
    ("metadata", "read"),
    ("pull_requests", "read"),
];

/// What the App is to tell Docket. What becomes of its installations is told to every App.
pub const EVENTS: &[&str] = &[
    "check_run",
    "check_suite",
    "issue_comment",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "release",
    "repository",
    "sub_issues",
    "workflow_run",
];

/// An App that was just made. Its secrets are shown once.
pub struct Made {
    /// Its number.
    pub number: u64,
    /// Its name in addresses.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// Its page.
    pub url: String,
    /// Who Docket is where people let it in.
    pub client: ClientConfig,
    /// Its private key, in PEM.
    pub private_key: SecretString,
    /// What its webhooks are signed with.
    pub hook_secret: Option<SecretString>,
}

/// What the App is to be. Nobody but the organisation that makes it can install it. `hears` is whether GitHub can reach
/// the address: it makes no App whose webhooks go to one that it can't.
pub fn manifest(name: &str, public_url: &str, hears: bool) -> String {
    let callback = format!("{public_url}/oauth/github/callback");
    let permissions: serde_json::Map<String, Value> =
        PERMISSIONS.iter().map(|(what, level)| ((*what).to_owned(), json!(level))).collect();
    json!({
        "name": name,
        "url": public_url,
        "hook_attributes": { "url": format!("{public_url}/github/webhooks"), "active": hears },
        "redirect_url": callback,
        "callback_urls": [callback],
        "setup_url": callback,
        "setup_on_update": true,
        "public": false,
        "request_oauth_on_install": false,
        "default_permissions": permissions,
        "default_events": EVENTS,
    })
    .to_string()
}

impl GitHub {
    /// The App behind a code, which works once and for an hour.
    pub async fn made(&self, caller: &Caller, code: &str) -> Result<Made, Refused> {
        let is_code = code.len() <= 200 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !is_code {
            return Err(Refused::Denied(Provider::GitHub, "bad_code".to_owned()));
        }
        let request = self.call(caller, Method::POST, &format!("app-manifests/{code}/conversions"));
        let (status, answer) = self.send(caller, "app_manifest", request).await?;
        if !status.is_success() {
            return Err(Refused::Denied(Provider::GitHub, format!("HTTP {}", status.as_u16())));
        }
        read(&answer).ok_or(Refused::Unreadable(Provider::GitHub))
    }
}

fn read(answer: &Value) -> Option<Made> {
    let secret = |path: &str| word(answer, path).map(SecretString::from);
    Some(Made {
        number: answer.get("id").and_then(Value::as_u64)?,
        slug: word(answer, "/slug")?,
        name: word(answer, "/name")?,
        url: word(answer, "/html_url")?,
        client: ClientConfig { id: word(answer, "/client_id")?, secret: secret("/client_secret")? },
        private_key: secret("/pem")?,
        hook_secret: secret("/webhook_secret"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_private_tells_docket_what_happens_and_comes_back_to_it() {
        let read = |hears| -> Value {
            serde_json::from_str(&manifest("Docket Acme", "https://docket.example.com", hears)).unwrap()
        };
        let manifest = read(true);
        assert_eq!(manifest["public"], false);
        let hook = json!({ "url": "https://docket.example.com/github/webhooks", "active": true });
        assert_eq!(manifest["hook_attributes"], hook);
        assert_eq!(manifest["default_events"], json!(EVENTS));
        assert_eq!(read(false)["hook_attributes"]["active"], false);
        for place in [&manifest["redirect_url"], &manifest["callback_urls"][0], &manifest["setup_url"]] {
            assert_eq!(place, "https://docket.example.com/oauth/github/callback");
        }
        assert_eq!(manifest["default_permissions"]["metadata"], "read");
    }

    /// What is asked for is explained, and nothing else is.
    #[test]
    fn the_readme_says_why_each_permission_and_each_event_is_needed() {
        let readme = include_str!("../../../README.md");
        let part = readme.split_once("## Connect GitHub\n").unwrap().1.split_once("\n## ").unwrap().0;
        let named = |heading: &str| -> Vec<String> {
            let rows = part.split_once(heading).unwrap().1.lines().skip(2).take_while(|line| line.starts_with('|'));
            let first = |row: &str| row.split('|').nth(1).unwrap().to_owned();
            let codes = |cell: String| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            rows.map(first).flat_map(codes).collect()
        };
        let sorted = |mut all: Vec<String>| {
            all.sort();
            all
        };
        let asked: Vec<_> = PERMISSIONS.iter().map(|(what, level)| format!("{what}: {level}")).collect();
        assert_eq!(sorted(named("| permission |")), asked);
        assert_eq!(sorted(named("| event |")), EVENTS);
    }
}
