//! The style, the script and the icon: embedded, named by their content, cached for ever.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::{Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{Web, reply};

struct File {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

const FILES: [File; 3] = [
    File { name: "docket.css", kind: "text/css; charset=utf-8", content: include_str!("static/docket.css") },
    File { name: "docket.js", kind: "text/javascript; charset=utf-8", content: include_str!("static/docket.js") },
    File { name: "docket.svg", kind: "image/svg+xml", content: include_str!("static/docket.svg") },
];

/// The files by the name under which they are served, such as `1f0c9a…-docket.css`.
static SERVED: LazyLock<BTreeMap<String, &'static File>> =
    LazyLock::new(|| FILES.iter().map(|file| (served_name(file), file)).collect());

fn served_name(file: &File) -> String {
    let digest = Sha256::digest(file.content);
    format!("{}-{}", hex::encode(digest.iter().take(8).copied().collect::<Vec<_>>()), file.name)
}

/// Where the page finds the file of this name.
pub(super) fn path(name: &str) -> String {
    let served = SERVED.iter().find(|(_, file)| file.name == name).map_or(name, |(served, _)| served);
    format!("/static/{served}")
}

/// Serves a file.
pub(super) async fn file(State(web): State<Web>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((name, file)) = SERVED.get_key_value(&name) else { return reply::nothing_here(State(web)).await };
    let tag = format!("\"{name}\"");
    let cached = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let caching = [(CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()), (ETAG, tag)];
    if cached {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(CONTENT_TYPE, file.kind)], file.content).into_response()
}
