//! The services that tenants connect: where they are, and who Docket is there.

use secrecy::SecretString;

/// Who Docket is at a provider of OAuth: what its page about the app calls client id and client secret.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: SecretString,
}

/// Slack: `SLACK_SIGNING_SECRET`, and at least one of a bot token and a client.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// `SLACK_BOT_TOKEN`: the `xoxb-` token of one workspace, which belongs to the local tenant.
    pub bot_token: Option<SecretString>,
    /// `SLACK_CLIENT_ID`: with it, any number of workspaces add the app by a page.
    /// `SLACK_CLIENT_SECRET`: goes with it.
    pub client: Option<ClientConfig>,
    /// `SLACK_SIGNING_SECRET`: one or several, separated by commas; each is accepted, for rotation.
    pub signing_secrets: Vec<SecretString>,
    /// `SLACK_API_URL`: `https://slack.com/api` by default, without a slash at the end.
    pub api_url: String,
}

impl SlackConfig {
    /// Where the pages are on which people let the app in: the address of the API without its last part.
    pub fn site(&self) -> &str {
        self.api_url.strip_suffix("/api").unwrap_or(&self.api_url)
    }
}

/// GitHub. A tenant can make an App of its own by a button, so that nothing has to be set.
#[derive(Debug, Clone)]
pub struct GitHubConfig {
    /// `GITHUB_URL`: `https://github.com` by default, or a GitHub Enterprise Server.
    pub url: String,
    /// `GITHUB_API_URL`: `https://api.github.com` by default; `{GITHUB_URL}/api/v3` for another server.
    pub api_url: String,
    /// `GITHUB_CLIENT_ID`: of the App, or of a classic OAuth App where no App is set.
    /// `GITHUB_CLIENT_SECRET`: goes with it.
    pub client: Option<ClientConfig>,
    /// The App that every tenant installs. Goes with the client.
    pub app: Option<GitHubApp>,
    /// `GITHUB_WEBHOOK_SECRET`: what webhooks of that App are signed with, or of a repository or an organisation that
    /// somebody set up by hand; one or several, separated by commas; each is accepted, for rotation.
    pub webhook_secrets: Vec<SecretString>,
}

/// A GitHub App of whoever runs Docket.
#[derive(Debug, Clone)]
pub struct GitHubApp {
    /// `GITHUB_APP_ID`: its number.
    pub id: u64,
    /// `GITHUB_PRIVATE_KEY`: its private key, in PEM; line breaks may be written `\n`.
    pub private_key: SecretString,
}

/// Linear: `LINEAR_CLIENT_ID` and `LINEAR_CLIENT_SECRET` together.
#[derive(Debug, Clone)]
pub struct LinearConfig {
    /// `LINEAR_CLIENT_ID`: of the OAuth application.
    /// `LINEAR_CLIENT_SECRET`: goes with it.
    pub client: ClientConfig,
    /// `LINEAR_URL`: `https://linear.app` by default.
    pub url: String,
    /// `LINEAR_API_URL`: `https://api.linear.app` by default.
    pub api_url: String,
}

/// Discord: `DISCORD_APPLICATION_ID`, `DISCORD_CLIENT_SECRET` and `DISCORD_BOT_TOKEN` together.
#[derive(Debug, Clone)]
pub struct DiscordConfig {
    /// `DISCORD_APPLICATION_ID`: the application's id, which is its client id too.
    /// `DISCORD_CLIENT_SECRET`: goes with it.
    pub client: ClientConfig,
    /// `DISCORD_BOT_TOKEN`: the bot's token, one for every server.
    pub bot_token: SecretString,
    /// `DISCORD_API_URL`: `https://discord.com/api/v10` by default.
    pub api_url: String,
}

impl DiscordConfig {
    /// Where the pages are on which people let the bot in.
    pub fn site(&self) -> &str {
        self.api_url.split_once("/api").map_or(self.api_url.as_str(), |(site, _)| site)
    }
}

/// A Coder deployment that whoever runs Docket knows.
#[derive(Debug, Clone)]
pub struct CoderConfig {
    /// `CODER_URL`: its address, without a slash at the end.
    pub url: String,
    /// `CODER_CLIENT_ID`: of an OAuth2 application there; without one, people paste a token.
    /// `CODER_CLIENT_SECRET`: goes with it.
    pub client: Option<ClientConfig>,
}
