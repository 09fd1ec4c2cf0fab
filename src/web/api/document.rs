//! The document that describes the API: OpenAPI 3.1, made from the handlers themselves.

use std::sync::LazyLock;

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use utoipa::{
    OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{ROOT, operation::Operation, problem};

/// What stands at the head of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Docket",
        description = "Read plans, propose changes and decide on them. A change of a plan is a patch: it is proposed, \
            shown as a diff, and applied when the right people approve it. Every rule of the chat holds here too.",
        license(name = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "projects", description = "A project is the root of a tree of tasks; it counts the changes of its plan."),
        (name = "tasks", description = "A task changes by patches only."),
        (name = "patches", description = "Proposals: made, read, decided, taken back."),
        (name = "members", description = "The people of your organisation."),
        (name = "audit", description = "Who did what, when and from where. It can only grow."),
    ),
    components(schemas(Operation)),
)]
struct Head;

/// The document without its operations.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    let mut head = Head::openapi();
    head.servers = Some(vec![utoipa::openapi::Server::new(ROOT)]);
    let mut token = Http::new(HttpAuthScheme::Bearer);
    token.description = Some("A token from the page `/tokens`. It has one or more of three scopes.".to_owned());
    head.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(token));
    head
}

/// The whole document.
pub(super) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let (_, document) = super::operations().split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(method, operation);
        }
    }
    refuse_unknown_fields(&mut document["components"]["schemas"]);
    document
});

/// Adds what every operation of its method has.
fn complete(method: &str, operation: &mut Value) {
    let header = |name: &str, about: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": false, "description": about, "example": example,
            "schema": { "type": "string" },
        })
    };
    let decides = operation["responses"]["409"].is_object();
    let mut headers = Vec::new();
    if method == "get" {
        let about = "The `ETag` of the answer you have: you get 304 and nothing else while it is still that.";
        headers.push(header("If-None-Match", about, "\"1-0123456789abcdef01234567\""));
        operation["responses"]["304"] = json!({ "description": "You have it already: see `If-None-Match`." });
    } else {
        let about = "Your own name for this request, such as a UUID. Sent again within 24 hours, it is answered as the \
            first time, and nothing is done twice.";
        headers.push(header("Idempotency-Key", about, "6d1f7c0e-91d5-4b4c-9e6a-2f6f0d3f0f6e"));
        if decides {
            let about = "The `ETag` of the patch as you read it, in the place of `revision`.";
            headers.push(header("If-Match", about, "\"1-0123456789abcdef01234567\""));
        }
    }
    let parameters = &mut operation["parameters"];
    if parameters.is_null() {
        *parameters = json!([]);
    }
    parameters.as_array_mut().into_iter().for_each(|list| list.extend(headers.clone()));
    let problem = json!({ problem::KIND: { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let about = "How many seconds to wait before it is sent again.";
    operation["responses"]["429"] = json!({
        "description": "It comes too often. Nothing was done.",
        "headers": { "Retry-After": { "description": about, "schema": { "type": "integer" } } },
        "content": problem,
    });
    operation["responses"]["default"] = json!({
        "description": "What is wrong, why, and what to do.",
        "content": problem,
    });
}

/// An operation is its tag beside the fields of its kind, and nothing else. Each of the two parts alone would refuse the
/// other.
fn refuse_unknown_fields(schemas: &mut Value) {
    let variants = schemas["Operation"]["oneOf"].as_array().cloned().unwrap_or_default();
    for variant in &variants {
        let name = variant["allOf"][0]["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        if let Some(fields) = name.and_then(|name| schemas[name].as_object_mut()) {
            fields.remove("additionalProperties");
        }
    }
    for variant in schemas["Operation"]["oneOf"].as_array_mut().into_iter().flatten() {
        variant["unevaluatedProperties"] = false.into();
    }
}

/// Serves the document.
pub(super) async fn serve() -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, "application/json")], DOCUMENT.to_string()).into_response()
}
