//! The documentation at `/api/docs`: a page made from the document, with nothing to run and nothing to fetch.

use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::{Map, Value};

use super::{
    super::{
        Web,
        reply::{Frame, Trouble},
    },
    ROOT,
    document::DOCUMENT,
    problem::Kind,
};
use crate::domain::token::Scope;

#[derive(Template)]
#[template(path = "api_docs.html", config = "src/web/askama.toml")]
struct DocsPage {
    frame: Frame,
    /// Where the examples send their requests.
    server: String,
    about: Words,
    sections: Vec<Section>,
    schemas: Vec<Schema>,
    problems: Vec<(&'static str, u16, &'static str)>,
    scopes: Vec<(&'static str, &'static str)>,
}

/// Text whose second, fourth … parts are code.
struct Words(Vec<(bool, String)>);

impl Words {
    /// Reads text with code between backticks.
    fn new(text: &Value) -> Self {
        let text = text.as_str().unwrap_or_default().replace('\n', " ");
        Self(text.split('`').enumerate().map(|(at, part)| (at % 2 == 1, part.to_owned())).collect())
    }
}

/// Operations that belong together.
struct Section {
    name: String,
    about: Words,
    operations: Vec<Operation>,
}

/// One operation.
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: Words,
    about: Option<Words>,
    scope: String,
    parameters: Vec<Field>,
    body: Option<Vec<Piece>>,
    curl: String,
    answers: Vec<Answer>,
}

/// What an operation answers.
struct Answer {
    status: String,
    about: Words,
    body: Option<Vec<Piece>>,
}

/// A part of a type: plain, or the name of a schema to go to.
struct Piece {
    text: String,
    is_schema: bool,
}

/// A parameter or a field.
struct Field {
    name: String,
    /// Where it is, for a parameter: `path`, `query`, `header`.
    place: String,
    kind: Vec<Piece>,
    is_required: bool,
    about: Words,
}

/// A shape of what is sent or answered.
struct Schema {
    name: String,
    about: Words,
    /// The words it is one of.
    words: Vec<String>,
    /// The kinds it is one of: what its tag says, and the schema.
    kinds: Vec<(String, String)>,
    fields: Vec<Field>,
}

/// The documentation.
pub(super) async fn page(State(web): State<Web>) -> Response {
    web.reply(Ok::<_, Trouble>(read(&DOCUMENT, &web.public_url)))
}

fn read(document: &Value, public_url: &str) -> DocsPage {
    let server = format!("{}{ROOT}", public_url.trim_end_matches('/'));
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let tags = document["tags"].as_array().into_iter().flatten();
    DocsPage {
        frame: Frame::new("API", "api"),
        about: Words::new(&document["info"]["description"]),
        sections: tags.map(|tag| section(document, tag, &server)).collect(),
        // A page is shown where it is answered: as a list of what is on it.
        schemas: schemas.filter(|(name, _)| !name.starts_with("Page_")).map(|(n, s)| schema(document, n, s)).collect(),
        problems: Kind::ALL
            .map(|kind| {
                let (name, status, title) = kind.parts();
                (name, status.as_u16(), title)
            })
            .into(),
        scopes: Scope::ALL.iter().map(|scope| (scope.as_str(), scope.what())).collect(),
        server,
    }
}

fn section(document: &Value, tag: &Value, server: &str) -> Section {
    let name = text(&tag["name"]);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, found) in item.as_object().into_iter().flatten() {
            if found["tags"][0] == tag["name"] {
                operations.push(operation(path, method, found, server));
            }
        }
    }
    Section { name, about: Words::new(&tag["description"]), operations }
}

