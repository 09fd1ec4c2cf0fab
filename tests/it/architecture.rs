//! The house keeps its order: who may import whom, what lives where, how long a file may be.
//!
//! The rules are those of the architecture map in `src/lib.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Pure data, and what everybody needs.
const BASE: &[&str] = &["domain", "clock", "config", "error", "secrets", "shutdown", "telemetry"];
/// What is stored, what is asked of a model, and what of providers.
const RESOURCES: &[&str] = &["store", "llm", "connect"];
/// The steps from an event to a changed plan, and the surfaces.
const STEPS: &[&str] = &["intent", "planner", "review", "apply", "answers", "standups", "chat", "trackers"];

/// The rooms that a room may import, itself apart. Among the steps any order will do, as long as there is
/// no cycle.
fn may_import(room: &str) -> Option<Vec<&'static str>> {
    let groups: &[&[&'static str]] = match room {
        "domain" | "config" | "shutdown" => &[],
        "clock" | "error" => &[&["domain"]],
        "secrets" | "telemetry" => &[&["domain", "clock", "config"]],
        "store" => &[BASE],
        "intent" | "planner" | "review" | "apply" | "answers" | "standups" | "chat" | "trackers" | "jobs"
        | "ingest" | "web" => &[BASE, RESOURCES, STEPS],
        "connect" => &[BASE, &["store", "llm"]],
        "llm" | "health" | "keys" | "moving" => &[BASE, &["store"]],
        "eval" => &[BASE, RESOURCES, &["intent", "planner", "review"]],
        "doctor" => &[BASE, RESOURCES, &["chat", "keys"]],
        "app" => &[BASE, RESOURCES, STEPS, &["jobs", "ingest", "web", "health", "keys"]],
        "cli" => &[BASE, RESOURCES, &["chat", "app", "doctor", "eval", "keys", "moving"]],
        "lib" | "main" => &[
            BASE,
            RESOURCES,
            STEPS,
            &["jobs", "ingest", "web", "health", "doctor", "eval", "keys", "moving", "app", "cli"],
        ],
        _ => return None,
    };
    Some(groups.concat())
}

/// What may be named in one place only, where that is, and why.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("sqlx::", &["store"], "SQL lives in the store"),
    ("slack_morphism::", &["chat/slack"], "a platform's types stop at its adapter"),
    ("octocrab::", &["trackers/github"], "a platform's types stop at its adapter"),
    ("async_openai::", &["llm/openai"], "a platform's types stop at its adapter"),
    (
        "governor::",
        &["clock.rs", "web/limits.rs", "trackers/github/limits.rs"],
        "how often anybody may ask is counted in one place, and how often Docket may",
    ),
    ("jsonwebtoken::", &["connect"], "what a provider states is checked in one place"),
    ("oauth2::", &["connect/oauth.rs"], "there is one OAuth engine"),
    (
        "cron::",
        &["domain/schedule"],
        "the crate knows nothing of summer time: expressions are spelled out in one place",
    ),
    ("icalendar::", &["connect/feed"], "calendars are read in one place"),
    ("aes_gcm::", &["secrets"], "secrets are encrypted in one place"),
    ("hkdf::", &["secrets"], "secrets are encrypted in one place"),
    ("Utc::now", &["clock.rs"], "time is injected"),
    ("Local::now", &["clock.rs"], "time is injected"),
    ("SystemTime::now", &["clock.rs"], "time is injected"),
    ("rand::", &["clock.rs"], "randomness is injected"),
    ("env::var", &["config.rs"], "settings are read in one place"),
    ("dotenvy", &["config"], "settings are read in one place"),
    ("!(\"docket_", &["telemetry.rs"], "metrics are named in one place"),
];

/// A file's lines without its tests, at most.
const LONGEST: usize = 400;

