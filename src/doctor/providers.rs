//! What is set up of the services that tenants connect, what is missing, and what to paste where; and how the connections
//! of each tenant are.

use super::Check;
use crate::{
    config::Config,
    domain::{connection::Condition, ids::TenantId},
    store::{self, Store},
};

/// The lines about the settings.
pub(super) fn examine(config: &Config) -> Vec<Check> {
    let url = &config.public_url;
    let redirect = |provider: &str| format!("{url}/oauth/{provider}/callback");
    let mut checks = Vec::new();
    if let Some(slack) = &config.slack {
        let missing = if slack.client.is_none() {
            "one workspace, by SLACK_BOT_TOKEN. SLACK_CLIENT_ID and SLACK_CLIENT_SECRET turn on the button Add to Slack"
        } else {
            "the button Add to Slack is on"
        };
        let paste = format!(
            "At the Slack app's page \"OAuth & Permissions\" the redirect URL is {}. Its request URLs: commands \
             {url}/slack/commands, interactivity {url}/slack/interactions, events {url}/slack/events. \
             `docket manifest slack` prints them all.",
            redirect("slack")
        );
        checks.push(Check::aside("Slack", missing).advise(paste));
    }
    checks.push(github(config, &redirect("github")));
    checks.push(provider(
        "Linear",
        config.linear.is_some(),
        "LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET",
        &format!("Linear's Settings, API, OAuth applications: callback URL {}", redirect("linear")),
    ));
    checks.push(provider(
        "Discord",
        config.discord.is_some(),
        "DISCORD_APPLICATION_ID, DISCORD_CLIENT_SECRET and DISCORD_BOT_TOKEN",
        &format!("discord.com/developers, the application's page OAuth2: redirect {}", redirect("discord")),
    ));
    checks.push(provider(
        "Coder",
        config.coder.as_ref().is_some_and(|coder| coder.client.is_some()),
        "CODER_URL, CODER_CLIENT_ID and CODER_CLIENT_SECRET",
        &format!(
            "Coder's Deployment, OAuth2 Applications: callback URL {}. Without them, people paste a token",
            redirect("coder")
        ),
    ));
    checks
}

fn provider(name: &'static str, is_set: bool, settings: &str, place: &str) -> Check {
    if is_set {
        return Check::good(name, "is set up; it is connected on the page /connect").advise(format!("{place}."));
    }
    Check::aside(name, format!("is off: set {settings}")).advise(format!("{place}."))
}

fn github(config: &Config, redirect: &str) -> Check {
    let place = format!(
        "The App's page at {}: callback URL and setup URL {redirect}, with \"Redirect on update\".",
        config.github.url
    );
    let hook = format!("{}/github/webhooks", config.public_url);
    if config.github.app.is_some() && config.github.webhook_secrets.is_empty() {
        let found = "an App is set up, and nothing that happens at GitHub is heard: GITHUB_WEBHOOK_SECRET is not set";
        let remedy = format!(
            "Set it to the webhook secret of the App's page, whose webhook is active with the URL {hook} and the \
             content type application/json."
        );
        Check::bad("GitHub", found, remedy)
    } else if config.github.app.is_some() {
        let hook = format!("Webhook: active, URL {hook}, with the secret of GITHUB_WEBHOOK_SECRET.");
        Check::good("GitHub", "an App is set up; it is installed on the page /connect")
            .advise(format!("{place} {hook}"))
    } else if config.github.client.is_some() {
        let remedy = "GITHUB_APP_ID and GITHUB_PRIVATE_KEY make it an App, whose tokens end and reach no further.";
        Check::good("GitHub", "a classic OAuth App is set up").advise(format!("{remedy} Callback URL: {redirect}."))
    } else {
        Check::aside("GitHub", "nothing has to be set: an owner makes an App by a button on the page /connect").advise(
            "Or set GITHUB_APP_ID, GITHUB_PRIVATE_KEY, GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET for one App of all \
             tenants.",
        )
    }
}

/// The lines about what tenants have connected.
pub(super) async fn connections(store: &Store) -> store::Result<Vec<Check>> {
    let mut checks = Vec::new();
    for tenant in store.tenants().await? {
        checks.extend(of_tenant(store, tenant.id, &tenant.name).await?);
    }
    Ok(checks)
}

async fn of_tenant(store: &Store, tenant: TenantId, name: &str) -> store::Result<Vec<Check>> {
    let connections = store.read(tenant).await?.connections().await?;
    let check = |one: crate::domain::connection::Connection| {
        let what = format!("{name}: {} ({})", one.provider.name(), one.name);
        match (one.condition, one.trouble) {
            (Condition::Live, _) => Check::good("connected", what),
            (Condition::Leaving, _) => Check::aside("connected", format!("{what} is being disconnected")),
            (Condition::Broken, trouble) => {
                let why = trouble.map(|(why, _)| why).unwrap_or_default();
                Check::bad(
                    "connected",
                    format!("{what} no longer works. {why}"),
                    "An owner of that tenant presses Reconnect on the page /connect.",
                )
            }
        }
    };
    Ok(connections.into_iter().map(check).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_address_to_paste_where() {
        let settings = [("PUBLIC_URL", "https://docket.example.com")];
        let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let report = super::super::Report(examine(&Config::read(&read).unwrap())).to_string();
        for part in [
            "GitHub      nothing has to be set",
            "Linear      is off: set LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET",
            "callback URL https://docket.example.com/oauth/linear/callback",
            "Discord     is off: set DISCORD_APPLICATION_ID, DISCORD_CLIENT_SECRET and DISCORD_BOT_TOKEN",
            "redirect https://docket.example.com/oauth/discord/callback",
            "Coder       is off: set CODER_URL, CODER_CLIENT_ID and CODER_CLIENT_SECRET",
            "callback URL https://docket.example.com/oauth/coder/callback",
        ] {
            assert!(report.contains(part), "{part}: {report}");
        }
    }
}