fn operation(path: &str, method: &str, found: &Value, server: &str) -> Operation {
    let parameters = found["parameters"].as_array().into_iter().flatten();
    let answers = found["responses"].as_object().into_iter().flatten();
    let body = &found["requestBody"]["content"]["application/json"];
    let scope = found["security"][0]["token"][0].clone();
    Operation {
        id: text(&found["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: Words::new(&found["summary"]),
        about: found["description"].as_str().map(|_| Words::new(&found["description"])),
        scope: text(&scope),
        parameters: parameters.map(parameter).collect(),
        body: body.is_object().then(|| kind(&body["schema"])),
        curl: curl(path, method, found, server),
        answers: answers.map(|(status, answer)| self::answer(status, answer)).collect(),
    }
}

fn parameter(found: &Value) -> Field {
    Field {
        name: text(&found["name"]),
        place: text(&found["in"]),
        kind: kind(&found["schema"]),
        is_required: found["required"] == true,
        about: Words::new(&found["description"]),
    }
}

fn answer(status: &str, found: &Value) -> Answer {
    let body = found["content"].as_object().and_then(|content| content.values().next());
    Answer {
        status: if status == "default" { "any other".to_owned() } else { status.to_owned() },
        about: Words::new(&found["description"]),
        body: body.map(|body| kind(&body["schema"])),
    }
}

/// The request with the examples of the document, for a shell.
fn curl(path: &str, method: &str, found: &Value, server: &str) -> String {
    let mut path = path.to_owned();
    for parameter in found["parameters"].as_array().into_iter().flatten() {
        let name = text(&parameter["name"]);
        path = path.replace(&format!("{{{name}}}"), parameter["example"].as_str().unwrap_or_default());
    }
    let mut lines = vec![format!("curl {server}{path}"), "-H \"Authorization: Bearer $DOCKET_TOKEN\"".to_owned()];
    if method == "post" {
        lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned());
        lines.push("-H \"Content-Type: application/json\"".to_owned());
        let example = &found["requestBody"]["content"]["application/json"]["example"];
        lines
            .push(format!("-d '{}'", serde_json::to_string_pretty(example).unwrap_or_default().replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

fn schema(document: &Value, name: &str, found: &Value) -> Schema {
    let words = found["enum"].as_array().into_iter().flatten().map(text).collect();
    let variants = found["oneOf"].as_array().into_iter().flatten();
    let tagged = |variant: &Value| {
        let tag = variant["allOf"][1]["properties"].as_object()?.iter().next()?;
        let word = tag.1["enum"][0].as_str().or_else(|| tag.1["const"].as_str())?;
        Some((format!("{}: {word}", tag.0), reference(&variant["allOf"][0])?.to_owned()))
    };
    Schema {
        name: name.to_owned(),
        about: Words::new(&found["description"]),
        words,
        kinds: variants.filter_map(tagged).collect(),
        fields: fields(document, found),
    }
}

/// The fields of a schema and of those that it takes in.
fn fields(document: &Value, found: &Value) -> Vec<Field> {
    let mut all = Vec::new();
    for part in found["allOf"].as_array().into_iter().flatten() {
        let part = reference(part).map_or(part, |name| &document["components"]["schemas"][name]);
        all.extend(fields(document, part));
    }
    let empty = Map::new();
    let required = found["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    all.extend(found["properties"].as_object().unwrap_or(&empty).iter().map(|(name, field)| Field {
        name: name.clone(),
        place: String::new(),
        kind: kind(field),
        is_required: is_required(name),
        about: Words::new(&field["description"]),
    }));
    all
}

/// A type in words.
fn kind(schema: &Value) -> Vec<Piece> {
    let plain = |text: &str| vec![Piece { text: text.to_owned(), is_schema: false }];
    if let Some(name) = reference(schema) {
        if let Some(item) = name.strip_prefix("Page_") {
            let item = Piece { text: item.to_owned(), is_schema: true };
            return plain("a page: items and next; each item is a ").into_iter().chain([item]).collect();
        }
        return vec![Piece { text: name.to_owned(), is_schema: true }];
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let kinds = options.iter().map(kind).collect::<Vec<_>>();
        return kinds
            .into_iter()
            .reduce(|mut all, next| {
                all.extend(plain(" or "));
                all.extend(next);
                all
            })
            .unwrap_or_default();
    }
    if let Some(types) = schema["type"].as_array() {
        let single = |kind: &Value| {
            let mut one = schema.clone();
            one["type"] = kind.clone();
            self::kind(&one)
        };
        let kinds = types.iter().map(single).collect::<Vec<_>>();
        return kinds
            .into_iter()
            .reduce(|mut all, next| {
                all.extend(plain(" or "));
                all.extend(next);
                all
            })
            .unwrap_or_default();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("array"), _) => plain("list of ").into_iter().chain(kind(&schema["items"])).collect(),
        (Some("string"), Some("date")) => plain("a day"),
        (Some("string"), Some("date-time")) => plain("an instant"),
        (Some("string"), _) => plain("text"),
        (Some("integer" | "number"), _) => plain("number"),
        (Some("boolean"), _) => plain("true or false"),
        (Some("null"), _) => plain("null"),
        (Some("object"), _) => plain("object"),
        _ => plain("anything"),
    }
}

/// The name of the schema that this one refers to.
fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
