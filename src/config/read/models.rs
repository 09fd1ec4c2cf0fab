//! The settings around models: the account of the environment, and the key that encrypts the others'.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use secrecy::SecretString;

use super::{Reader, is_web};
use crate::config::{DOCKET_MASTER_KEY, OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, OpenAiConfig};

/// The parts between commas.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Whether an address is OpenAI's own, which answers nobody without a key.
fn is_openai(address: &str) -> bool {
    let host = |address: &str| Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    host(address) == host(OPENAI_BASE_URL.default)
}

impl Reader<'_> {
    pub(super) fn master_keys(&mut self) -> Vec<SecretString> {
        let Some(text) = self.text(&DOCKET_MASTER_KEY) else { return Vec::new() };
        let is_key = |key: &str| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 32);
        if list(&text).next().is_none() || !list(&text).all(is_key) {
            let remedy = "Set it to what `docket keys new` or `openssl rand -base64 32` prints.";
            self.problem(&DOCKET_MASTER_KEY, "is not 32 bytes in base64, or several such keys with commas.", remedy);
        }
        list(&text).map(SecretString::from).collect()
    }

    /// Any of the three turns it on, and then a model has to be named: which one is good, and what it costs, is not for
    /// Docket to guess.
    pub(super) fn openai(&mut self) -> Option<OpenAiConfig> {
        let values =
            [&OPENAI_API_KEY, &OPENAI_BASE_URL, &OPENAI_MODEL].map(|setting| (setting.name, self.text(setting)));
        let first = values.iter().find(|(_, value)| value.is_some()).map(|(name, _)| *name)?;
        let [(_, key), _, (_, models)] = values;
        let names: Vec<_> = list(models.as_deref().unwrap_or_default()).map(str::to_owned).collect();
        if models.is_none() {
            let remedy = "Set it to a model of that account, such as OPENAI_MODEL=gpt-5-mini, or leave out all three.";
            self.problem(&OPENAI_MODEL, format!("is missing, and {first} is set."), remedy);
        } else if names.is_empty() {
            self.problem(&OPENAI_MODEL, "names no model, only commas.", "Set it to a model of that account.");
        }
        let base_url = self.openai_base_url();
        if key.is_none() && is_openai(&base_url) {
            let remedy = "Copy a key from platform.openai.com/api-keys; or set OPENAI_BASE_URL to a server that wants \
                          none, such as http://127.0.0.1:11434/v1 for Ollama.";
            self.problem(&OPENAI_API_KEY, format!("is missing, and {first} is set."), remedy);
        }
        if key.as_ref().is_some_and(|key| !key.chars().all(|c| c.is_ascii_graphic())) {
            let what = "holds a blank or a character that no key has.";
            self.problem(&OPENAI_API_KEY, what, "Copy it once more, without anything around it.");
        }
        Some(OpenAiConfig { api_key: key.map(Into::into), base_url, models: names })
    }

    fn openai_base_url(&mut self) -> String {
        let text = self.text_or_default(&OPENAI_BASE_URL);
        // An address with a user name or a query may hold a secret, so it is not repeated.
        let wrong = match Url::parse(&text) {
            Ok(url) if !is_web(&url) => "does not start with https:// or http://.",
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds a user name.",
            Ok(url) if url.query().is_some() || url.fragment().is_some() => "goes on after the path.",
            Ok(_) => return text.trim_end_matches('/').to_owned(),
            Err(_) => "is not a web address.",
        };
        let remedy = "Set OPENAI_BASE_URL=http://127.0.0.1:11434/v1 for Ollama, or leave it out for OpenAI.";
        self.problem(&OPENAI_BASE_URL, wrong, remedy);
        text
    }
}