/// Whether code has this name, and not only one that ends like it, as `errand::` ends like `rand::`.
fn names_it(code: &str, name: &str) -> bool {
    let is_word = name.starts_with(char::is_alphanumeric);
    let mut found = code.match_indices(name).map(|(start, _)| &code[..start]);
    found.any(|before| !is_word || !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// A source file, by its path below `src`.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room it belongs to: the first part of its path.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// How deep its module lies: 1 for `doctor.rs`, 2 for `doctor/slack.rs`.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    /// Its text without comments, so that a link in the documentation is no import.
    fn code(&self) -> String {
        let uncommented = self.text.lines().map(|line| line.split("//").next().unwrap_or_default());
        uncommented.collect::<Vec<_>>().join("\n")
    }

    /// The other rooms it names.
    fn imports(&self) -> BTreeSet<String> {
        let code = self.code();
        let up = "super::".repeat(self.depth());
        let mut rooms = BTreeSet::new();
        for root in ["crate::", "docket::", up.as_str()] {
            for (start, _) in code.match_indices(root) {
                let before = code[..start].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    rooms.extend(names(&code[start + root.len()..]));
                }
            }
        }
        rooms.retain(|room| room != self.room() && may_import(room).is_some());
        rooms
    }

    /// What it does against the rules.
    fn violations(&self) -> Vec<String> {
        let path = &self.path;
        let Some(allowed) = may_import(self.room()) else {
            return vec![format!("{path}: the room {:?} has no place in the map", self.room())];
        };
        let mut found: Vec<_> = self
            .imports()
            .into_iter()
            .filter(|room| !allowed.contains(&room.as_str()))
            .map(|room| format!("{path}: {} may not import {room}", self.room()))
            .collect();
        let code = self.code();
        for (name, homes, why) in HOMES {
            if names_it(&code, name) && !homes.iter().any(|home| path.starts_with(home)) {
                found.push(format!("{path}: {name} belongs into {}: {why}", homes.join(" or ")));
            }
        }
        let only_tests = self.path.ends_with("tests.rs");
        let length = self.text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if length > LONGEST && !only_tests {
            found.push(format!("{path}: {length} lines are more than {LONGEST}; split it by meaning"));
        }
        found
    }
}

/// The first names of a path or of a group of paths: `a` of `a::B`, `a` and `b` of `{a::{C, D}, b}`.
fn names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut item, mut items) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => items.push(std::mem::take(&mut item)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                item.push(c);
            }
        }
    }
    items.push(item);
    items.iter().map(|item| name(item)).collect()
}

/// A cycle among the rooms, spelled out.
fn cycle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    fn walk(room: &str, imports: &BTreeMap<String, BTreeSet<String>>, way: &mut Vec<String>) -> Option<String> {
        if let Some(start) = way.iter().position(|seen| seen == room) {
            return Some(format!("{} → {room}", way[start..].join(" → ")));
        }
        way.push(room.to_owned());
        let found = imports.get(room).into_iter().flatten().find_map(|next| walk(next, imports, way));
        way.pop();
        found
    }
    imports.keys().find_map(|room| walk(room, imports, &mut Vec::new()))
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    let source = |file: PathBuf| Source {
        path: file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(source).collect()
}

