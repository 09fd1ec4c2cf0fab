//! Whether people can sign in, and what to paste where.

use super::{Check, patiently};
use crate::{
    clock::Chance,
    config::Config,
    connect::{http::Http, oidc::Oidc},
    error::causes,
};

const SUBJECT: &str = "sign-in";

/// The ways in that are set up; none is no fault, since chat has a way of its own.
pub(super) async fn examine(config: &Config, chance: &Chance) -> Vec<Check> {
    let mut checks = Vec::new();
    if config.slack.as_ref().is_some_and(|slack| slack.client.is_some()) {
        let found = format!(
            "with Slack; its app must list the redirect URL {}/oauth/slack/callback (OAuth & Permissions)",
            config.public_url
        );
        checks.push(Check::good(SUBJECT, found));
    }
    if let Some(oidc) = &config.oidc {
        let redirect_uri = format!("{}/oauth/oidc/callback", config.public_url);
        let reached = patiently(async {
            let oidc = Oidc::new(oidc.clone(), redirect_uri.clone(), Http::new()?, chance.clone());
            Ok(oidc.check().await?)
        });
        checks.push(match reached.await {
            Ok(()) => {
                let found = format!("{} answers; it must know the redirect URI {redirect_uri}", oidc.issuer);
                Check::good(SUBJECT, found)
            }
            Err(error) => {
                let remedy = format!(
                    "Compare OIDC_ISSUER with the \"issuer\" at {}/.well-known/openid-configuration, and check that \
                     this machine reaches it.",
                    oidc.issuer.trim_end_matches('/')
                );
                Check::bad(SUBJECT, format!("{}: {}", oidc.issuer, causes(&error)), remedy)
            }
        });
    }
    if checks.is_empty() {
        let found = "neither Slack's client nor OIDC_ISSUER is set; people get in by /docket connect in chat, and at \
            this machine where PUBLIC_URL is an address of it";
        checks.push(Check::aside(SUBJECT, found));
    }
    checks
}
