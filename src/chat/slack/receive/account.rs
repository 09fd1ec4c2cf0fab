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
        model::AccountForm,
        secret::{Sealed, has_known_prefix},
    },
    intent::text::one_line,
};

/// Characters in the name of an account.
const LONGEST_NAME: usize = 40;

/// A key as long as this stands nowhere else by chance; a local server may want `ollama` for one.
const TELLING: usize = 12;

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

    /// What is wrong with it, by the field to say it at. Quotes nothing of what was typed.
    pub fn problems(&self) -> BTreeMap<&'static str, String> {
        let AccountForm { name, base_url, models, .. } = &self.form;
        let mut problems = BTreeMap::new();
        let mut blame = |field, words: &str| {
            problems.entry(field).or_insert_with(|| words.to_owned());
        };
        if name.is_empty() {
            blame(NAME, "Give the account a name, for example openai.");
        }
        if name.chars().count() > LONGEST_NAME {
            blame(NAME, "This is too long: a name has at most 40 characters.");
        }
        if name.contains('/') {
            blame(NAME, "A name has no slash, because a model is written account/model.");
        }
        if base_url.is_empty() {
            blame(BASE_URL, "Say where the API is, for example https://api.openai.com/v1.");
        }
        if !models.contains(|c: char| !c.is_whitespace() && c != ',') {
            blame(MODELS, "Name at least one model as the provider calls it, for example gpt-5-mini.");
        }
        if self.key.as_ref().is_some_and(|key| !key.chars().all(|c| c.is_ascii_graphic())) {
            blame(KEY, "A key has no spaces or line breaks. Please copy it again.");
        }
        let key = self.key.as_deref().filter(|key| key.len() >= TELLING);
        let holds_key = |text: &str| has_known_prefix(text) || key.is_some_and(|key| text.contains(key));
        for (field, typed) in [(NAME, name), (BASE_URL, base_url), (MODELS, models)] {
            if holds_key(typed) {
                problems
                    .insert(field, "This holds a key. Type a key only into the field Key, which is encrypted.".into());
            }
        }
        problems
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

/// These fields of an object, as far as it has them.
fn part(value: &Value, fields: &[&str]) -> Value {
    let field = |name: &&str| Some(((*name).to_owned(), value.get(name)?.clone()));
    fields.iter().filter_map(field).collect::<Map<_, _>>().into()
}
