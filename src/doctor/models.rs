//! Which models are connected, whether their providers answer, and whether stored keys can be decrypted.
//!
//! Nothing here costs anything: a provider is only asked which models it has.

use std::{path::Path, time::Duration};

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Check;
use crate::{
    config::{Config, sqlite_file},
    domain::{ids::TenantId, member::Surface, model::Account},
    keys::{self, LOST},
    llm::{address, models::ENVIRONMENT, reach::Reach},
    secrets::{Keyring, account_key},
    store::{self, Store},
};

const SUBJECT: &str = "models";
const KEYS: &str = "keys";

/// How long a provider may take to say which models it has.
const PATIENCE: Duration = Duration::from_secs(5);
/// The tenant of a single-tenant installation is that of the console's organisation.
const LOCAL: (Surface, &str) = (Surface::Console, "local");

/// An account to look at.
struct Asked {
    /// How it is called in the report.
    name: String,
    base_url: String,
    key: Option<SecretString>,
    models: Vec<String>,
}

impl Asked {
    fn reach(&self) -> Reach {
        Reach::of(&self.base_url, self.key.is_some(), self.name != ENVIRONMENT)
    }
}

/// The lines about models and keys.
pub(super) async fn examine(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut asked: Vec<Asked> = config.openai.iter().map(of_environment).collect();
    if let Ok(keyring) = Keyring::of(config) {
        checks.extend(keyring.file().and_then(exposed));
        if let Some(store) = ready(&config.database_url).await {
            // A database that fails is told of elsewhere.
            if let Ok((stored, told)) = stored(&store, &keyring).await {
                asked.extend(stored);
                checks.extend(told);
            }
            store.close().await;
        }
    }
    if asked.is_empty() {
        let remedy = "OPENAI_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL, connect one; README.md shows how.";
        checks.push(Check::aside(SUBJECT, "none is connected; plans come from templates").advise(remedy));
    }
    for account in &asked {
        checks.push(reach(account).await);
    }
    checks
}

fn of_environment(config: &crate::config::OpenAiConfig) -> Asked {
    Asked {
        name: ENVIRONMENT.to_owned(),
        // What can't be brought into its form can't be reached either, and is told as that.
        base_url: address::normalise(&config.base_url).unwrap_or_else(|_| config.base_url.clone()),
        key: config.api_key.clone(),
        models: config.models.clone(),
    }
}

/// The database, where it is there and migrated.
async fn ready(url: &str) -> Option<Store> {
    if sqlite_file(url).is_some_and(|file| !file.exists()) {
        return None;
    }
    let store = super::patiently(Store::open(url)).await.ok()?;
    if super::patiently(store.check()).await.is_ok() {
        return Some(store);
    }
    store.close().await;
    None
}

/// The stored accounts that can be asked, and what is wrong with keys.
async fn stored(store: &Store, keyring: &Keyring) -> store::Result<(Vec<Asked>, Vec<Check>)> {
    let unreadable = keys::unreadable(store, keyring).await?;
    let told = keys::told(store, &unreadable).await?.into_iter();
    let mut checks: Vec<_> = told.map(|found| Check::bad(KEYS, format!("{found}; serve won't start"), LOST)).collect();
    let Some(tenant) = store.tenant_of(LOCAL.0, LOCAL.1).await? else { return Ok((Vec::new(), checks)) };
    let accounts = store.read(tenant).await?.accounts().await?;
    let is_known = |account: &Account| unreadable.iter().all(|lost| lost.secret.row != account.id.to_string());
    let mut asked = Vec::new();
    for account in accounts.into_iter().filter(is_known) {
        match opened(keyring, tenant, account) {
            Ok(account) => asked.push(account),
            Err(check) => checks.push(check),
        }
    }
    Ok((asked, checks))
}

fn opened(keyring: &Keyring, tenant: TenantId, account: Account) -> Result<Asked, Check> {
    let open = |key| keyring.open(tenant, &account_key(&account.name), key);
    let key = account.key.as_ref().map(open).transpose().map_err(|why| {
        Check::bad(KEYS, format!("the key of the model account {} can't be decrypted: {why}", account.name), LOST)
    })?;
    Ok(Asked { name: account.name, base_url: account.base_url, key, models: account.models })
}

