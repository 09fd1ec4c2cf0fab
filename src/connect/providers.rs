//! The providers that are there by the settings, and what is done alike at all of them.

use secrecy::{ExposeSecret, SecretString};

use super::{
    call::{Caller, Refused, Tokens},
    coder::Coder,
    discord::{self, DiscordApp},
    github::{self, GitHub},
    linear::{self, LinearApp},
    slack::{self, SlackApp},
};
use crate::{
    config::{ClientConfig, Config},
    domain::{connection::Connection, provider::Provider, time::Timestamp},
};

/// The providers, as far as they are configured.
pub struct Providers {
    /// Carries the calls.
    pub caller: Caller,
    /// Slack's app, where workspaces can install it.
    pub slack: Option<SlackApp>,
    /// GitHub, which is always there.
    pub github: GitHub,
    /// The operator's GitHub App.
    pub github_app: Option<github::App>,
    /// The operator's classic OAuth App at GitHub.
    pub github_client: Option<ClientConfig>,
    /// Linear.
    pub linear: Option<LinearApp>,
    /// Discord.
    pub discord: Option<DiscordApp>,
    /// The operator's Coder deployment.
    pub coder: Option<Coder>,
}

impl Providers {
    /// By the settings. Calls nobody.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let github = &config.github;
        let with_app = github.app.as_ref().zip(github.client.as_ref());
        Ok(Self {
            caller: Caller::new()?,
            slack: config.slack.as_ref().and_then(SlackApp::of),
            github: GitHub::of(github),
            github_app: with_app.map(|(app, client)| github::App {
                id: app.id,
                client: client.clone(),
                private_key: app.private_key.clone(),
            }),
            github_client: github.client.clone().filter(|_| github.app.is_none()),
            linear: config.linear.clone().map(LinearApp::new),
            discord: config.discord.clone().map(DiscordApp::new),
            coder: config.coder.as_ref().map(Coder::of).transpose()?,
        })
    }

    /// Fresh tokens for a connection. `None` where there are none to be had and it goes on without.
    ///
    /// `app` is the GitHub App behind it.
    ///
    /// # Errors
    /// When the provider says no, or does not answer.
    pub async fn refresh(
        &self,
        connection: &Connection,
        refresh: Option<&SecretString>,
        app: Option<&github::App>,
        now: Timestamp,
    ) -> Result<Option<Tokens>, Refused> {
        let caller = &self.caller;
        let ended = || Refused::Denied(connection.provider, "ended".to_owned());
        let refresh = || refresh.map(ExposeSecret::expose_secret).ok_or_else(ended);
        Ok(Some(match connection.provider {
            Provider::Slack => self.slack()?.refresh(caller, refresh()?).await?,
            Provider::Linear => self.linear()?.refresh(caller, refresh()?).await?,
            Provider::Discord => {
                return self.discord()?.refresh(caller, &connection.realm, refresh()?).await;
            }
            Provider::Coder => self.coder_of(connection)?.refresh(refresh()?).await?,
            Provider::GitHub => match (app, &self.github_client) {
                (Some(app), _) => self.github.installation_token(caller, app, &connection.realm, now).await?,
                (None, Some(client)) => self.github.refresh(caller, client, refresh()?).await?,
                (None, None) => return Err(no_github()),
            },
        }))
    }

    /// Takes back what a connection was let do, where the provider still knows of it.
    ///
    /// # Errors
    /// When the provider does not do it.
    pub async fn revoke(
        &self,
        connection: &Connection,
        token: &SecretString,
        app: Option<&github::App>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let caller = &self.caller;
        match connection.provider {
            Provider::Slack => self.slack()?.uninstall(caller, token).await,
            Provider::Linear => self.linear()?.revoke(caller, token).await,
            Provider::Discord => self.discord()?.leave(caller, &connection.realm, token).await,
            Provider::Coder => self.coder_of(connection)?.revoke(token, connection.refresh.is_none()).await,
            Provider::GitHub => match (app, &self.github_client) {
                (Some(app), _) => self.github.uninstall(caller, app, &connection.realm, now).await,
                (None, Some(client)) => self.github.revoke_all(caller, client, token).await,
                (None, None) => Err(no_github()),
            },
        }
    }

    /// Slack's app.
    ///
    /// # Errors
    /// Where none is set.
    pub fn slack(&self) -> Result<&SlackApp, Refused> {
        let missing = Refused::NotConfigured(Provider::Slack, "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are not set");
        self.slack.as_ref().ok_or(missing)
    }

    /// Linear's app.
    ///
    /// # Errors
    /// Where none is set.
    pub fn linear(&self) -> Result<&LinearApp, Refused> {
        let missing = Refused::NotConfigured(Provider::Linear, "LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET are not set");
        self.linear.as_ref().ok_or(missing)
    }

    /// Discord's application.
    ///
    /// # Errors
    /// Where none is set.
    pub fn discord(&self) -> Result<&DiscordApp, Refused> {
        let missing = Refused::NotConfigured(
            Provider::Discord,
            "DISCORD_APPLICATION_ID, DISCORD_CLIENT_SECRET and DISCORD_BOT_TOKEN are not set",
        );
        self.discord.as_ref().ok_or(missing)
    }

    /// The deployment that a connection leads to: the operator's, or one that a member named.
    fn coder_of(&self, connection: &Connection) -> Result<Coder, Refused> {
        let known = self.coder.as_ref().filter(|coder| coder.url() == connection.url);
        match known {
            Some(coder) if connection.refresh.is_some() => Ok(coder.clone()),
            Some(coder) => Ok(coder.without_client()),
            None => Coder::at(&connection.url)
                .map_err(|_| Refused::NotConfigured(Provider::Coder, "its address is out of reach")),
        }
    }
}

