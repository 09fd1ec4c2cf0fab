//! The form for an account with a provider of models. What comes from Slack has the key in plain text; what is
//! stored has it sealed, and this module alone knows both shapes.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ADD_ACCOUNT,
    field::{BASE_URL, DEFAULT, KEY, MODELS, NAME},
    interaction::State,
};
use crate::{
    domain::{
        model::{AccountForm, Field},
        secret::Sealed,
    },
    intent::text::one_line,
    llm::address,
};

/// What was filled in, but for a key in plain text, which is not read here.
pub(super) fn form(state: Option<&State>) -> AccountForm {
    let value = |field: &str, name: &str| state?.values.get(field)?.get(field)?.get(name);
    let typed = |field| value(field, "value").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    AccountForm {
        name: one_line(&typed(NAME)),
        base_url: typed(BASE_URL),
        key: value(KEY, "sealed").and_then(Value::as_str).map(|sealed| Sealed(sealed.to_owned())),
        models: typed(MODELS),
        default: value(DEFAULT, "selected_options").and_then(Value::as_array).is_some_and(|ticked| !ticked.is_empty()),
    }
}

/// A filled-in form as Slack sent it. It has no `Debug` and nothing to store it by before its key is sealed.
pub struct Filled {
    form: AccountForm,
    key: Option<String>,
    payload: Value,
}

/// Reads a filled-in form for an account; `None` for every other interaction.
pub fn filled(body: &[u8]) -> Option<Filled> {
    #[derive(Deserialize)]
    struct Wrapper {
        payload: String,
    }
    let wrapper: Wrapper = serde_urlencoded::from_bytes(body).ok()?;
    let payload: Value = serde_json::from_str(&wrapper.payload).ok()?;
    let view = &payload["view"];
    if payload["type"] != "view_submission" || view["callback_id"] != ADD_ACCOUNT {
        return None;
    }
    let form = form(State::deserialize(&view["state"]).ok().as_ref());
    let key = view["state"]["values"][KEY][KEY]["value"].as_str().map(str::trim).filter(|key| !key.is_empty());
    Some(Filled { key: key.map(str::to_owned), form: AccountForm { key: None, ..form }, payload })
}

impl Filled {
    /// The account's name.
    pub fn name(&self) -> &str {
        &self.form.name
    }

    /// The key as it was typed.
    pub fn key(&self) -> Option<SecretString> {
        self.key.clone().map(SecretString::from)
    }

    /// What is wrong with it, by the field to say it at; nothing of what was typed is quoted. Where nothing is, its
    /// fields are those that were checked from then on.
    pub fn problems(&mut self) -> BTreeMap<&'static str, String> {
        match self.form.check(self.key.as_deref(), address::normalise) {
            Ok(checked) => {
                self.form.name = checked.name;
                BTreeMap::new()
            }
            Err(problems) => problems.into_iter().map(|(field, words)| (block(field), words)).collect(),
        }
    }

    /// The body to be stored: what is needed to read it again, with the key sealed, and nothing else of the request.
    pub fn sealed(self, key: Option<Sealed>) -> Vec<u8> {
        let Self { form: AccountForm { name, base_url, models, default, .. }, payload, .. } = self;
        let mut values = json!({
            NAME: { NAME: { "value": name } },
            BASE_URL: { BASE_URL: { "value": base_url } },
            MODELS: { MODELS: { "value": models } },
        });
        if let Some(sealed) = key {
            values[KEY] = json!({ KEY: { "sealed": sealed } });
        }
        if default {
            values[DEFAULT] = json!({ DEFAULT: { "selected_options": [{ "value": DEFAULT }] } });
        }
        let mut kept = part(&payload, &["type", "team", "enterprise", "user"]);
        kept["view"] = part(&payload["view"], &["id", "hash", "callback_id", "private_metadata"]);
        kept["view"]["state"] = json!({ "values": values });
        serde_urlencoded::to_string([("payload", kept.to_string())]).unwrap_or_default().into_bytes()
    }
}

/// The block of a field.
const fn block(field: Field) -> &'static str {
    match field {
        Field::Name => NAME,
        Field::BaseUrl => BASE_URL,
        Field::Key => KEY,
        Field::Models => MODELS,
    }
}

/// These fields of an object, as far as it has them.
fn part(value: &Value, fields: &[&str]) -> Value {
    let field = |name: &&str| Some(((*name).to_owned(), value.get(name)?.clone()));
    fields.iter().filter_map(field).collect::<Map<_, _>>().into()
}
