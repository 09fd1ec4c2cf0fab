//! Every setting, one struct per integration, checked at start.
//!
//! [`SETTINGS`] is the one list of the variables: the reader below, `docket help serve`, README.md and
//! `.env.example` say the same, and a test compares them. An empty value is the same as none.

mod providers;
mod read;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use secrecy::SecretString;

pub use providers::{ClientConfig, CoderConfig, DiscordConfig, GitHubApp, GitHubConfig, LinearConfig, SlackConfig};

/// Everything that can be set from outside.
#[derive(Clone)]
pub struct Config {
    /// `HOST`: the address to listen on; `127.0.0.1` by default.
    pub host: String,
    /// `PORT`: the port to listen on; 8080 by default, 0 for any free one.
    pub port: u16,
    /// `PUBLIC_URL`: where people and platforms reach Docket, without a slash at the end;
    /// `http://127.0.0.1:{PORT}` by default.
    pub public_url: String,
    /// `DATABASE_URL`: `sqlite://data/docket.db` by default, or `postgres://…`. May hold a password:
    /// show it through [`without_password`] only.
    pub database_url: String,
    /// `DOCKET_MASTER_KEY`: 32 bytes in base64, one or several, separated by commas; the first encrypts stored
    /// secrets, each decrypts them. Where there is none and the database is SQLite, a file beside it holds one.
    pub master_keys: Vec<SecretString>,
    /// `DOCKET_TEMPLATES`: a folder with more plan templates.
    pub templates: Option<PathBuf>,
    /// Slack, where it is configured.
    pub slack: Option<SlackConfig>,
    /// GitHub: where it is, and the operator's App, where one is configured.
    pub github: GitHubConfig,
    /// Linear, where it is configured.
    pub linear: Option<LinearConfig>,
    /// Discord, where it is configured.
    pub discord: Option<DiscordConfig>,
    /// Coder, where the operator knows a deployment.
    pub coder: Option<CoderConfig>,
    /// The account with a provider of models, where one is configured.
    pub openai: Option<OpenAiConfig>,
    /// The OpenID Connect provider that people sign in with, where one is configured.
    pub oidc: Option<OidcConfig>,
    /// `TRUSTED_PROXIES`: the addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// An OpenID Connect provider, such as Keycloak: all three together.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// `OIDC_ISSUER`: the provider, exactly as it calls itself.
    pub issuer: String,
    /// `OIDC_CLIENT_ID`: Docket there.
    pub client_id: String,
    /// `OIDC_CLIENT_SECRET`: what Docket proves that with.
    pub client_secret: SecretString,
}

/// An account with a provider of models whose API is like OpenAI's.
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    /// `OPENAI_API_KEY`: the key; a server of one's own, such as Ollama, wants none.
    pub api_key: Option<SecretString>,
    /// `OPENAI_BASE_URL`: `https://api.openai.com/v1` by default, without a slash at the end.
    pub base_url: String,
    /// `OPENAI_MODEL`: one or several, separated by commas; the first is the default.
    pub models: Vec<String>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// `LOG_FORMAT`: `text` for people (the default) or `json` for machines.
    pub format: LogFormat,
    /// `RUST_LOG`: which spans and lines are kept, in the syntax of tracing's `EnvFilter`. By default a
    /// server tells what it does, and a command only what is wrong.
    pub filter: Option<String>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line for a person.
    Text,
    /// One JSON object per line.
    Json,
}

/// A variable of the environment that Docket reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What counts where it is not set; empty for nothing.
    pub default: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
}

macro_rules! settings {
    ($($constant:ident = $default:literal, $about:literal;)*) => {
        $(const $constant: Setting = Setting { name: stringify!($constant), default: $default, about: $about };)*

        /// Every variable that Docket reads, in the order in which they are explained.
        pub const SETTINGS: &[Setting] = &[$($constant,)*];
    };
}