/// A key file that others than its owner can read.
#[cfg(unix)]
fn exposed(file: &Path) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = file.metadata().ok()?.permissions().mode();
    let found = || format!("{} can be read by others than its owner", file.display());
    (mode & 0o077 != 0).then(|| Check::bad(KEYS, found(), format!("Run chmod 600 {}.", file.display())))
}

#[cfg(not(unix))]
fn exposed(_file: &Path) -> Option<Check> {
    None
}

/// The list of models, as far as it is needed.
#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Asks the provider which models it has.
async fn reach(account: &Asked) -> Check {
    let place = format!("{} at {}", account.name, account.base_url);
    if let Err(why) = account.reach().check(&account.base_url) {
        return Check::bad(
            SUBJECT,
            format!("{place} is not asked: {why}"),
            "Change its address, or remove the account.",
        );
    }
    match models_of(account).await {
        Ok((status, _)) if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            let remedy = "Check the account's key; the provider's pages show which ones are valid.";
            Check::bad(SUBJECT, format!("{place} refuses the key ({})", status.as_u16()), remedy)
        }
        Ok((status, _)) if status == StatusCode::NOT_FOUND => {
            let remedy = "Check its address; some providers have no list of models, and then all is well.";
            Check::aside(SUBJECT, format!("{place} answers, and knows no list of models")).advise(remedy)
        }
        Ok((status, _)) if !status.is_success() => {
            let remedy = "Look at the provider's status page, or at the log of the server behind that address.";
            Check::bad(SUBJECT, format!("{place} answers with {}", status.as_u16()), remedy)
        }
        Ok((_, names)) => known(account, &place, &names),
        Err(error) => {
            let why = crate::error::causes(&anyhow::Error::from(error.without_url()));
            Check::bad(SUBJECT, format!("{place} can't be reached: {why}"), "Check its address and the network.")
        }
    }
}

/// Whether the enabled models are among those it has. Some providers put a folder in front of their names.
fn known(account: &Asked, place: &str, names: &[String]) -> Check {
    let has = |model: &String| names.iter().any(|name| name == model || name.ends_with(&format!("/{model}")));
    match account.models.iter().find(|model| !has(model)) {
        Some(missing) if !names.is_empty() => {
            let some: Vec<_> = names.iter().take(5).map(String::as_str).collect();
            let models = if names.len() == 1 { "model" } else { "models" };
            let remedy =
                format!("Check the model's name; it has {} {models}, such as {}.", names.len(), some.join(", "));
            Check::bad(SUBJECT, format!("{place} does not list {missing}"), remedy)
        }
        _ => Check::good(SUBJECT, format!("{place} answers; {} enabled", account.models.join(", "))),
    }
}

async fn models_of(account: &Asked) -> reqwest::Result<(StatusCode, Vec<String>)> {
    let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    let client = account.reach().limit(client).build()?;
    let mut request = client.get(format!("{}/models", account.base_url));
    if let Some(key) = &account.key {
        request = request.bearer_auth(key.expose_secret());
    }
    let response = request.send().await?;
    let status = response.status();
    // What is no list is no reason to say that nobody answers.
    let models = response.json::<Models>().await.map_or_else(|_| Vec::new(), |models| models.data);
    Ok((status, models.into_iter().map(|model| model.id).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_model_is_known_with_and_without_a_folder_in_front() {
        let asked = |model: &str| Asked {
            name: "environment".to_owned(),
            base_url: "https://models.example/v1".to_owned(),
            key: None,
            models: vec![model.to_owned()],
        };
        let names = ["models/gemini-3-flash".to_owned(), "llama".to_owned()];
        for (model, names, verdict) in [
            ("llama", &names[..], Verdict::Good),
            ("gemini-3-flash", &names, Verdict::Good),
            ("flash", &names, Verdict::Bad),
            ("flash", &[], Verdict::Good),
        ] {
            assert_eq!(known(&asked(model), "it", names).verdict, verdict, "{model}");
        }
        let check = known(&asked("gpt"), "environment at https://models.example/v1", &names);
        assert_eq!(check.found, "environment at https://models.example/v1 does not list gpt");
    }
}
