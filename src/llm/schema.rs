//! Shapes of answers: the subset of JSON Schema that every provider takes.
//!
//! Every object has all its fields required and allows no others; what may be missing is `null`. There is nothing about
//! lengths, ranges or formats, which some providers refuse: whoever reads the answer checks them. (Limits:
//! developers.openai.com/api/docs/guides/structured-outputs.)

use serde_json::{Value, json};

/// Objects and lists within each other, at most.
const LEVELS: usize = 10;
/// Fields of all objects together, at most.
const FIELDS: usize = 5_000;
/// Allowed values of all enumerations together, at most.
const CHOICES: usize = 1_000;
/// Characters of all names and allowed values together, at most.
const NAMES: usize = 120_000;
/// What a schema may consist of.
const KEYWORDS: &[&str] = &["type", "properties", "required", "additionalProperties", "items", "enum", "description"];

/// An object with exactly these fields.
pub fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for (name, schema) in fields {
        required.push(name);
        properties.insert(name.to_owned(), schema);
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Any text.
pub fn string() -> Value {
    json!({"type": "string"})
}

/// A whole number.
pub fn integer() -> Value {
    json!({"type": "integer"})
}

/// A number.
pub fn number() -> Value {
    json!({"type": "number"})
}

/// Yes or no.
pub fn boolean() -> Value {
    json!({"type": "boolean"})
}

/// A list of such values, of any length.
pub fn list(of: Value) -> Value {
    let mut list = json!({"type": "array"});
    list["items"] = of;
    list
}

/// One of these texts.
pub fn one_of(texts: &[&str]) -> Value {
    json!({"type": "string", "enum": texts})
}

/// Such a value, or `null`.
pub fn nullable(mut of: Value) -> Value {
    if let Some(kind) = of.get("type").filter(|kind| kind.is_string()).cloned() {
        of["type"] = json!([kind, "null"]);
    }
    if let Some(choices) = of.get_mut("enum").and_then(Value::as_array_mut) {
        choices.push(Value::Null);
    }
    of
}

/// Such a value, with a sentence on what it means.
pub fn described(mut of: Value, words: &str) -> Value {
    of["description"] = json!(words);
    of
}

/// What stands in the prompt where a provider can't be told the schema in another way.
pub fn instructions(schema: &Value) -> String {
    format!(
        "Answer with one JSON object and nothing else: no Markdown, no words before or after it. It has to fit this \
         JSON Schema. Every field has to be there; where there is nothing to say it is null.\n{schema}"
    )
}

/// Whether a value has the shape that a [portable](check_portable) schema describes.
pub fn fits(schema: &Value, value: &Value) -> bool {
    if value.is_null() {
        return schema["type"].is_array();
    }
    let is_chosen = schema["enum"].as_array().is_none_or(|choices| choices.contains(value));
    is_chosen
        && match (kind(schema), value) {
            (Some("object"), Value::Object(fields)) => {
                let empty = serde_json::Map::new();
                let known = schema["properties"].as_object().unwrap_or(&empty);
                known.len() == fields.len()
                    && known.iter().all(|(name, schema)| fields.get(name).is_some_and(|field| fits(schema, field)))
            }
            (Some("array"), Value::Array(values)) => values.iter().all(|value| fits(&schema["items"], value)),
            (Some("string"), Value::String(_))
            | (Some("boolean"), Value::Bool(_))
            | (Some("number"), Value::Number(_)) => true,
            (Some("integer"), Value::Number(number)) => number.is_i64() || number.is_u64(),
            _ => false,
        }
}

/// What a schema has that not every provider takes, in words, everything at once. For tests.
pub fn check_portable(schema: &Value) -> Result<(), Vec<String>> {
    let mut survey = Survey::default();
    if schema["type"] != "object" {
        survey.problems.push("the root is not an object".to_owned());
    }
    survey.visit(schema, "the root", 1);
    for (what, found, most) in [
        ("fields", survey.fields, FIELDS),
        ("allowed values", survey.choices, CHOICES),
        ("characters in names and allowed values", survey.names, NAMES),
    ] {
        if found > most {
            survey.problems.push(format!("{found} {what} are more than {most}"));
        }
    }
    if survey.problems.is_empty() { Ok(()) } else { Err(survey.problems) }
}

/// What is found on the way through a schema.
#[derive(Default)]
struct Survey {
    fields: usize,
    choices: usize,
    names: usize,
    problems: Vec<String>,
}

impl Survey {
    fn visit(&mut self, schema: &Value, place: &str, level: usize) {
        let Some(keys) = schema.as_object() else {
            return self.problems.push(format!("{place} is no schema"));
        };
        if level > LEVELS {
            return self.problems.push(format!("{place} is deeper than {LEVELS} levels"));
        }
        for key in keys.keys().filter(|key| !KEYWORDS.contains(&key.as_str())) {
            self.problems.push(format!("{place} has {key:?}, which not every provider knows"));
        }
        match kind(schema) {
            Some("object") => self.object(schema, place, level),
            Some("array") => self.visit(&schema["items"], &format!("each of {place}"), level + 1),
            Some("string" | "integer" | "number" | "boolean") => {}
            _ => self.problems.push(format!("{place} has no single type")),
        }
        for choice in schema["enum"].as_array().into_iter().flatten() {
            self.choices += 1;
            self.names += choice.as_str().map_or(0, |text| text.chars().count());
        }
    }

    fn object(&mut self, schema: &Value, place: &str, level: usize) {
        if schema["additionalProperties"] != json!(false) {
            self.problems.push(format!("{place} allows other fields"));
        }
        let empty = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for name in properties.keys().filter(|name| !required.contains(&name.as_str())) {
            self.problems.push(format!("{place} does not require {name:?}"));
        }
        for name in required.iter().filter(|name| !properties.contains_key(**name)) {
            self.problems.push(format!("{place} requires {name:?}, which it does not have"));
        }
        for (name, field) in properties {
            self.fields += 1;
            self.names += name.chars().count();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                self.problems.push(format!("{place} has a field with the name {name:?}"));
            }
            self.visit(field, name, level + 1);
        }
    }
}

