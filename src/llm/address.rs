//! Addresses of models: what people paste, brought into one form.

use reqwest::Url;

use super::reach::Reach;
use crate::domain::model::JsonMode;

/// Characters of an address, at most.
const LONGEST: usize = 300;

/// What is known of a provider.
struct Provider {
    /// Its host, or what its hosts end with where it starts with a dot.
    host: &'static str,
    name: &'static str,
    /// The path of its API that OpenAI's clients speak to.
    path: &'static str,
    json: JsonMode,
}

/// The providers that are not like everybody else. Their pages: platform.claude.com/docs/en/api/openai-sdk (the shape
/// of an answer is ignored), ai.google.dev/gemini-api/docs/openai, docs.x.ai, console.groq.com/docs/openai,
/// openrouter.ai/docs, api-docs.deepseek.com (JSON mode only), learn.microsoft.com/azure/ai-foundry/openai.
const PROVIDERS: &[Provider] = &[
    Provider { host: "api.openai.com", name: "OpenAI", path: "/v1", json: JsonMode::Schema },
    Provider { host: "api.anthropic.com", name: "Anthropic", path: "/v1", json: JsonMode::Text },
    Provider {
        host: "generativelanguage.googleapis.com",
        name: "Gemini",
        path: "/v1beta/openai",
        json: JsonMode::Schema,
    },
    Provider { host: "api.x.ai", name: "xAI", path: "/v1", json: JsonMode::Schema },
    Provider { host: ".api.x.ai", name: "xAI", path: "/v1", json: JsonMode::Schema },
    Provider { host: "api.groq.com", name: "Groq", path: "/openai/v1", json: JsonMode::Schema },
    Provider { host: "openrouter.ai", name: "OpenRouter", path: "/api/v1", json: JsonMode::Schema },
    Provider { host: "api.deepseek.com", name: "DeepSeek", path: "/v1", json: JsonMode::Object },
    Provider { host: ".openai.azure.com", name: "Azure", path: "/openai/v1", json: JsonMode::Schema },
];

/// The port that Ollama listens on.
const OLLAMA: u16 = 11434;

/// Ends of addresses that belong to a single call.
const CALLS: &[&str] = &["/chat/completions", "/completions", "/responses", "/models", "/api/chat", "/api/generate"];

/// Brings the address of an API into one form: with its version, without a slash at the end, without the path of a
/// single call.
///
/// # Errors
/// In words for the person who entered it. They repeat nothing of what could hold a key.
pub fn normalise(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("The address is empty. It looks like https://api.openai.com/v1.".to_owned());
    }
    if text.chars().count() > LONGEST {
        return Err(format!("The address is longer than {LONGEST} characters."));
    }
    let mut url = parse(text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "The address holds a user name or a password. Leave them out; the key has its own field.".to_owned()
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("The address goes on after its path. Leave out everything from the ? or # on.".to_owned());
    }
    let path = path(&url);
    url.set_path(&path);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn parse(text: &str) -> Result<Url, String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = text.split(['/', ':', '?', '#']).next().unwrap_or_default();
        let scheme = if is_local(host) { "http" } else { "https" };
        return Err(format!("The address does not say how to get there. Put {scheme}:// in front of it."));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("The address has to start with https:// or http://.".to_owned());
    }
    let broken = || "The address can't be read. It looks like https://api.openai.com/v1.".to_owned();
    if rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(broken());
    }
    Url::parse(text).map_err(|_| broken())
}

/// The path of the API behind what was pasted.
fn path(url: &Url) -> String {
    let mut path = url.path().trim_end_matches('/');
    let is_ollama = url.port() == Some(OLLAMA);
    for call in CALLS.iter().filter(|call| is_ollama || !call.starts_with("/api/")) {
        path = path.strip_suffix(call).unwrap_or(path).trim_end_matches('/');
    }
    if is_ollama && path == "/api" {
        path = "";
    }
    let known = known(url).map_or("/v1", |provider| provider.path);
    // What is a part of the way is completed: `/v1beta` of `/v1beta/openai`, or nothing at all.
    let is_started = known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_started { known.to_owned() } else { path.to_owned() }
}

/// Whether the provider at an address answers nobody without a key: all the known ones, other than a server of one's
/// own.
pub fn needs_key(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| known(&url).is_some())
}

/// Checks the address of an account that a tenant wants to add.
///
/// # Errors
/// In words for the person who entered it, where it needs a key or is out of [reach](super::reach).
pub fn check(base_url: &str, has_key: bool) -> Result<(), String> {
    if let (false, true, Some(provider)) = (has_key, needs_key(base_url), provider(base_url)) {
        return Err(format!("{provider} answers nobody without a key. Enter one of its keys in the same form."));
    }
    Reach::of(base_url, has_key, true).check(base_url).map_err(|why| format!("That address can't be used: {why}."))
}

/// How a provider's answers can be held to their shape, as far as is known before it was asked.
pub fn json_mode(base_url: &str) -> JsonMode {
    Url::parse(base_url).ok().and_then(|url| known(&url)).map_or(JsonMode::Schema, |provider| provider.json)
}

/// What people call the provider at an address; `None` for one that is not known by it.
pub fn provider(base_url: &str) -> Option<&'static str> {
    let url = Url::parse(base_url).ok()?;
    known(&url).map(|provider| provider.name).or_else(|| (url.port() == Some(OLLAMA)).then_some("Ollama"))
}

