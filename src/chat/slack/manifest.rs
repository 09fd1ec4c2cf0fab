//! The manifest from which the Slack app is made.

pub use crate::connect::slack::{OPTIONAL, SCOPES};

const TEMPLATE: &str = include_str!("../../../manifests/slack.yaml");

/// The manifest with this address filled in, as YAML.
pub fn manifest(public_url: &str) -> String {
    TEMPLATE.replace("{{PUBLIC_URL}}", public_url.trim_end_matches('/'))
}

/// Why Slack would not take a manifest with this address; `None` where it would.
pub fn problem(public_url: &str) -> Option<String> {
    let host = public_url.strip_prefix("https://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
    match host {
        Some(host) if !host.is_empty() && !public_url.contains(['"', '\\', ' ', '\n']) => None,
        _ => Some(format!(
            "Slack sends requests only to an https address, and {public_url} is not one. \
             Give the address where Slack reaches Docket: docket manifest slack --url https://docket.example.com"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_filled_in_everywhere() {
        let filled = manifest("https://docket.example.com/");
        assert!(!filled.contains("{{"));
        for path in
            ["/slack/commands", "/slack/events", "/slack/interactions", "/slack/options", "/oauth/slack/callback"]
        {
            assert!(filled.contains(&format!("\"https://docket.example.com{path}\"")), "{path}");
        }
        assert!(SCOPES.iter().all(|scope| filled.contains(&format!("- {scope}\n"))));
    }

    #[test]
    fn only_an_https_address_will_do() {
        assert_eq!(problem("https://docket.example.com"), None);
        for wrong in
            ["http://docket.example.com", "http://127.0.0.1:8080", "docket.example.com", "https://", "https://a\"b"]
        {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
    }
}