const fn no_github() -> Refused {
    Refused::NotConfigured(Provider::GitHub, "there is no App any more")
}

/// What Docket needs at a provider. `is_classic` is of GitHub: without an App.
pub fn needed(provider: Provider, is_classic: bool) -> Vec<String> {
    let owned = |scopes: &[&str]| scopes.iter().map(|&scope| scope.to_owned()).collect();
    match provider {
        Provider::Slack => owned(slack::SCOPES),
        Provider::Discord => owned(discord::SCOPES),
        Provider::Linear => owned(linear::SCOPES),
        Provider::Coder => Vec::new(),
        Provider::GitHub if is_classic => owned(github::CLASSIC),
        Provider::GitHub => github::PERMISSIONS.iter().map(|(what, level)| format!("{what}:{level}")).collect(),
    }
}

/// What of it was not granted, and whether Docket can do without: optional permissions only cost some of what it does.
pub fn missing(provider: Provider, is_classic: bool, granted: &[String]) -> (Vec<String>, Vec<String>) {
    let has = |scope: &String| {
        granted.iter().any(|one| {
            one == scope || one.strip_suffix("write").is_some_and(|name| scope.strip_suffix("read") == Some(name))
        })
    };
    let lacks = needed(provider, is_classic).into_iter().filter(|scope| !has(scope));
    let is_optional = |scope: &String| provider == Provider::Slack && slack::OPTIONAL.contains(&scope.as_str());
    lacks.partition(|scope| !is_optional(scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_more_than_needed_is_enough() {
        let granted = |scopes: &[&str]| scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>();
        let all = granted(slack::SCOPES);
        assert_eq!(missing(Provider::Slack, false, &all), (Vec::new(), Vec::new()));
        let few: Vec<String> =
            all.into_iter().filter(|scope| scope != "commands" && scope != "groups:history").collect();
        let lacks = (granted(&["commands"]), granted(&["groups:history"]));
        assert_eq!(missing(Provider::Slack, false, &few), lacks);
        let mut more = granted(&["actions:read", "checks:write", "contents:write", "issues:write"]);
        more.extend(granted(&["members:read", "metadata:write", "pull_requests:write"]));
        assert_eq!(missing(Provider::GitHub, false, &more).0, [""; 0]);
        assert_eq!(missing(Provider::GitHub, true, &granted(&["repo"])).0, ["read:org"]);
        assert_eq!(missing(Provider::Linear, false, &granted(&["read"])).0.len(), 3);
    }
}
