//! OpenAI's own description of a request, where it is at hand.

use std::{fs, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{peers::note, shared_specs};

static REQUEST: LazyLock<Option<Validator>> = LazyLock::new(|| {
    let Some(path) = shared_specs().map(|specs| specs.join("openai-openapi-trim.json")).filter(|path| path.exists())
    else {
        note("requests to models not checked against OpenAI's description: no ../shared/specs");
        return None;
    };
    let mut description: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut schemas = description["components"]["schemas"].take();
    rewrite(&mut schemas);
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/components/schemas/CreateChatCompletionRequest",
        "components": {"schemas": schemas},
    });
    Some(jsonschema::validator_for(&schema).unwrap())
});

/// What OpenAI's description has against a body.
pub(super) fn problems(body: &Value) -> Vec<String> {
    let errors = REQUEST.iter().flat_map(|request| request.iter_errors(body));
    errors.map(|error| format!("OpenAI's description: {} at {}", error, error.instance_path())).collect()
}

/// `nullable: true`, which JSON Schema does not know, becomes a choice.
fn rewrite(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        Value::Object(fields) => {
            let is_nullable = fields.remove("nullable") == Some(json!(true));
            fields.values_mut().for_each(rewrite);
            if is_nullable {
                *schema = json!({"anyOf": [schema.take(), {"type": "null"}]});
            }
        }
        _ => {}
    }
}