#[test]
fn every_file_keeps_the_order() {
    let sources = sources();
    assert!(sources.len() > 20, "only {} files were found", sources.len());
    let found: Vec<_> = sources.iter().flat_map(Source::violations).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_rooms_import_each_other_in_a_circle() {
    let mut imports = BTreeMap::<String, BTreeSet<String>>::new();
    for source in sources().iter().filter(|source| source.path != "lib.rs") {
        imports.entry(source.room().to_owned()).or_default().extend(source.imports());
    }
    assert_eq!(cycle(&imports), None);
}

#[test]
fn the_domain_needs_no_runtime_and_no_platform() {
    for source in sources().iter().filter(|source| source.room() == "domain") {
        for outside in ["tokio", "axum", "reqwest", "std::fs", "std::env", "std::net", "tracing", "async fn"] {
            assert!(!source.code().contains(outside), "{}: {outside}", source.path);
        }
    }
}

fn check(path: &str, text: &str) -> Vec<String> {
    Source { path: path.to_owned(), text: text.to_owned() }.violations()
}

#[test]
fn the_checker_finds_what_is_planted() {
    for (path, text, found) in [
        ("domain/plan.rs", "use crate::store::Store;", "domain/plan.rs: domain may not import store"),
        ("domain/plan.rs", "use super::super::store::Store;", "domain/plan.rs: domain may not import store"),
        ("domain/mod.rs", "use super::clock::Chance;", "domain/mod.rs: domain may not import clock"),
        (
            "store/mod.rs",
            "use crate::{\n    clock::{Chance, Clock},\n    review::card,\n};",
            "store/mod.rs: store may not import review",
        ),
        ("review/card.rs", "let x = crate::jobs::run();", "review/card.rs: review may not import jobs"),
        ("jobs/mod.rs", "fn f(app: &crate::app::App) {}", "jobs/mod.rs: jobs may not import app"),
        ("web/page.rs", "use crate::ingest::accept;", "web/page.rs: web may not import ingest"),
        ("chat/slack/mod.rs", "use crate::{domain::ids, web};", "chat/slack/mod.rs: chat may not import web"),
        ("garage.rs", "", "garage.rs: the room \"garage\" has no place in the map"),
        ("review/mod.rs", "sqlx::query(\"\")", "review/mod.rs: sqlx:: belongs into store: SQL lives in the store"),
        (
            "chat/console/mod.rs",
            "use slack_morphism::prelude::*;",
            "chat/console/mod.rs: slack_morphism:: belongs into chat/slack: a platform's types stop at its adapter",
        ),
        ("store/calls.rs", "use crate::llm::Llm;", "store/calls.rs: store may not import llm"),
        ("secrets.rs", "use crate::store::Store;", "secrets.rs: secrets may not import store"),
        (
            "llm/models.rs",
            "use async_openai::Client;",
            "llm/models.rs: async_openai:: belongs into llm/openai: a platform's types stop at its adapter",
        ),
        (
            "store/accounts.rs",
            "use aes_gcm::Aes256Gcm;",
            "store/accounts.rs: aes_gcm:: belongs into secrets: secrets are encrypted in one place",
        ),
        ("jobs/mod.rs", "let now = Utc::now();", "jobs/mod.rs: Utc::now belongs into clock.rs: time is injected"),
        (
            "cli.rs",
            "std::env::var_os(\"HOME\")",
            "cli.rs: env::var belongs into config.rs: settings are read in one place",
        ),
        (
            "jobs/mod.rs",
            "metrics::counter!(\"docket_x\")",
            "jobs/mod.rs: !(\"docket_ belongs into telemetry.rs: metrics are named in one place",
        ),
    ] {
        assert_eq!(check(path, text), [found]);
    }
    assert_eq!(check("app.rs", &"\n".repeat(401)), ["app.rs: 401 lines are more than 400; split it by meaning"]);
}

#[test]
fn the_checker_lets_through_what_is_allowed() {
    for (path, text) in [
        ("domain/plan.rs", "//! See [`crate::store`].\nuse super::task::Task; // as crate::store does"),
        ("domain/plan.rs", "use crate::domain::ids::Id;\n#[cfg(test)]\nmod tests { use super::*; }"),
        ("store/mod.rs", "use crate::{clock::Chance, domain::{plan::Plan, patch}};\nuse sqlx::Row;"),
        ("chat/slack/client.rs", "use slack_morphism::prelude::*;\nuse crate::{config::SlackConfig, store};"),
        ("app.rs", "use crate::{ingest, jobs, web};"),
        ("cli/jobs.rs", "use super::Failure;\nuse crate::store::Store;"),
        ("web/page.rs", &format!("\n#[cfg(test)]\n{}", "\n".repeat(1_000))),
    ] {
        assert_eq!(check(path, text), [""; 0], "{path}");
    }
}

#[test]
fn the_checker_finds_circles() {
    let imports = |pairs: &[(&str, &str)]| {
        let mut map = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in pairs {
            map.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        map
    };
    assert_eq!(cycle(&imports(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert_eq!(cycle(&imports(&[("a", "b"), ("b", "c"), ("c", "b")])).as_deref(), Some("b → c → b"));
}