/// The one type of a schema, whether it is nullable or not.
fn kind(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) if kinds.len() == 2 && kinds[1] == "null" => kinds[0].as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_portable() {
        let task = object([
            ("title", described(string(), "At most 120 characters.")),
            ("minutes", nullable(integer())),
            ("share", number()),
            ("done", boolean()),
            ("size", nullable(one_of(&["small", "large"]))),
            ("labels", nullable(list(string()))),
        ]);
        let plan = object([("tasks", list(task.clone())), ("first", nullable(task))]);
        assert_eq!(check_portable(&plan), Ok(()));
        assert_eq!(plan["properties"]["first"]["type"], json!(["object", "null"]));
        assert_eq!(plan["properties"]["first"]["properties"]["size"]["enum"], json!(["small", "large", null]));
        assert_eq!(plan["required"], json!(["tasks", "first"]));
    }

    #[test]
    fn a_nullable_value_may_be_null_and_a_plain_one_may_not() {
        let shape = object([("size", nullable(one_of(&["small"]))), ("minutes", integer())]);
        let validator = jsonschema::validator_for(&shape).unwrap();
        for (answer, fits) in [
            (json!({"size": null, "minutes": 5}), true),
            (json!({"size": "small", "minutes": 5}), true),
            (json!({"size": "large", "minutes": 5}), false),
            (json!({"size": null, "minutes": null}), false),
            (json!({"minutes": 5}), false),
            (json!({"size": null, "minutes": 5, "more": 1}), false),
        ] {
            assert_eq!(validator.is_valid(&answer), fits, "{answer}");
        }
    }

    #[test]
    fn what_some_provider_refuses_is_found() {
        let deep = (0..10).fold(string(), |inner, _| object([("inner", inner)]));
        let names: Vec<String> = (0..1_001).map(|i| i.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (schema, problem) in [
            (list(string()), "the root is not an object"),
            (nullable(object([])), "the root is not an object"),
            (json!({"type": "object", "properties": {}, "required": []}), "the root allows other fields"),
            (
                json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": [], "additionalProperties": false}),
                "the root does not require \"a\"",
            ),
            (
                json!({"type": "object", "properties": {}, "required": ["a"], "additionalProperties": false}),
                "the root requires \"a\", which it does not have",
            ),
            (
                object([("a", json!({"type": "string", "maxLength": 3}))]),
                "a has \"maxLength\", which not every provider knows",
            ),
            (object([("a", json!({"type": ["string", "integer"]}))]), "a has no single type"),
            (object([("a", list(json!(true)))]), "each of a is no schema"),
            (object([("a b", string())]), "the root has a field with the name \"a b\""),
            (deep, "inner is deeper than 10 levels"),
            (object([("a", one_of(&names))]), "1001 allowed values are more than 1000"),
        ] {
            assert_eq!(check_portable(&schema), Err(vec![problem.to_owned()]), "{schema}");
        }
    }

    #[test]
    fn the_instructions_carry_the_schema() {
        let schema = object([("title", string())]);
        assert!(instructions(&schema).ends_with(&schema.to_string()));
    }

    #[test]
    fn a_value_fits_a_schema_or_does_not() {
        let schema = object([
            ("title", string()),
            ("minutes", nullable(integer())),
            ("size", nullable(one_of(&["s", "m"]))),
            ("steps", list(object([("done", boolean()), ("share", number())]))),
        ]);
        let step = json!({"done": true, "share": 0.5});
        for (value, expected) in [
            (json!({"title": "x", "minutes": 5, "size": "s", "steps": [step]}), true),
            (json!({"title": "x", "minutes": null, "size": null, "steps": []}), true),
            (json!({"title": null, "minutes": 5, "size": "s", "steps": []}), false),
            (json!({"title": "x", "minutes": 5.5, "size": "s", "steps": []}), false),
            (json!({"title": "x", "minutes": 5, "size": "l", "steps": []}), false),
            (json!({"title": "x", "minutes": 5, "size": "s", "steps": [{"done": 1, "share": 1}]}), false),
            (json!({"title": "x", "minutes": 5, "steps": []}), false),
            (json!({"title": "x", "minutes": 5, "size": "s", "steps": [], "more": 1}), false),
            (json!([]), false),
            (json!(null), false),
        ] {
            assert_eq!(fits(&schema, &value), expected, "{value}");
        }
    }
}
