//! What the documents say is true: settings, ports, commands, paths.

use std::{fs, path::Path, process::Command};

use docket::config::{Config, SETTINGS};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts between backticks, outside of code blocks.
fn quoted(markdown: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

#[test]
fn the_readme_explains_every_setting_with_its_default() {
    let readme = read("README.md");
    let rows: Vec<(String, String)> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| setting |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>())
        .map(|cells| (cells[1].clone(), cells[2].clone()))
        .collect();
    let declared: Vec<_> =
        SETTINGS.iter().map(|setting| (setting.name.to_owned(), setting.default.to_owned())).collect();
    assert_eq!(rows, declared);
}

#[test]
fn the_example_settings_name_every_setting_and_can_be_read() {
    let example = read(".env.example");
    let names: Vec<_> = example.lines().filter_map(|line| line.strip_prefix("#")?.split_once('=')).collect();
    let declared: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(names.iter().map(|(name, _)| *name).collect::<Vec<_>>(), declared);
    // With every line switched on, it is a configuration that starts.
    let value = |wanted: &str| names.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
    let config = Config::read(&value).unwrap();
    assert!(config.slack.is_some() && config.openai.is_some() && config.templates.is_some());
    assert!(config.github.app.is_some() && config.linear.is_some() && config.discord.is_some());
    assert!(config.slack.is_some_and(|slack| slack.client.is_some()) && config.coder.is_some());
}

#[test]
fn every_field_of_the_settings_names_its_variable() {
    let source = read("src/config.rs") + &read("src/config/providers.rs");
    for setting in SETTINGS {
        assert!(source.contains(&format!("/// `{}`: ", setting.name)), "{}", setting.name);
    }
}

#[test]
fn one_port_is_used_everywhere() {
    let port = Config::read(&|_| None).unwrap().port;
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(&format!("PORT={port}")) && dockerfile.contains(&format!("EXPOSE {port}")));
    let fly: toml::Table = read("fly.toml").parse().unwrap();
    assert_eq!(fly["http_service"]["internal_port"].as_integer(), Some(i64::from(port)));
    assert_eq!(fly["env"]["PORT"].as_str(), Some(port.to_string().as_str()));
    assert!(read("README.md").contains(&format!("http://127.0.0.1:{port}/console")));
}

#[test]
fn what_the_deployments_set_are_settings() {
    let fly: toml::Table = read("fly.toml").parse().unwrap();
    let fly =
        fly["env"].as_table().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let dockerfile = read("Dockerfile");
    let docker = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("ENV ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    for variables in [fly.collect::<Vec<_>>(), docker.collect()] {
        assert!(variables.len() > 1);
        for (name, _) in &variables {
            assert!(SETTINGS.iter().any(|setting| setting.name == name), "{name}");
        }
        // Which address it is reached under is for whoever deploys to say.
        let public = ("PUBLIC_URL".to_owned(), "https://docket.example.com".to_owned());
        let known = variables.iter().chain([&public]);
        let value = |wanted: &str| known.clone().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        assert!(Config::read(&value).is_ok(), "{variables:?}");
    }
}

#[test]
fn every_command_line_in_the_documents_exists() {
    for document in ["README.md", ".github/CONTRIBUTING.md"] {
        let text = read(document);
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("docket "));
        let commands = quoted(&text).into_iter().filter_map(|quoted| quoted.strip_prefix("docket ")).chain(lines);
        for command in commands {
            let words: Vec<_> =
                command.split_whitespace().take_while(|word| word.chars().all(char::is_alphabetic)).take(2).collect();
            // Only these have commands of their own below them; after any other word come its arguments.
            let words = match words.as_slice() {
                ["jobs" | "keys" | "manifest", ..] => &words[..],
                _ => &words[..words.len().min(1)],
            };
            let known = Command::new(env!("CARGO_BIN_EXE_docket")).arg("help").args(words).output().unwrap();
            assert!(known.status.success(), "{document}: docket {command}");
        }
    }
}

#[test]
fn every_path_in_the_documents_exists() {
    for document in ["README.md", ".github/CONTRIBUTING.md"] {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local = links.filter(|link| !link.contains("://") && !link.starts_with('#')).map(str::to_owned);
        let folders = ["src/", "tests/", "migrations/", "manifests/", "benches/", "./tests/"];
        let named = quoted(&text).into_iter().filter(|quoted| folders.iter().any(|folder| quoted.starts_with(folder)));
        let named = named.filter(|path| !path.contains(['<', '*', ' '])).map(str::to_owned);
        for path in local.chain(named) {
            // GitHub reads links from the document's own folder.
            let folder = if path.starts_with("..") { root().join(".github") } else { root().to_owned() };
            assert!(folder.join(&path).exists(), "{document}: {path}");
        }
    }
}
