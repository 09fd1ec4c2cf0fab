//! What follows `models` and `routes`.

use super::{command::shorten, text::first_word};
use crate::domain::{
    intent::{Intent, ModelsWish},
    model::Use,
};

/// Reads what follows `models`: nothing, or what to do.
pub(super) fn models(text: &str) -> Option<Intent> {
    let (verb, rest) = first_word(text);
    let rest = rest.trim();
    let wish = match (verb.to_lowercase().as_str(), rest) {
        ("", _) | ("add", "") => return Some(Intent::Models),
        (_, "") => return None,
        ("test", account) => ModelsWish::Test(account.to_owned()),
        ("default", model) => ModelsWish::Default(model.to_owned()),
        ("use", rest) => {
            let (purpose, model) = first_word(rest);
            let model = Some(model.trim().to_owned()).filter(|model| !model.is_empty())?;
            let purpose = Use::from_word(&purpose.to_lowercase())?;
            ModelsWish::Use(purpose, Some(model).filter(|model| !model.eq_ignore_ascii_case("default")))
        }
        ("budget", amount) => ModelsWish::DailyTokens(tokens(amount)?),
        ("remove" | "forget", account) => ModelsWish::Remove(account.to_owned()),
        _ => return None,
    };
    Some(Intent::SetModels(wish))
}

/// What to say to what follows `models` and can't be read: what is missing or wrong, and a line that works.
pub(super) fn wrong(text: &str) -> String {
    let (verb, rest) = first_word(text);
    let (purpose, model) = first_word(rest);
    let kinds = kinds();
    match verb.to_lowercase().as_str() {
        "test" => "Say which account to test. For example: /docket models test openai".to_owned(),
        "default" => "Say which model is the default. For example: /docket models default openai/gpt-5".to_owned(),
        "use" => match Use::from_word(&purpose.to_lowercase()) {
            Some(kind) if model.is_empty() => {
                format!(
                    "Say which model is used for {kind}. For example: /docket models use {kind} openai/gpt-5-mini",
                    kind = kind.as_str()
                )
            }
            _ if purpose.is_empty() => {
                format!(
                    "Say for what, which is {kinds}, and which model. For example: /docket models use route openai/gpt-5-mini"
                )
            }
            _ => {
                let said = shorten(purpose);
                format!(
                    "A model is used for {kinds}, not for “{said}”. For example: /docket models use route openai/gpt-5-mini"
                )
            }
        },
        "budget" if rest.is_empty() => "Say how many tokens a day. For example: /docket models budget 500k".to_owned(),
        "budget" => format!(
            "I can't read “{}” as a number of tokens: it is whole, from 0 to {}m. For example: /docket models budget 500k",
            shorten(rest),
            MOST_TOKENS / 1_000_000,
        ),
        "remove" | "forget" => "Say which account to remove. For example: /docket models remove openai".to_owned(),
        "add" => {
            "An account is added with a form, because its key is no text for a chat: type /docket models and press \
                  Add account."
                .to_owned()
        }
        _ => format!(
            "models does not know “{}”. It knows test, default, use, budget and remove. For example: /docket models test openai",
            shorten(verb)
        ),
    }
}

/// `route, plan, break, refine, match or digest`.
fn kinds() -> String {
    let mut words = Use::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let last = words.pop().unwrap_or_default();
    format!("{} or {last}", words.join(", "))
}

/// Reads what follows `routes`: nothing, or `forget 2`, or `forget all`.
pub(super) fn routes(text: &str) -> Option<Intent> {
    let (verb, rest) = first_word(text);
    match (verb.to_lowercase().as_str(), rest.trim().to_lowercase().as_str()) {
        ("", _) => Some(Intent::Routes),
        ("forget", "all") => Some(Intent::ForgetRoutes(None)),
        ("forget", number) => number.parse().ok().filter(|n| *n > 0).map(|n| Intent::ForgetRoutes(Some(n))),
        _ => None,
    }
}

/// The most tokens a day may have: more than anybody means, and far from what a sum could overflow.
const MOST_TOKENS: u64 = 100_000_000_000;

/// `500000`, `500_000`, `500k`, `2m`, `0`.
fn tokens(text: &str) -> Option<u64> {
    let text = text.to_lowercase();
    let text = text.strip_suffix("tokens").unwrap_or(&text).trim();
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'k') => (&text[..at], 1_000),
        (at, 'm') => (&text[..at], 1_000_000),
        _ => (text, 1),
    };
    let plain: String = digits.chars().filter(|c| !matches!(c, '_' | ' ' | ',')).collect();
    let number = plain.bytes().all(|b| b.is_ascii_digit()).then(|| plain.parse::<u64>().ok()).flatten()?;
    number.checked_mul(unit).filter(|tokens| *tokens <= MOST_TOKENS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_models_is_read() {
        let set = |wish| Some(Intent::SetModels(wish));
        for (text, expected) in [
            ("", Some(Intent::Models)),
            ("add", Some(Intent::Models)),
            ("test My account", set(ModelsWish::Test("My account".into()))),
            ("default openai/gpt-5", set(ModelsWish::Default("openai/gpt-5".into()))),
            ("use route openai/gpt-5-mini", set(ModelsWish::Use(Use::Route, Some("openai/gpt-5-mini".into())))),
            ("USE Plan default", set(ModelsWish::Use(Use::Plan, None))),
            ("budget 500k", set(ModelsWish::DailyTokens(500_000))),
            ("remove openai", set(ModelsWish::Remove("openai".into()))),
            ("test", None),
            ("default My account/gpt-5", set(ModelsWish::Default("My account/gpt-5".into()))),
            ("use lunch openai/gpt-5", None),
            ("use plan", None),
            ("budget lots", None),
            ("sing", None),
        ] {
            assert_eq!(models(text), expected, "{text}");
        }
    }

    #[test]
    fn each_misuse_is_told_in_one_sentence_with_an_example_that_works() {
        for (text, words) in [
            ("test", "which account to test"),
            ("default", "which model is the default"),
            ("use", "route, plan, break, refine, match or digest"),
            ("use poems openai/gpt-5", "not for “poems”"),
            ("use poems openai/gpt-5", "route, plan, break, refine, match or digest"),
            ("use plan", "which model is used for plan"),
            ("budget", "how many tokens a day"),
            ("budget -5", "can't read “-5”"),
            ("budget lots", "from 0 to 100000m"),
            ("remove", "which account to remove"),
            ("add openai", "press Add account"),
            ("sing", "does not know “sing”"),
        ] {
            assert_eq!(models(text), None, "{text}");
            let said = wrong(text);
            assert!(said.contains(words), "{text}: {said}");
            if let Some((_, example)) = said.split_once("For example: /docket models ") {
                assert!(models(example).is_some(), "{example}");
            }
        }
    }

    #[test]
    fn amounts_of_tokens_are_read_as_people_write_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("250000", Some(250_000)),
            ("250_000 tokens", Some(250_000)),
            ("1,000", Some(1_000)),
            ("500K", Some(500_000)),
            ("2m", Some(2_000_000)),
            ("1.5m", None),
            ("-1", None),
            ("k", None),
            ("", None),
            ("99999999999999999999", None),
            ("999999m", None),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn what_follows_routes_is_read() {
        assert_eq!(routes(""), Some(Intent::Routes));
        assert_eq!(routes("forget 2"), Some(Intent::ForgetRoutes(Some(2))));
        assert_eq!(routes("forget all"), Some(Intent::ForgetRoutes(None)));
        for wrong in ["forget", "forget 0", "forget two", "remember"] {
            assert_eq!(routes(wrong), None, "{wrong}");
        }
    }
}
