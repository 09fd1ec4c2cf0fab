//! GitHub's own description of its API, where it is at hand: what comes in and goes out is checked against it, and what
//! goes out has everything that it requires.

use std::{
    collections::BTreeMap,
    fs,
    sync::{LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::support::{peers::note, shared_specs};

static SPEC: LazyLock<Option<Value>> = LazyLock::new(|| {
    let Some(path) = shared_specs().map(|specs| specs.join("github-openapi-trim.json")).filter(|path| path.exists())
    else {
        note("requests to GitHub not checked against its description: no ../shared/specs");
        return None;
    };
    let mut spec: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    rewrite(&mut spec);
    Some(spec)
});

/// The checks that were built, by what they are of.
static CHECKS: LazyLock<Mutex<BTreeMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// What GitHub's description has against the body of a request; nothing where it does not know the call.
pub(super) fn request(method: &str, template: &str, body: &Value) -> Vec<String> {
    let Some(operation) = operation(method, template) else { return Vec::new() };
    let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else { return Vec::new() };
    let mut found = problems(&format!("{method} {template}"), schema, body);
    // The real service lets unknown fields pass; here they are mistakes.
    if let (Some(known), Some(fields)) = (schema["properties"].as_object(), body.as_object()) {
        found.extend(fields.keys().filter(|name| !known.contains_key(*name)).map(|name| format!("unknown {name}")));
    }
    found
}

/// Adds what the description requires of an answer; what it has against that then.
pub(super) fn answer(method: &str, template: &str, status: u16, body: &mut Value) -> Vec<String> {
    let Some(operation) = operation(method, template) else { return Vec::new() };
    let response = resolve(&operation["responses"][status.to_string()]);
    let Some(schema) = response.pointer("/content/application~1json/schema") else { return Vec::new() };
    let mut unknown = Vec::new();
    complete(schema, body, &mut unknown);
    let mut found = problems(&format!("{method} {template} {status}"), schema, body);
    found.extend(unknown);
    found
}

fn operation(method: &str, template: &str) -> Option<&'static Value> {
    SPEC.as_ref()?["paths"].get(template)?.get(method.to_lowercase())
}

fn problems(name: &str, schema: &Value, body: &Value) -> Vec<String> {
    let Some(spec) = SPEC.as_ref() else { return Vec::new() };
    let mut checks = CHECKS.lock().unwrap();
    let check = checks.entry(name.to_owned()).or_insert_with(|| {
        let mut whole = json!({ "components": { "schemas": spec["components"]["schemas"] }, "allOf": [schema] });
        whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        jsonschema::validator_for(&whole).unwrap()
    });
    check.iter_errors(body).take(3).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn resolve(value: &Value) -> &Value {
    let Some(name) = value["$ref"].as_str() else { return value };
    let path = name.trim_start_matches('#');
    SPEC.as_ref().and_then(|spec| spec.pointer(path)).map_or(value, resolve)
}

/// Adds what is required and lacks, and names what is there and unknown.
fn complete(schema: &Value, value: &mut Value, unknown: &mut Vec<String>) {
    let schema = resolve(schema);
    if value.is_null() {
        return;
    }
    let choices = ["allOf", "anyOf", "oneOf"].iter().flat_map(|kind| schema[kind].as_array().into_iter().flatten());
    let choices: Vec<_> = choices.filter(|one| resolve(one)["type"] != "null").collect();
    if schema["properties"].is_null() && !choices.is_empty() {
        let of_kind = |one: &&&Value| resolve(one)["type"] == kind(value) || resolve(one)["allOf"].is_array();
        if let Some(choice) = choices.iter().find(of_kind) {
            complete(choice, value, unknown);
        }
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| complete(&schema["items"], item, unknown)),
        Value::Object(fields) => {
            let Some(properties) = schema["properties"].as_object() else { return };
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in required {
                if !fields.contains_key(name) {
                    fields.insert(name.to_owned(), filler(&properties[name]));
                }
            }
            for (name, field) in fields.iter_mut() {
                match properties.get(name) {
                    Some(schema) => complete(schema, field, unknown),
                    None => unknown.push(format!("a field {name} that GitHub does not have in {}", schema["title"])),
                }
            }
        }
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    }
}

/// Anything that a schema takes.
fn filler(schema: &Value) -> Value {
    let schema = resolve(schema);
    for kind in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = schema[kind].as_array() {
            let has_none = choices.iter().any(|one| one["type"] == "null");
            return if has_none { Value::Null } else { filler(&choices[0]) };
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => match schema["format"].as_str() {
            Some("date-time") => json!("2026-11-01T00:00:00Z"),
            Some("uri") => json!("https://github.com/filler"),
            _ => json!("filler"),
        },
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let field = |name: &str| (name.to_owned(), filler(&schema["properties"][name]));
            Value::Object(required.map(field).collect::<Map<_, _>>())
        }
    }
}

/// `nullable: true`, which JSON Schema does not know, becomes a choice.
fn rewrite(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        Value::Object(fields) => {
            let is_nullable = fields.remove("nullable") == Some(json!(true));
            fields.values_mut().for_each(rewrite);
            if is_nullable {
                *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] });
            }
        }
        _ => {}
    }
}
