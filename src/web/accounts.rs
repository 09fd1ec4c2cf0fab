//! The form for an account with a provider of models. Its key is sealed here, before anything is stored.

use axum::{extract::State, http::HeaderMap, response::Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    Web,
    form::{Form, is_json},
    models,
    say::{Body, Refused},
};
use crate::{chat::console::receive::Sent, domain::model::AccountForm, llm::address};

/// Characters of an account's name, at most.
const MAX_NAME: usize = 40;
/// Characters of every other field, at most.
const MAX_FIELD: usize = 2_000;

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
pub(super) async fn add(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    let scripted = is_json(&headers);
    let mut typed = Typed::default();
    let read = |body: &[u8]| {
        let filled = if scripted { Filled::from_json(body)? } else { Filled::from_form(body, &web)? };
        typed = filled.typed.clone();
        filled.sealed(&web)
    };
    match web.keep(body, read).await {
        Ok(kept) => kept.acknowledge(scripted),
        Err(refused) if scripted => refused.in_json(),
        Err(refused) => models::again(&web, refused.status, typed, refused.words).await,
    }
}

impl Filled {
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

    /// The form as it is stored, or what is wrong with it.
    fn sealed(self, web: &Web) -> Result<Sent, Refused> {
        let Self { id, typed: Typed { name, base_url, models, default }, key } = self;
        if let Some(problem) = problem(&name, &base_url, &models, key.as_ref()) {
            return Err(Refused::because(problem));
        }
        let key = match key {
            Some(key) => Some((web.seal)(web.tenant, &name, key).map_err(Refused::because)?),
            None => None,
        };
        Ok(Sent::Account { id, form: AccountForm { name, base_url, key, models, default } })
    }
}

/// What is wrong with a form, so far as it can be told without the other accounts.
fn problem(name: &str, base_url: &str, models: &str, key: Option<&SecretString>) -> Option<String> {
    let length = name.chars().count();
    let long = |text: &str| text.chars().count() > MAX_FIELD;
    let odd = |key: &SecretString| !key.expose_secret().chars().all(|c| c.is_ascii_graphic());
    if name.is_empty() {
        Some("Give the account a name, such as openai.".to_owned())
    } else if length > MAX_NAME {
        Some(format!("A name may have {MAX_NAME} characters; this one has {length}. Shorten it."))
    } else if name.contains('/') {
        Some("A name has no slash: models are called account/model. Write it another way.".to_owned())
    } else if let Err(words) = address::normalise(base_url) {
        Some(words)
    } else if models.split([',', ' ', '\t', '\n', '\r']).all(str::is_empty) {
        Some("Name at least one model, such as gpt-5-mini; the provider's pages list them.".to_owned())
    } else if long(models) || key.is_some_and(|key| long(key.expose_secret())) {
        Some(format!("A field may have {MAX_FIELD} characters. Shorten the longest."))
    } else if key.is_some_and(odd) {
        Some("The key has blanks or characters that no key has. Copy it once more.".to_owned())
    } else {
        None
    }
}

/// A secret as the script sends it.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(SecretString::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let good = ("openai", "https://api.openai.com/v1", "gpt-5", "sk-1");
        let said = |(name, base_url, models, key): (&str, &str, &str, &str)| {
            problem(name, base_url, models, Some(&SecretString::from(key)))
        };
        assert_eq!(said(good), None);
        assert_eq!(problem(good.0, "HTTP://127.0.0.1:11434", "a,\nb", None), None);
        let long = "x".repeat(MAX_NAME + 1);
        for (form, words) in [
            (("", good.1, good.2, good.3), "Give the account a name"),
            ((&*long, good.1, good.2, good.3), "this one has 41"),
            (("a/b", good.1, good.2, good.3), "has no slash"),
            ((good.0, "", good.2, good.3), "The address is empty"),
            ((good.0, "api.openai.com", good.2, good.3), "Put https:// in front"),
            ((good.0, "file:///etc/passwd", good.2, good.3), "start with https://"),
            ((good.0, "https://me:sk-1@api.openai.com", good.2, good.3), "the key has its own field"),
            ((good.0, good.1, " ,\n", good.3), "Name at least one model"),
            ((good.0, good.1, &"m ".repeat(MAX_FIELD), good.3), "Shorten the longest"),
            ((good.0, good.1, good.2, "sk-1 sk-2"), "Copy it once more"),
            ((good.0, good.1, good.2, "schlüssel"), "Copy it once more"),
        ] {
            let problem = said(form).unwrap();
            assert!(problem.contains(words), "{problem}");
            assert!(!problem.contains(form.3), "{problem}");
        }
    }
}