settings! {
    PORT = "8080", "port to listen on; 0 takes any free one";
    HOST = "127.0.0.1", "address to listen on; 0.0.0.0 for every interface";
    PUBLIC_URL = "http://127.0.0.1:{PORT}", "where people and Slack reach Docket from outside";
    DATABASE_URL = "sqlite://data/docket.db", "sqlite://path/to/file.db or postgres://user:password@host/name";
    DOCKET_MASTER_KEY = "", "encrypts stored secrets: 32 bytes in base64; several with commas while you rotate it";
    SLACK_SIGNING_SECRET = "", "the Slack app's signing secret; several with commas while you rotate it";
    SLACK_BOT_TOKEN = "", "one workspace: the Slack app's xoxb- token";
    SLACK_CLIENT_ID = "", "many workspaces: the Slack app's client id, for the button Add to Slack";
    SLACK_CLIENT_SECRET = "", "the Slack app's client secret; goes with SLACK_CLIENT_ID";
    SLACK_API_URL = "https://slack.com/api", "another address of the Slack Web API: a proxy, a test";
    GITHUB_APP_ID = "", "your GitHub App, for every tenant; without it each makes its own by a button";
    GITHUB_PRIVATE_KEY = "", "its private key: the text of the .pem file, with \\n for line breaks";
    GITHUB_CLIENT_ID = "", "its client id; or that of an OAuth App where GITHUB_APP_ID is not set";
    GITHUB_CLIENT_SECRET = "", "its client secret";
    GITHUB_WEBHOOK_SECRET = "", "what its webhooks are signed with; several with commas while you rotate it";
    GITHUB_URL = "https://github.com", "another GitHub: a GitHub Enterprise Server";
    GITHUB_API_URL = "https://api.github.com", "its API; {GITHUB_URL}/api/v3 where only GITHUB_URL is set";
    LINEAR_CLIENT_ID = "", "the Linear OAuth application's client id";
    LINEAR_CLIENT_SECRET = "", "its client secret";
    LINEAR_URL = "https://linear.app", "another address of Linear's pages: a test";
    LINEAR_API_URL = "https://api.linear.app", "another address of Linear's API: a proxy, a test";
    DISCORD_APPLICATION_ID = "", "the Discord application's id";
    DISCORD_CLIENT_SECRET = "", "its client secret";
    DISCORD_BOT_TOKEN = "", "its bot's token";
    DISCORD_API_URL = "https://discord.com/api/v10", "another address of Discord's API: a proxy, a test";
    CODER_URL = "", "your Coder deployment, such as https://coder.example.com";
    CODER_CLIENT_ID = "", "an OAuth2 application of that Coder; without it people paste a token";
    CODER_CLIENT_SECRET = "", "its client secret";
    OPENAI_API_KEY = "", "the key of the account with a provider of models; Ollama needs none";
    OPENAI_BASE_URL = "https://api.openai.com/v1", "where its API is, such as http://127.0.0.1:11434/v1 for Ollama";
    OPENAI_MODEL = "", "the model to use; several with commas, the first is the default";
    OIDC_ISSUER = "", "an OpenID Connect provider to sign in with, such as https://id.example.com/realms/acme";
    OIDC_CLIENT_ID = "", "its client id for Docket";
    OIDC_CLIENT_SECRET = "", "its client secret for Docket";
    TRUSTED_PROXIES = "", "addresses or networks of your reverse proxies, with commas: 10.0.0.0/8, 192.0.2.7";
    DOCKET_TEMPLATES = "", "a folder with more plan templates (TOML files)";
    LOG_FORMAT = "text", "text for people or json for machines";
    RUST_LOG = "warn,docket=info", "which log lines are kept, such as info,docket=debug";
}

/// What is wrong with one setting, and what to do about it. Never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub setting: &'static str,
    /// What is wrong, and why that matters.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.setting, self.what, self.remedy)
    }
}

impl Config {
    /// Reads every setting from `source`, which answers with a variable's value.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        read::read(source)
    }

    /// Reads every setting from the environment and, for what is not set there, from the file `.env` in
    /// the working directory.
    ///
    /// # Errors
    /// Every problem at once, an unreadable `.env` among them.
    pub fn from_env() -> Result<Self, Vec<Problem>> {
        let file = read::dotenv(std::path::Path::new(".env"))?;
        let misspelt = read::misspelt(&file);
        match Self::read(&|name| environment(name).or_else(|| file.get(name).cloned())) {
            Ok(config) if misspelt.is_empty() => Ok(config),
            outcome => Err(misspelt.into_iter().chain(outcome.err().unwrap_or_default()).collect()),
        }
    }
}

/// The variables of a `.env` file.
type Variables = BTreeMap<String, String>;

/// A variable of the environment. One that is not UTF-8 is read with replacement characters, which the
/// checks then refuse.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// A database address that can be shown: without the password and without the options, which may hold one.
pub fn without_password(database_url: &str) -> String {
    let Some((scheme, rest)) = database_url.split_once("://") else { return database_url.to_owned() };
    // Everything up to the last "@" is kept back, since a password may hold an unescaped "@", "/" or "?".
    let (user, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => (format!("{}@", credentials.split(':').next().unwrap_or_default()), place),
        None => (String::new(), rest),
    };
    format!("{scheme}://{user}{}", place.split('?').next().unwrap_or_default())
}

/// The file of an SQLite address; `None` for another kind of database.
pub fn sqlite_file(database_url: &str) -> Option<&Path> {
    let rest = database_url.strip_prefix("sqlite:")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    Some(Path::new(rest.split('?').next().unwrap_or(rest)))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("public_url", &self.public_url)
            .field("database_url", &without_password(&self.database_url))
            .field("master_keys", &self.master_keys.len())
            .field("templates", &self.templates)
            .field("slack", &self.slack)
            .field("github", &self.github)
            .field("linear", &self.linear)
            .field("discord", &self.discord)
            .field("coder", &self.coder)
            .field("openai", &self.openai)
            .field("oidc", &self.oidc)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("log", &self.log)
            .finish()
    }
}
