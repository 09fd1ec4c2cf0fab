//! Every dependency may be used: its licence is on the list of `.deny.toml`, and there is one TLS provider.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

/// Whether an SPDX expression can be met with the `allowed` licences. `A/B` is the older way to write `A OR B`.
fn may_use(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let met = either(&mut rest, allowed);
    met && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = both(rest, allowed);
    while let [first, tail @ ..] = *rest
        && *first == "OR"
    {
        *rest = tail;
        met |= both(rest, allowed);
    }
    met
}

fn both(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = one(rest, allowed);
    while let [first, tail @ ..] = *rest
        && *first == "AND"
    {
        *rest = tail;
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let met = either(rest, allowed);
            let closed = rest.first() == Some(&")");
            *rest = rest.get(1..).unwrap_or_default();
            met && closed
        }
        [licence, "WITH", exception, tail @ ..] => {
            *rest = tail;
            allowed.contains(*licence) || allowed.contains(&format!("{licence} WITH {exception}"))
        }
        [licence, tail @ ..] => {
            *rest = tail;
            allowed.contains(*licence)
        }
        [] => false,
    }
}

fn policy() -> toml::Table {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".deny.toml")).unwrap().parse().unwrap()
}

fn words(list: &toml::Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// What cargo knows of the build: every package on every platform, and which needs which.
fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let arguments = ["metadata", "--format-version=1", "--locked", "--manifest-path", manifest];
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every package that is part of a build on some platform.
fn packages() -> Vec<Value> {
    let metadata = metadata();
    let used: BTreeSet<&str> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.filter(|package| used.contains(package["id"].as_str().unwrap())).cloned().collect()
}

/// The names of the packages that need a package of this name.
fn dependents(metadata: &Value, name: &str) -> BTreeSet<String> {
    let name_of = |id: &Value| {
        let package = metadata["packages"].as_array().unwrap().iter().find(|package| package["id"] == *id);
        package.unwrap()["name"].as_str().unwrap().to_owned()
    };
    let needs = |node: &&Value| node["deps"].as_array().unwrap().iter().any(|dep| name_of(&dep["pkg"]) == name);
    metadata["resolve"]["nodes"].as_array().unwrap().iter().filter(needs).map(|node| name_of(&node["id"])).collect()
}

#[test]
fn every_dependency_has_a_licence_that_we_accept() {
    let allowed = words(&policy()["licenses"]["allow"]);
    let packages = packages();
    assert!(packages.len() > 100, "only {} packages were looked at", packages.len());
    let refused: Vec<_> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|licence| may_use(licence, &allowed)))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
}

#[test]
fn no_accepted_licence_is_without_use() {
    let packages = packages();
    let licences: String =
        packages.iter().filter_map(|package| package["license"].as_str()).collect::<Vec<_>>().join(" ");
    for licence in words(&policy()["licenses"]["allow"]) {
        assert!(licences.contains(&licence), "{licence}");
    }
}

#[test]
fn there_is_one_tls_provider() {
    let (policy, metadata, packages) = (policy(), metadata(), packages());
    let banned = policy["bans"]["deny"].as_array().unwrap();
    assert!(banned.len() >= 4);
    for ban in banned {
        let name = ban["crate"].as_str().unwrap();
        let allowed = ban.get("wrappers").map(words).unwrap_or_default();
        let is_there = packages.iter().any(|package| package["name"] == name);
        assert!(!is_there || !allowed.is_empty(), "{name} is part of the build");
        assert!(dependents(&metadata, name).is_subset(&allowed), "{name} is needed by more than {allowed:?}");
    }
    assert!(dependents(&metadata, "ring").contains("rustls"));
}

#[test]
fn licence_expressions_are_understood() {
    let allowed: BTreeSet<_> = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
    for yes in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/Apache-2.0",
        "(GPL-3.0 OR MIT) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
    ] {
        assert!(may_use(yes, &allowed), "{yes}");
    }
    for no in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND ISC", "(MIT", "MIT Apache-2.0"] {
        assert!(!may_use(no, &allowed), "{no}");
    }
}
