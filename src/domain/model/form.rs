//! The form for an account, and the one check of it: at the door of each surface, and once more before it is stored.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::secret::{Sealed, has_known_prefix, mask_keys};

/// Characters of an account's name, at most.
const MAX_NAME: usize = 40;
/// Characters of a model's name, at most.
const MAX_MODEL: usize = 200;
/// Enabled models of one account, at most.
const MAX_MODELS: usize = 50;
/// Characters of a key and of all names of models, at most.
const MAX_FIELD: usize = 2_000;
/// A key as long as this stands nowhere else by chance; a local server may want `ollama` for one.
pub(crate) const TELLING: usize = 12;
/// The account that comes from the environment.
const RESERVED: &str = "environment";

/// What to say where another account has the name already.
pub const TAKEN: &str = "There is an account of this name already. Choose another name, or remove that one first.";

/// What somebody filled in to add an account. The key was sealed before anything was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountForm {
    /// What to call it.
    pub name: String,
    /// Where its API is.
    pub base_url: String,
    /// The sealed key; `None` where none was given.
    #[serde(default)]
    pub key: Option<Sealed>,
    /// Names of models, separated by commas or white space.
    pub models: String,
    /// Whether its first model becomes the default.
    #[serde(default)]
    pub default: bool,
}

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// What to call it.
    Name,
    /// Where its API is.
    BaseUrl,
    /// The key.
    Key,
    /// Names of models.
    Models,
}

/// A form that nothing is wrong with, as far as that can be told without the other accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The account's name, with single blanks.
    pub name: String,
    /// Where its API is, in one form.
    pub base_url: String,
    /// The models, each once.
    pub models: Vec<String>,
}

