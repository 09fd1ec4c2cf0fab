//! The settings of GitHub, Linear, Discord and Coder, and what they have in common.

use reqwest::Url;
use secrecy::SecretString;

use super::{Reader, is_web};
use crate::config::{
    CODER_CLIENT_ID, CODER_CLIENT_SECRET, CODER_URL, ClientConfig, CoderConfig, DISCORD_API_URL,
    DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN, DISCORD_CLIENT_SECRET, DiscordConfig, GITHUB_API_URL, GITHUB_APP_ID,
    GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET, GITHUB_PRIVATE_KEY, GITHUB_URL, GITHUB_WEBHOOK_SECRET, GitHubApp,
    GitHubConfig, LINEAR_API_URL, LINEAR_CLIENT_ID, LINEAR_CLIENT_SECRET, LINEAR_URL, LinearConfig, Setting,
};

impl Reader<'_> {
    /// An address without a slash at the end, or the default.
    pub(super) fn address(&mut self, setting: &Setting) -> String {
        let text = self.text_or_default(setting);
        self.check_address(setting, &text);
        text.trim_end_matches('/').to_owned()
    }

    /// What is wrong with it is said without repeating an address that may hold a password.
    fn check_address(&mut self, setting: &Setting, text: &str) {
        let wrong = match Url::parse(text) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds a user name.".to_owned(),
            Ok(url) if is_web(&url) && url.query().is_none() && url.fragment().is_none() => return,
            _ => format!("is {text:?}, which is no https:// or http:// address."),
        };
        let remedy = if setting.default.is_empty() {
            format!("Set {} to scheme and host, such as https://coder.example.com.", setting.name)
        } else {
            format!("Leave it out for {}.", setting.default)
        };
        self.problem(setting, wrong, remedy);
    }

    /// Both halves of a client, or none. `page` says where they are found.
    pub(super) fn client(&mut self, id: &Setting, secret: &Setting, page: &str) -> Option<ClientConfig> {
        match (self.text(id), self.text(secret)) {
            (Some(id), Some(secret)) => Some(ClientConfig { id, secret: SecretString::from(secret) }),
            (None, None) => None,
            (Some(_), None) => {
                self.problem(secret, format!("is missing, and {} is set.", id.name), page);
                None
            }
            (None, Some(_)) => {
                self.problem(id, format!("is missing, and {} is set.", secret.name), page);
                None
            }
        }
    }

    pub(super) fn github(&mut self) -> GitHubConfig {
        let url = self.address(&GITHUB_URL);
        let api_url = match self.text(&GITHUB_API_URL) {
            None if url != GITHUB_URL.default => format!("{url}/api/v3"),
            _ => self.address(&GITHUB_API_URL),
        };
        let page = "The App's page at GitHub (Settings, Developer settings) shows both; set both, or neither.";
        let client = self.client(&GITHUB_CLIENT_ID, &GITHUB_CLIENT_SECRET, page);
        let app = match (self.text(&GITHUB_APP_ID), self.text(&GITHUB_PRIVATE_KEY)) {
            (None, None) => None,
            (Some(_), None) => {
                let remedy = "Generate one at the App's page at GitHub, and set it to the file's whole text.";
                self.problem(&GITHUB_PRIVATE_KEY, "is missing, and GITHUB_APP_ID is set.", remedy);
                None
            }
            (None, Some(_)) => {
                let remedy = "Copy the \"App ID\" from the App's page at GitHub.";
                self.problem(&GITHUB_APP_ID, "is missing, and GITHUB_PRIVATE_KEY is set.", remedy);
                None
            }
            (Some(id), Some(key)) => self.github_app(&id, &key),
        };
        if app.is_some() && client.is_none() && self.text(&GITHUB_CLIENT_ID).is_none() {
            self.problem(&GITHUB_CLIENT_ID, "is missing, and GITHUB_APP_ID is set.", page);
        }
        let remedy = "Set it to the webhook secret of the App's page at GitHub, or leave it out.";
        let webhook_secrets = self.secrets(&GITHUB_WEBHOOK_SECRET, remedy);
        GitHubConfig { url, api_url, client, app, webhook_secrets }
    }

    fn github_app(&mut self, id: &str, key: &str) -> Option<GitHubApp> {
        // A .env file has the lines of a key in one, with \n between them.
        let key = key.trim_matches('"').replace("\\n", "\n");
        let is_pem = key.starts_with("-----BEGIN") && key.contains("PRIVATE KEY-----");
        if !is_pem {
            let remedy = "Set it to the whole text of the .pem file, with \\n where it has line breaks.";
            self.problem(&GITHUB_PRIVATE_KEY, "is no private key in PEM.", remedy);
        }
        let Ok(id) = id.parse() else {
            self.problem(&GITHUB_APP_ID, "is not a number.", "Copy the \"App ID\" from the App's page at GitHub.");
            return None;
        };
        is_pem.then(|| GitHubApp { id, private_key: SecretString::from(key) })
    }

    pub(super) fn linear(&mut self) -> Option<LinearConfig> {
        let (url, api_url) = (self.address(&LINEAR_URL), self.address(&LINEAR_API_URL));
        let page = "Linear shows both under Settings, API, OAuth applications; set both, or neither.";
        let client = self.client(&LINEAR_CLIENT_ID, &LINEAR_CLIENT_SECRET, page)?;
        Some(LinearConfig { client, url, api_url })
    }

    pub(super) fn discord(&mut self) -> Option<DiscordConfig> {
        let api_url = self.address(&DISCORD_API_URL);
        let settings = [&DISCORD_APPLICATION_ID, &DISCORD_CLIENT_SECRET, &DISCORD_BOT_TOKEN];
        let values = settings.map(|setting| self.text(setting));
        let set = settings.iter().zip(&values).find(|(_, value)| value.is_some()).map(|(setting, _)| setting.name)?;
        for (setting, value) in settings.iter().zip(&values) {
            if value.is_none() {
                let remedy = "The application's pages \"General Information\", \"OAuth2\" and \"Bot\" at \
                              discord.com/developers show all three; set all, or none.";
                self.problem(setting, format!("is missing, and {set} is set."), remedy);
            }
        }
        let [Some(id), Some(secret), Some(token)] = values else { return None };
        let client = ClientConfig { id, secret: SecretString::from(secret) };
        Some(DiscordConfig { client, bot_token: SecretString::from(token), api_url })
    }

    pub(super) fn coder(&mut self) -> Option<CoderConfig> {
        let page = "Coder's administrator makes an OAuth2 application, whose page shows both; set both, or neither.";
        let client = self.client(&CODER_CLIENT_ID, &CODER_CLIENT_SECRET, page);
        if self.text(&CODER_URL).is_none() {
            if client.is_some() {
                let remedy = "Set it to Coder's address, such as https://coder.example.com.";
                self.problem(&CODER_URL, "is missing, and CODER_CLIENT_ID is set.", remedy);
            }
            return None;
        }
        Some(CoderConfig { url: self.address(&CODER_URL), client })
    }
}
