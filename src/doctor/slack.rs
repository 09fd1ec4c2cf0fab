//! Whether Slack knows the token, and whether the token may do what Docket does.

use super::{Check, patiently};
use crate::{
    chat::slack::{
        SlackApi,
        manifest::{OPTIONAL, SCOPES},
    },
    config::Config,
};

const SUBJECT: &str = "Slack";

/// The lines about Slack.
pub(super) async fn examine(config: &Config) -> Vec<Check> {
    let Some(slack) = &config.slack else {
        let url = &config.public_url;
        let remedy = format!(
            "SLACK_SIGNING_SECRET with SLACK_BOT_TOKEN, or with SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, turn it on. Make \
             the app at api.slack.com/apps from what `docket manifest slack --url {url}` prints: redirect URL \
             {url}/oauth/slack/callback; request URLs {url}/slack/commands, {url}/slack/interactions and \
             {url}/slack/events. Its page \"Basic Information\" shows the three values."
        );
        return vec![Check::aside(SUBJECT, "is off").advise(remedy)];
    };
    let Some(token) = &slack.bot_token else {
        return vec![Check::good(SUBJECT, "workspaces are added by the button Add to Slack")];
    };
    let asked = patiently(async { Ok(SlackApi::new(slack, None)?.client(token).auth_test().await?) }).await;
    match asked {
        Ok(info) => {
            let known = Check::good(SUBJECT, format!("workspace {} ({}), as {}", info.name, info.team, info.bot_user));
            vec![known, scopes(&info.scopes)]
        }
        Err(error) => {
            vec![Check::bad(SUBJECT, format!("{error:#}"), "Check SLACK_BOT_TOKEN, SLACK_API_URL and the network.")]
        }
    }
}

/// Compares what was granted (`x-oauth-scopes`; docs.slack.dev: authentication/installing-with-oauth)
/// with what the manifest asks for. What whoever installs the app may leave out is not missing.
fn scopes(granted: &[String]) -> Check {
    if granted.is_empty() {
        return Check::aside(SUBJECT, "did not say which scopes the token has");
    }
    let lacks = SCOPES.iter().filter(|scope| !granted.iter().any(|has| has == *scope)).copied();
    let (left_out, missing): (Vec<_>, Vec<_>) = lacks.partition(|scope| OPTIONAL.contains(scope));
    if missing.is_empty() && left_out.is_empty() {
        return Check::good(SUBJECT, format!("all {} scopes are granted", SCOPES.len()));
    }
    if missing.is_empty() {
        return Check::good(
            SUBJECT,
            format!("all scopes that it needs are granted; left out: {}", left_out.join(", ")),
        );
    }
    let remedy = "Paste `docket manifest slack` at the Slack app's page \"App Manifest\", then reinstall the app.";
    Check::bad(SUBJECT, format!("lacks the scopes {}", missing.join(", ")), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn the_needed_scopes_are_those_of_the_manifest() {
        let manifest = crate::chat::slack::manifest::manifest("https://docket.example.com");
        let manifest: serde_json::Value = serde_yaml_ng::from_str(&manifest).unwrap();
        assert_eq!(manifest["oauth_config"]["scopes"]["bot"], serde_json::json!(SCOPES));
        assert_eq!(manifest["oauth_config"]["scopes"]["bot_optional"], serde_json::json!(OPTIONAL));
        assert!(OPTIONAL.iter().all(|scope| SCOPES.contains(scope)));
    }

    #[tokio::test]
    async fn without_slack_it_says_what_to_set_and_what_to_paste() {
        let read = |name: &str| (name == "PUBLIC_URL").then(|| "https://docket.example.com".to_owned());
        let report = crate::doctor::Report(examine(&Config::read(&read).unwrap()).await).to_string();
        let pasted = ["/oauth/slack/callback", "/slack/commands", "/slack/interactions", "/slack/events"];
        let pasted = pasted.map(|path| format!("https://docket.example.com{path}"));
        for part in ["SLACK_CLIENT_ID", "SLACK_SIGNING_SECRET"].into_iter().chain(pasted.iter().map(String::as_str)) {
            assert!(report.contains(part), "{part}: {report}");
        }
    }

    #[test]
    fn a_missing_scope_is_named() {
        let all: Vec<_> = SCOPES.iter().map(|&scope| scope.to_owned()).collect();
        assert_eq!(scopes(&all).verdict, Verdict::Good);
        assert_eq!(scopes(&[]).verdict, Verdict::Aside);
        let few: Vec<_> = all.iter().filter(|scope| !OPTIONAL.contains(&scope.as_str())).cloned().collect();
        let check = scopes(&few);
        assert_eq!(check.verdict, Verdict::Good);
        assert!(check.found.ends_with(&format!("left out: {}", OPTIONAL.join(", "))), "{}", check.found);
        let without: Vec<_> = all.into_iter().filter(|scope| scope != "chat:write").collect();
        let check = scopes(&without);
        assert_eq!((check.verdict, check.found.as_str()), (Verdict::Bad, "lacks the scopes chat:write"));
    }
}