impl AccountForm {
    /// Checks what was filled in. `key` is the key as it was typed, where this is the door that seals it; `address`
    /// brings an address into one form, or says what is wrong with it.
    ///
    /// # Errors
    /// What is wrong with each field and what to do, at most once for each, in words that quote nothing: what was typed
    /// may be a key.
    pub fn check(
        &self,
        key: Option<&str>,
        address: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Checked, Vec<(Field, String)>> {
        let mut problems = Vec::new();
        let mut told = |field, checked: Result<(), String>| problems.extend(checked.err().map(|words| (field, words)));
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        let models = model_names(&self.models);
        told(Field::Name, no_key(&name, key, true).and_then(|()| check_name(&name)));
        let base_url = no_key(&self.base_url, key, false).and_then(|()| address(&self.base_url));
        told(Field::BaseUrl, base_url.clone().map(drop));
        told(Field::Key, check_key(key.unwrap_or_default()));
        told(Field::Models, no_key(&self.models, key, true).and_then(|()| check_models(&self.models, &models)));
        match base_url {
            Ok(base_url) if problems.is_empty() => Ok(Checked { name, base_url, models }),
            _ => Err(problems),
        }
    }
}

/// All that is wrong, for where it can't be said beside each field.
pub(crate) fn in_one(problems: &[(Field, String)]) -> String {
    let mut said = String::new();
    for (_, words) in problems {
        let blank = if said.is_empty() { "" } else { " " };
        let _ = write!(said, "{blank}{words}");
    }
    said
}

/// Refuses a text that a key stands in. In an address a long run of letters and digits may be somebody's account.
fn no_key(text: &str, key: Option<&str>, no_token: bool) -> Result<(), String> {
    let key = key.filter(|key| key.len() >= TELLING);
    let holds =
        has_known_prefix(text) || (no_token && mask_keys(text).is_some()) || key.is_some_and(|key| text.contains(key));
    if holds {
        return Err("This holds a key. Type a key only into the field Key, which is encrypted.".to_owned());
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if length == 0 {
        Err("Give the account a name, such as openai.".to_owned())
    } else if length > MAX_NAME {
        Err(format!("A name may have {MAX_NAME} characters; this one has {length}. Shorten it."))
    } else if name.contains('/') {
        Err("A name has no slash: models are called account/model. Write it another way.".to_owned())
    } else if !name.chars().all(is_plain) {
        Err("A name has letters, digits, blanks, dots and dashes only. Write it another way.".to_owned())
    } else if name.to_lowercase() == RESERVED {
        Err("The account called environment is the one of OPENAI_API_KEY. Choose another name.".to_owned())
    } else {
        Ok(())
    }
}

fn check_key(key: &str) -> Result<(), String> {
    if key.len() > MAX_FIELD {
        Err(format!("A key may have {MAX_FIELD} characters. Copy it once more."))
    } else if key.chars().all(|c| c.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("The key has blanks or characters that no key has. Copy it once more.".to_owned())
    }
}

fn check_models(typed: &str, names: &[String]) -> Result<(), String> {
    if typed.chars().count() > MAX_FIELD {
        Err(format!("The names of the models may have {MAX_FIELD} characters together. Name fewer."))
    } else if names.is_empty() {
        Err("Name at least one model, such as gpt-5-mini; the provider's pages list them.".to_owned())
    } else if names.len() > MAX_MODELS {
        Err(format!("An account has at most {MAX_MODELS} models. Name fewer."))
    } else if names.iter().any(|name| name.chars().count() > MAX_MODEL) {
        Err(format!("The name of a model has at most {MAX_MODEL} characters. Separate the names with commas."))
    } else if names.iter().any(|name| !name.chars().all(|c| c.is_ascii_graphic())) {
        Err("The name of a model has plain letters, digits and signs, such as gpt-5-mini.".to_owned())
    } else {
        Ok(())
    }
}

/// The names in a list, each once.
fn model_names(typed: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in typed.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-proj-Zq7xT4nB9wKe2Lm5";

    fn form(name: &str, base_url: &str, models: &str) -> AccountForm {
        let (name, base_url, models) = (name.to_owned(), base_url.to_owned(), models.to_owned());
        AccountForm { name, base_url, key: None, models, default: false }
    }

    fn address(text: &str) -> Result<String, String> {
        if text.is_empty() { Err("The address is empty.".to_owned()) } else { Ok(text.to_owned()) }
    }

    #[test]
    fn a_good_form_comes_out_tidy() {
        let form = form("  Open   AI ", "https://a.example/v1", "gpt-5, gpt-5-mini\nmeta/llama-4 gpt-5,");
        let checked = form.check(Some(KEY), address).unwrap();
        assert_eq!((checked.name.as_str(), checked.base_url.as_str()), ("Open AI", "https://a.example/v1"));
        assert_eq!(checked.models, ["gpt-5", "gpt-5-mini", "meta/llama-4"]);
        assert!(form.check(None, address).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field_and_quotes_nothing() {
        let good = ("openai", "https://a.example/v1", "gpt-5", KEY);
        let bare = "0123456789abcdef0123456789abcdef";
        let keyed = format!("https://a.example/?k={KEY}");
        let names: Vec<String> = (0..=MAX_MODELS).map(|n| format!("m{n}")).collect();
        let (long, most) = ("x".repeat(MAX_NAME + 1), names.join(" "));
        let (name, url, key, models) = (Field::Name, Field::BaseUrl, Field::Key, Field::Models);
        for (field, (a, b, c, d), words) in [
            (name, (" ", good.1, good.2, KEY), "Give the account a name"),
            (name, (&*long, good.1, good.2, KEY), "this one has 41"),
            (name, ("a/b", good.1, good.2, KEY), "no slash"),
            (name, ("a\u{202e}b", good.1, good.2, KEY), "letters, digits"),
            (name, ("my team 😀", good.1, good.2, KEY), "letters, digits"),
            (name, ("Environment", good.1, good.2, KEY), "Choose another name"),
            (name, (KEY, good.1, good.2, ""), "holds a key"),
            (name, (bare, good.1, good.2, ""), "holds a key"),
            (url, (good.0, "", good.2, KEY), "is empty"),
            (url, (good.0, &*keyed, good.2, ""), "holds a key"),
            (models, (good.0, good.1, " , ,\t", KEY), "Name at least one model"),
            (models, (good.0, good.1, &*most, KEY), "at most 50"),
            (models, (good.0, good.1, &*"x".repeat(MAX_MODEL + 1), KEY), "at most 200"),
            (models, (good.0, good.1, &*"m ".repeat(MAX_FIELD), KEY), "Name fewer"),
            (models, (good.0, good.1, "gpt\u{202e}5", KEY), "plain letters"),
            (models, (good.0, good.1, &*format!("gpt-5 {KEY}"), ""), "holds a key"),
            (models, (good.0, good.1, "gpt-5 my-own-secret", "my-own-secret"), "holds a key"),
            (key, (good.0, good.1, good.2, "two words"), "Copy it once more"),
            (key, (good.0, good.1, good.2, "schlüssel"), "Copy it once more"),
            (key, (good.0, good.1, good.2, &*"k".repeat(MAX_FIELD + 1)), "Copy it once more"),
        ] {
            let problems = form(a, b, c).check(Some(d).filter(|key| !key.is_empty()), address).unwrap_err();
            let [(at, said)] = problems.as_slice() else { panic!("{a} {b}: {problems:?}") };
            assert!(*at == field && said.contains(words), "{said}");
            assert!(!said.contains(KEY) && !said.contains(bare) && !said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn an_empty_form_says_everything_at_once() {
        let problems = form("", "", "").check(None, address).unwrap_err();
        assert_eq!(
            problems.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
            [Field::Name, Field::BaseUrl, Field::Models]
        );
        assert!(in_one(&problems).starts_with("Give the account a name, such as openai. The address is empty. Name"));
    }

    #[test]
    fn an_address_may_hold_a_long_name_of_an_account() {
        let url = "https://gateway.example/v1/0123456789abcdef0123456789abcdef/openai";
        assert!(form("gateway", url, "gpt-5").check(None, address).is_ok());
    }
}
