//! What follows `models` and `routes`.

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

fn first_word(text: &str) -> (&str, &str) {
    text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""))
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