/// The host of an address, and its port where it is not the usual one: `127.0.0.1:11777`.
pub fn place(base_url: &str) -> Option<String> {
    let url = Url::parse(base_url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn known(url: &Url) -> Option<&'static Provider> {
    let host = url.host_str()?;
    PROVIDERS
        .iter()
        .find(|known| if known.host.starts_with('.') { host.ends_with(known.host) } else { host == known.host })
}

/// Whether a host is this machine.
fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.") || host.starts_with('[') || host == "0.0.0.0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste_becomes_one_address() {
        for (pasted, address) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            (" https://api.openai.com/v1/ ", "https://api.openai.com/v1"),
            ("https://api.openai.com", "https://api.openai.com/v1"),
            ("HTTPS://API.OpenAI.com/v1//", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/responses/", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/models", "https://api.openai.com/v1"),
            ("https://api.openai.com:443/v1", "https://api.openai.com/v1"),
            ("http://localhost:11434", "http://localhost:11434/v1"),
            ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1"),
            ("http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1"),
            ("http://127.0.0.1:11434/api", "http://127.0.0.1:11434/v1"),
            ("http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434/v1"),
            ("http://[::1]:8000", "http://[::1]:8000/v1"),
            ("https://api.anthropic.com/", "https://api.anthropic.com/v1"),
            ("https://generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com/v1beta/openai"),
            (
                "https://generativelanguage.googleapis.com/v1beta",
                "https://generativelanguage.googleapis.com/v1beta/openai",
            ),
            (
                "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
                "https://generativelanguage.googleapis.com/v1beta/openai",
            ),
            ("https://us.api.x.ai", "https://us.api.x.ai/v1"),
            ("https://api.groq.com", "https://api.groq.com/openai/v1"),
            ("https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
            ("https://team.openai.azure.com", "https://team.openai.azure.com/openai/v1"),
            ("https://proxy.example/team/llm/", "https://proxy.example/team/llm"),
            ("https://proxy.example/api/chat/completions", "https://proxy.example/api"),
            ("https://proxy.example:8443", "https://proxy.example:8443/v1"),
            ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1"),
        ] {
            assert_eq!(normalise(pasted).as_deref(), Ok(address), "{pasted}");
            assert_eq!(normalise(address).as_deref(), Ok(address), "once more");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_words_that_hold_no_secret() {
        for (pasted, words) in [
            ("", "The address is empty."),
            ("api.openai.com/v1", "Put https:// in front of it."),
            ("localhost:11434", "Put http:// in front of it."),
            ("127.0.0.1:11434/v1", "Put http:// in front of it."),
            ("ftp://api.openai.com", "has to start with https:// or http://"),
            ("file:///etc/secret", "has to start with https:// or http://"),
            ("https://", "can't be read"),
            ("https://api.openai.com/v1 secret", "can't be read"),
            ("https://me:secret@api.openai.com/v1", "a user name or a password"),
            ("https://secret@api.openai.com/v1", "a user name or a password"),
            ("https://api.openai.com/v1?key=secret", "from the ? or # on"),
            ("https://api.openai.com/v1#secret", "from the ? or # on"),
            (&format!("https://{}", "secret".repeat(60)), "longer than 300"),
        ] {
            let said = normalise(pasted).unwrap_err();
            assert!(said.contains(words), "{pasted}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_provider_is_known_by_its_host() {
        for (address, name, json) in [
            ("https://api.openai.com/v1", Some("OpenAI"), JsonMode::Schema),
            ("https://api.anthropic.com/v1", Some("Anthropic"), JsonMode::Text),
            ("https://generativelanguage.googleapis.com/v1beta/openai", Some("Gemini"), JsonMode::Schema),
            ("https://us.api.x.ai/v1", Some("xAI"), JsonMode::Schema),
            ("https://api.deepseek.com/v1", Some("DeepSeek"), JsonMode::Object),
            ("http://127.0.0.1:11434/v1", Some("Ollama"), JsonMode::Schema),
            ("https://api.openai.com.evil.example/v1", None, JsonMode::Schema),
            ("not an address", None, JsonMode::Schema),
        ] {
            assert_eq!((provider(address), json_mode(address)), (name, json), "{address}");
        }
    }

    #[test]
    fn an_unknown_server_is_known_by_its_host_and_port() {
        for (address, expected) in [
            ("http://127.0.0.1:11777/v1", Some("127.0.0.1:11777")),
            ("https://proxy.example/team/llm", Some("proxy.example")),
            ("http://[::1]:8000/v1", Some("[::1]:8000")),
            ("not an address", None),
        ] {
            assert_eq!(place(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn an_account_needs_its_key_and_an_address_within_reach() {
        for (address, has_key, words) in [
            ("https://api.openai.com/v1", true, None),
            ("http://127.0.0.1:11434/v1", false, None),
            ("http://127.0.0.1:11434/v1", true, None),
            ("http://proxy.example/v1", false, None),
            ("https://api.openai.com/v1", false, Some("OpenAI answers nobody without a key")),
            ("https://api.anthropic.com/v1", false, Some("Anthropic answers nobody without a key")),
            ("https://generativelanguage.googleapis.com/v1beta/openai", false, Some("Gemini answers nobody")),
            ("https://us.api.x.ai/v1", false, Some("xAI answers nobody")),
            ("http://8.8.8.8/v1", true, Some("in the clear")),
            ("http://169.254.169.254/v1", false, Some("a link-local address")),
        ] {
            let said = check(address, has_key).err();
            assert_eq!(said.is_some(), words.is_some(), "{address}: {said:?}");
            assert!(words.is_none_or(|words| said.unwrap().contains(words)), "{address}");
        }
    }
}
