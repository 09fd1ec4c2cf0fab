//! The form for an account with a provider of models. Its key is sealed here, before anything is stored.

use axum::{extract::State, http::HeaderMap, response::Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    Viewer, Web,
    form::{Form, is_json},
    models,
    say::{Body, Refused},
};
use crate::{
    chat::console::receive::Sent,
    domain::{
        ids::TenantId,
        model::{AccountForm, Checked, TAKEN, TELLING, in_one},
        secret::{MASK, has_known_prefix, mask_keys},
    },
    llm::address,
};

/// What was typed, but for the key: the page gives it back for another try.
#[derive(Default, Clone)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) base_url: String,
    pub(super) models: String,
    pub(super) default: bool,
}

/// A sent form.
struct Filled {
    id: String,
    typed: Typed,
    key: Option<SecretString>,
}

/// An account that somebody adds.
pub(super) async fn add(State(web): State<Web>, viewer: Viewer, headers: HeaderMap, body: Body) -> Response {
    let scripted = is_json(&headers);
    let filled = body.as_ref().map(|body| Filled::read(body, scripted, &web));
    let typed = filled.as_ref().ok().and_then(|filled| Some(filled.as_ref().ok()?.shown())).unwrap_or_default();
    let sent = match filled {
        Ok(Ok(filled)) => filled.sealed(&web, viewer.tenant).await,
        Ok(Err(refused)) => Err(refused),
        // Said by the door itself.
        Err(_) => Err(Refused::because("It did not arrive whole. Send it again.")),
    };
    match web.keep(&viewer, body, |_| sent).await {
        Ok(kept) => kept.acknowledge(scripted),
        Err(refused) if scripted => refused.in_json(),
        Err(refused) => models::again(&web, &viewer, refused.status, typed, refused.words).await,
    }
}

impl Filled {
    fn read(body: &[u8], scripted: bool, web: &Web) -> Result<Self, Refused> {
        if scripted { Self::from_json(body) } else { Self::from_form(body, web) }
    }

    fn from_json(body: &[u8]) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Fields {
            id: String,
            name: String,
            base_url: String,
            key: Option<SecretText>,
            models: String,
            default: Option<String>,
        }
        // What is wrong with it is not said in the parser's words, which quote it: it may be the key.
        let Fields { id, name, base_url, key, models, default } = serde_json::from_slice(body).map_err(|_| {
            Refused::because("That is not the form for an account. Open the page again and fill it in.")
        })?;
        let typed = Typed { name, base_url, models, default: default.is_some() };
        Ok(Self { id, typed, key: key.map(|key| key.0) }.trimmed())
    }

    fn from_form(body: &[u8], web: &Web) -> Result<Self, Refused> {
        let form = Form::read(body)?;
        let get = |name: &str| form.get(name).unwrap_or_default();
        let typed = Typed {
            name: get("name"),
            base_url: get("base_url"),
            models: get("models"),
            default: form.get("default").is_some(),
        };
        Ok(Self { id: form.id(web), typed, key: form.get("key").map(SecretString::from) }.trimmed())
    }

    fn trimmed(self) -> Self {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect::<String>();
        let typed = Typed {
            name: plain(self.typed.name.trim()),
            base_url: plain(self.typed.base_url.trim()),
            models: plain(self.typed.models.trim()),
            default: self.typed.default,
        };
        let key = self.key.map(|key| SecretString::from(key.expose_secret().trim()));
        Self { typed, key: key.filter(|key| !key.expose_secret().is_empty()), ..self }
    }

    /// What was typed, as the page may show it: without the key, wherever it was typed.
    fn shown(&self) -> Typed {
        let key = self.key.as_ref().map(ExposeSecret::expose_secret).filter(|key| key.len() >= TELLING);
        let shown = |text: &str| {
            let text = key.map_or_else(|| text.to_owned(), |key| text.replace(key, MASK));
            mask_keys(&text).unwrap_or(text)
        };
        let Typed { name, base_url, models, default } = &self.typed;
        // A long run of letters and digits may be a part of the address.
        let has_key = has_known_prefix(base_url) || key.is_some_and(|key| base_url.contains(key));
        let base_url = if has_key { shown(base_url) } else { base_url.clone() };
        Typed { name: shown(name), base_url, models: shown(models), default: *default }
    }

    /// The form as it is stored, or what is wrong with it.
    async fn sealed(self, web: &Web, tenant: TenantId) -> Result<Sent, Refused> {
        let Self { id, typed: Typed { name, base_url, models, default }, key } = self;
        let form = AccountForm { name, base_url, key: None, models, default };
        let typed = key.as_ref().map(ExposeSecret::expose_secret);
        let Checked { name, .. } =
            form.check(typed, address::normalise).map_err(|problems| Refused::because(in_one(&problems)))?;
        if web.has_account(tenant, &name).await? {
            return Err(Refused::because(TAKEN));
        }
        let key = key.map(|key| (web.seal)(tenant, &name, key)).transpose().map_err(Refused::because)?;
        Ok(Sent::Account { id, form: AccountForm { name, key, ..form } })
    }
}

impl Web {
    /// Whether an account has this name already.
    async fn has_account(&self, tenant: TenantId, name: &str) -> Result<bool, Refused> {
        let found = async { self.store.read(tenant).await?.account_by_name(name).await }.await;
        found.map(|account| account.is_some()).map_err(|error| self.not_stored(&error.into()))
    }
}

/// A secret as the script sends it.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(SecretString::from(text)))
    }
}
