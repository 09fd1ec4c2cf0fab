//! What is sent: a request in the form that a provider is believed to take, and the next weaker form.

use serde::Serialize;
use serde_json::{Value, json};

use super::told::Told;
use crate::{
    domain::model::JsonMode,
    llm::{Endpoint, Request, Speaker, address, schema},
};

/// What a request may hold beside its words, by what the provider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// How the answer is held to its schema.
    pub(super) json: JsonMode,
    limit: Limit,
    /// Whether the tokens are asked for, which come in a stream's last event.
    usage: bool,
}

/// What the longest answer is called. OpenAI's newer models refuse the old name, other servers may not know the new
/// one (platform.openai.com/docs/api-reference/chat/create, `max_tokens`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    MaxTokens,
    MaxCompletionTokens,
    /// The other name, after the first was refused.
    Swapped(&'static str),
}

impl Limit {
    const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::Swapped(name) => name,
        }
    }

    /// The other name, once.
    const fn other(self) -> Option<Self> {
        match self {
            Self::MaxTokens => Some(Self::Swapped(Self::MaxCompletionTokens.name())),
            Self::MaxCompletionTokens => Some(Self::Swapped(Self::MaxTokens.name())),
            Self::Swapped(_) => None,
        }
    }
}

/// Words of a complaint about the shape of the answer.
const SHAPES: &[&str] = &[
    "response_format",
    "json_schema",
    "json_object",
    "schema",
    "'strict'",
    "\"strict\"",
    "strict mode",
    "structured output",
    "json mode",
    "grammar",
];
/// Words of a complaint that something is not known at all, other than that it has a wrong value.
const UNKNOWN: &[&str] = &[
    "unsupported",
    "not support",
    "unknown",
    "unrecognized",
    "unexpected",
    "extra",
    "not permitted",
    "not allowed",
    "instead",
];

impl Shape {
    /// The form to begin with.
    pub(super) fn first(endpoint: &Endpoint) -> Self {
        let is_openai = matches!(address::provider(&endpoint.base_url), Some("OpenAI" | "Azure"));
        let limit = if is_openai { Limit::MaxCompletionTokens } else { Limit::MaxTokens };
        Self { json: endpoint.json, limit, usage: true }
    }

    /// The form without what the provider complains about; `None` where it complains about something else.
    pub(super) fn weaker(self, told: &Told) -> Option<Self> {
        if !matches!(told.status, 400 | 422) {
            return None;
        }
        let is_unknown = told.mentions(UNKNOWN);
        if self.usage && is_unknown && told.mentions(&["stream_options", "include_usage"]) {
            return Some(Self { usage: false, ..self });
        }
        if is_unknown && told.mentions(&[self.limit.name()]) {
            return Some(Self { limit: self.limit.other()?, ..self });
        }
        if told.mentions(SHAPES) {
            return Some(Self { json: self.json.weaker()?, ..self });
        }
        None
    }
}

/// The body of a request. What every provider has its own idea of (temperature, seed, tools …) is left out.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Message>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(flatten)]
    limit: std::collections::BTreeMap<&'static str, u32>,
}

#[derive(Debug, Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Body<'a> {
    /// A request in a form.
    pub(super) fn new(request: &'a Request, shape: Shape) -> Self {
        Self {
            model: &request.model,
            messages: messages(request, shape.json),
            stream: true,
            stream_options: shape.usage.then_some(StreamOptions { include_usage: true }),
            response_format: match shape.json {
                JsonMode::Schema => Some(json!({
                    "type": "json_schema",
                    "json_schema": {"name": request.name, "strict": true, "schema": request.schema},
                })),
                JsonMode::Object => Some(json!({"type": "json_object"})),
                JsonMode::Text => None,
            },
            limit: [(shape.limit.name(), request.max_tokens)].into(),
        }
    }
}

/// The messages. Where the schema can't be sent beside them it stands at the end of the rules.
fn messages(request: &Request, json: JsonMode) -> Vec<Message> {
    let role = |speaker: &Speaker| match speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Model => "assistant",
    };
    let said = request.messages.iter().map(|(speaker, text)| Message { role: role(speaker), content: text.clone() });
    let mut messages: Vec<Message> = said.collect();
    if json != JsonMode::Schema {
        let instructions = schema::instructions(&request.schema);
        match messages.iter_mut().find(|message| message.role == "system") {
            Some(rules) => rules.content = format!("{}\n\n{instructions}", rules.content),
            None => messages.insert(0, Message { role: "system", content: instructions }),
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::reach::Reach;

    const FIRST: Shape = Shape { json: JsonMode::Schema, limit: Limit::MaxTokens, usage: true };

    fn told(status: u16, message: &str) -> Told {
        Told::new(status, None, json!({"error": {"message": message, "param": null}}).to_string().as_bytes())
    }

    #[test]
    fn a_complaint_takes_away_what_it_is_about() {
        let weaker = |json| Some(Shape { json, ..FIRST });
        for (message, left) in [
            ("Invalid parameter: 'response_format' of type 'json_schema' is not supported", weaker(JsonMode::Object)),
            ("This response_format type is unavailable now", weaker(JsonMode::Object)),
            (
                "The specified schema produces a constraint that has too many states for serving",
                weaker(JsonMode::Object),
            ),
            ("Failed to parse grammar", weaker(JsonMode::Object)),
            ("Unknown parameter: 'stream_options'.", Some(Shape { usage: false, ..FIRST })),
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                Some(Shape { limit: Limit::Swapped("max_completion_tokens"), ..FIRST }),
            ),
            ("max_tokens is too large: 100000. This model can write 4096.", None),
            ("Your account is restricted", None),
            ("n must be positive", None),
        ] {
            assert_eq!(FIRST.weaker(&told(400, message)), left, "{message}");
            assert_eq!(FIRST.weaker(&told(422, message)), left, "{message}");
            assert_eq!(FIRST.weaker(&told(500, message)), None, "only a refusal of the request counts");
        }
    }

    #[test]
    fn a_provider_that_always_complains_is_not_asked_for_ever() {
        let all = told(400, "unknown: stream_options, max_tokens, max_completion_tokens, response_format");
        let mut shape = FIRST;
        let mut asked = 1;
        while let Some(weaker) = shape.weaker(&all) {
            (shape, asked) = (weaker, asked + 1);
        }
        assert_eq!(asked, 3, "a name that is unknown whichever it is can't be left out");
        let format = told(400, "unknown: stream_options, response_format");
        let (mut shape, mut asked) = (FIRST, 1);
        while let Some(weaker) = shape.weaker(&format) {
            (shape, asked) = (weaker, asked + 1);
        }
        assert_eq!((asked, shape.json), (4, JsonMode::Text));
    }

    #[test]
    fn the_limit_has_the_name_that_the_provider_takes() {
        for (url, name) in [
            ("https://api.openai.com/v1", "max_completion_tokens"),
            ("https://team.openai.azure.com/openai/v1", "max_completion_tokens"),
            ("http://127.0.0.1:11434/v1", "max_tokens"),
            ("https://api.anthropic.com/v1", "max_tokens"),
        ] {
            let endpoint =
                Endpoint { base_url: url.to_owned(), key: None, reach: Reach::Anywhere, json: JsonMode::Schema };
            assert_eq!(Shape::first(&endpoint).limit.name(), name, "{url}");
        }
    }
}
