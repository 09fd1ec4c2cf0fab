//! What the providers refuse and in which words, as far as it is known (CONTRACTS of July to October 2026).

use serde_json::{Value, json};

use super::{Answer, Asked};

/// Whose manners the fake has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dialect {
    /// Strict schemas; unknown fields are refused.
    #[default]
    OpenAi,
    /// The same with a newer model, which refuses `max_tokens`.
    Reasoning,
    /// Any key, fields it does not know are ignored.
    Ollama,
    /// The shape of an answer is ignored.
    Anthropic,
    /// Errors in a list; large schemas are refused.
    Gemini,
    /// Strict schemas; an error is a text.
    Xai,
    /// Any key; errors stand bare.
    Vllm,
    /// Plain JSON mode only, and only if the prompt speaks of JSON.
    JsonOnly,
    /// Neither a schema nor JSON mode nor the tokens of a stream.
    Neither,
}

/// What OpenAI's description names, as far as a request of ours could hold it.
const FIELDS: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "response_format",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "n",
    "stop",
    "seed",
    "tools",
    "tool_choice",
    "user",
    "reasoning_effort",
    "store",
];

impl Dialect {
    /// Every one.
    pub(crate) const ALL: [Self; 9] = [
        Self::OpenAi,
        Self::Reasoning,
        Self::Ollama,
        Self::Anthropic,
        Self::Gemini,
        Self::Xai,
        Self::Vllm,
        Self::JsonOnly,
        Self::Neither,
    ];

    /// An error in the shape of this provider.
    pub(super) fn error(self, status: u16, code: &str, message: &str) -> Value {
        match self {
            Self::Gemini => json!([{"error": {"code": status, "message": message, "status": code.to_uppercase()}}]),
            Self::Xai => json!({"code": code, "error": message}),
            Self::Vllm => json!({"object": "error", "message": message, "type": code, "param": null, "code": status}),
            Self::Neither => json!({"detail": message}),
            _ => json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}}),
        }
    }

    fn refuse(self, status: u16, code: &str, message: &str) -> Answer {
        Answer::Status(status, self.error(status, code, message))
    }

    /// What the provider says instead of asking its model; `None` where the request is fine.
    pub(super) fn refusal(self, asked: &Asked, key: Option<&str>, models: Option<&[String]>) -> Option<Answer> {
        let given = asked.headers.get("authorization").and_then(|value| value.to_str().ok());
        if key.is_some_and(|key| given != Some(format!("Bearer {key}").as_str())) {
            return Some(self.refuse(
                401,
                "invalid_api_key",
                &format!("Incorrect API key provided: {}", given.unwrap_or("")),
            ));
        }
        if asked.headers.get("content-type").is_none_or(|kind| kind != "application/json") || !asked.body.is_object() {
            return Some(self.refuse(400, "invalid_json", "We could not parse the JSON body of your request."));
        }
        let Some(model) = asked.body["model"].as_str().filter(|model| !model.is_empty()) else {
            return Some(self.refuse(400, "missing_required_parameter", "you must provide a model parameter"));
        };
        if models.is_some_and(|models| !models.iter().any(|known| known == model)) {
            return Some(self.refuse(404, "model_not_found", &format!("The model `{model}` does not exist")));
        }
        if asked.body["messages"].as_array().is_none_or(Vec::is_empty) {
            return Some(self.refuse(400, "missing_required_parameter", "Missing required parameter: 'messages'."));
        }
        self.field(&asked.body).or_else(|| self.format(asked))
    }

    /// What is wrong with the fields.
    fn field(self, body: &Value) -> Option<Answer> {
        let mut fields = body.as_object()?.keys();
        match self {
            Self::OpenAi | Self::Reasoning | Self::Xai | Self::Gemini => {
                if let Some(odd) = fields.find(|field| !FIELDS.contains(&field.as_str())) {
                    return Some(self.refuse(400, "unknown_parameter", &format!("Unknown parameter: '{odd}'.")));
                }
            }
            Self::Neither => {
                let odd = fields.find(|field| ["stream_options", "response_format"].contains(&field.as_str()))?;
                let detail = json!([{
                    "type": "extra_forbidden", "loc": ["body", odd], "msg": "Extra inputs are not permitted",
                    "input": body[odd],
                }]);
                return Some(Answer::Status(422, json!({"detail": detail})));
            }
            _ => {}
        }
        let words = "Unsupported parameter: 'max_tokens' is not supported with this model. \
                     Use 'max_completion_tokens' instead.";
        let is_old = self == Self::Reasoning && body.get("max_tokens").is_some();
        is_old.then(|| self.refuse(400, "unsupported_parameter", words))
    }

    /// What is wrong with the shape that the answer should have.
    fn format(self, asked: &Asked) -> Option<Answer> {
        let format = &asked.body["response_format"];
        let kind = format["type"].as_str();
        match (self, kind) {
            (Self::JsonOnly, Some("json_schema")) => {
                Some(self.refuse(400, "invalid_request_error", "This response_format type is unavailable now"))
            }
            (Self::JsonOnly | Self::OpenAi | Self::Reasoning, Some("json_object")) => {
                let speaks_of_it = asked.body["messages"].to_string().to_lowercase().contains("json");
                let words = "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                             'json_object'.";
                (!speaks_of_it).then(|| self.refuse(400, "invalid_request_error", words))
            }
            (Self::Anthropic, _) | (_, None | Some("text" | "json_object")) => None,
            (_, Some("json_schema")) => {
                let schema = &format["json_schema"];
                let name = schema["name"].as_str().unwrap_or_default();
                if !(1..=64).contains(&name.len())
                    || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
                {
                    return Some(self.refuse(400, "invalid_value", "Invalid 'response_format.json_schema.name'"));
                }
                let mut problem = None;
                strict(&schema["schema"], 1, &mut problem);
                let words = format!("Invalid schema for response_format '{name}': {}", problem?);
                Some(self.refuse(400, "invalid_json_schema", &words))
            }
            _ => Some(self.refuse(400, "invalid_value", "Invalid value for 'response_format.type'")),
        }
    }
}

/// The first thing that a strict schema must not have.
fn strict(schema: &Value, level: usize, problem: &mut Option<String>) {
    let mut say = |words: String| *problem = problem.take().or(Some(words));
    if level > 10 {
        return say("it is nested deeper than 10 levels".to_owned());
    }
    let is = |kind: &str| schema["type"] == kind || schema["type"][0] == kind;
    if level == 1 && schema["type"] != "object" {
        return say("schema must be a JSON Schema of 'type: \"object\"'".to_owned());
    }
    if is("object") {
        if schema["additionalProperties"] != false {
            return say("'additionalProperties' is required to be supplied and to be false".to_owned());
        }
        let Some(properties) = schema["properties"].as_object() else {
            return say("it has no 'properties'".to_owned());
        };
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if required.len() != properties.len() || !required.iter().all(|name| properties.contains_key(*name)) {
            return say("'required' has to include every key in properties".to_owned());
        }
        for property in properties.values() {
            strict(property, level + 1, problem);
        }
    } else if is("array") {
        strict(&schema["items"], level + 1, problem);
    } else if !["string", "integer", "number", "boolean"].iter().any(|kind| is(kind)) {
        say("schema must have a 'type' key".to_owned());
    }
}
