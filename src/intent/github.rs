//! What follows `link`, `unlink` and `github`.

use super::text::unquote;
use crate::domain::{
    announce::Topic,
    intent::{AnnounceWish, Intent, Muted},
    project::ProjectKey,
};

/// Reads what follows `link`: a project, a repository, or both.
pub(super) fn link(text: &str) -> Option<Intent> {
    let (project, repository) = place(text)?;
    Some(Intent::Link { project, repository })
}

/// Reads what follows `unlink`: a repository, perhaps with its project in front.
pub(super) fn unlink(text: &str) -> Option<Intent> {
    match place(text)? {
        (project, Some(repository)) => Some(Intent::Unlink { project, repository }),
        (_, None) => None,
    }
}

/// A project's key and the name of a repository, each of which may be missing. A word with a `/` is a repository.
fn place(text: &str) -> Option<(Option<ProjectKey>, Option<String>)> {
    let words: Vec<&str> = text.split_whitespace().filter(|word| !is_filler(word)).collect();
    match words.as_slice() {
        [only] => match only.parse() {
            Ok(key) => Some((Some(key), None)),
            Err(_) => Some((None, Some(repository(only)?))),
        },
        [key, name] => Some((Some(key.parse().ok()?), Some(repository(name)?))),
        _ => None,
    }
}

fn is_filler(word: &str) -> bool {
    ["to", "from", "with", "and"].iter().any(|filler| word.eq_ignore_ascii_case(filler))
}

/// `owner/name`, `name`, an address of a repository or of anything in it, or `id:700`.
fn repository(word: &str) -> Option<String> {
    let word = unquote(word).trim_matches(['<', '>']);
    let path = match word.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") => {
            rest.split_once('/')?.1
        }
        Some(_) => return None,
        None => word.strip_prefix("git@").and_then(|rest| rest.split_once(':')).map_or(word, |(_, path)| path),
    };
    let mut parts = path.split(['/', '?', '#']).filter(|part| !part.is_empty());
    let name = match (parts.next(), parts.next()) {
        (Some(owner), Some(name)) => format!("{owner}/{}", name.strip_suffix(".git").unwrap_or(name)),
        (Some(name), None) => name.to_owned(),
        (None, _) => return None,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    (name.chars().count() <= 150 && name.chars().all(plain)).then_some(name)
}

/// Reads what follows `github`: `events`, `mute`, `unmute` or `mentions`.
pub(super) fn github(text: &str) -> Option<Intent> {
    let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    match word.to_lowercase().as_str() {
        "events" => events(rest),
        "mute" => mute(rest, true),
        "unmute" => mute(rest, false),
        "mentions" | "mention" => switch(rest.trim()).map(Intent::Mention),
        _ => None,
    }
}

/// `AUTH`, `AUTH reviews off`, `checks off merges on`.
fn events(text: &str) -> Option<Intent> {
    let mut words =
        text.split([' ', ',']).filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("and")).peekable();
    // A project may be called like a topic, and is then written in capitals.
    let is_key = |word: &str| topic(word).is_none() || word.chars().all(|c| !c.is_ascii_lowercase());
    let project: Option<ProjectKey> = match words.next_if(|word| is_key(word)) {
        Some(word) => Some(word.parse().ok()?),
        None => None,
    };
    let (mut said, mut open) = (Vec::new(), Vec::new());
    for word in words {
        match (topic(word), switch(word)) {
            (Some(topic), _) => open.push(topic),
            // `reviews checks off` turns both off.
            (None, Some(on)) if !open.is_empty() => said.extend(open.drain(..).map(|topic| (topic, on))),
            _ => return None,
        }
    }
    match (said.is_empty(), open.is_empty()) {
        (true, true) => Some(Intent::Announced(project)),
        (false, true) => Some(Intent::Announce { project, wish: AnnounceWish::Topics(said) }),
        (_, false) => None,
    }
}

fn topic(word: &str) -> Option<Topic> {
    let word = word.to_lowercase();
    Topic::from_word(&word).or_else(|| Topic::from_word(&format!("{word}s")))
}

fn switch(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "on" | "yes" => Some(true),
        "off" | "no" => Some(false),
        _ => None,
    }
}

/// `AUTH owner/repo`, `AUTH label:wip`.
fn mute(text: &str, is_muted: bool) -> Option<Intent> {
    let text = text.trim();
    let (project, what) = match text.split_once(char::is_whitespace) {
        Some((key, what)) if label(text).is_none() => (Some(key.parse().ok()?), what.trim()),
        _ => (None, text),
    };
    let what = match label(what) {
        Some(label) => Muted::Label(label),
        None if what.contains(char::is_whitespace) => return None,
        None => Muted::Repository(repository(what)?),
    };
    Some(Intent::Announce { project, wish: AnnounceWish::Mute { what, is_muted } })
}

/// The name behind `label:`, which may hold blanks.
fn label(text: &str) -> Option<String> {
    let (_, name) = text.split_once(':').filter(|(word, _)| word.eq_ignore_ascii_case("label"))?;
    let name = unquote(name);
    (1..=50).contains(&name.chars().count()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ProjectKey {
        text.parse().unwrap()
    }

    #[test]
    fn a_repository_is_named_as_people_copy_it() {
        for (said, name) in [
            ("acme/web", "acme/web"),
            ("https://github.com/acme/web", "acme/web"),
            ("https://github.com/Acme/web.git", "Acme/web"),
            ("https://github.com/acme/web/pull/7?tab=files#x", "acme/web"),
            ("https://git.corp.test/acme/web/", "acme/web"),
            ("git@github.com:acme/web.git", "acme/web"),
            ("web.js", "web.js"),
            ("id:700", "id:700"),
        ] {
            assert_eq!(repository(said).as_deref(), Some(name), "{said}");
        }
        for wrong in ["", "/", "https://github.com", "ftp://x/acme/web", "acme/wéb", &"x".repeat(200)] {
            assert_eq!(repository(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn projects_and_repositories_are_told_apart() {
        let linked = |project, repository: Option<&str>| {
            Some(Intent::Link { project, repository: repository.map(str::to_owned) })
        };
        for (text, expected) in [
            ("AUTH acme/web", linked(Some(key("AUTH")), Some("acme/web"))),
            ("auth to web", linked(Some(key("AUTH")), Some("web"))),
            ("AUTH", linked(Some(key("AUTH")), None)),
            ("acme/web", linked(None, Some("acme/web"))),
            ("AUTH-3 to https://x.test/y", None),
            ("a b c", None),
        ] {
            assert_eq!(link(text), expected, "{text}");
        }
        assert_eq!(
            unlink("AUTH from acme/web"),
            Some(Intent::Unlink { project: Some(key("AUTH")), repository: "acme/web".to_owned() })
        );
        assert_eq!(unlink("AUTH"), None);
    }

    #[test]
    fn what_is_told_is_changed_topic_by_topic() {
        let set = |project, said: &[(Topic, bool)]| {
            Some(Intent::Announce { project, wish: AnnounceWish::Topics(said.to_vec()) })
        };
        let mute =
            |project, what, is_muted| Some(Intent::Announce { project, wish: AnnounceWish::Mute { what, is_muted } });
        for (text, expected) in [
            ("events", Some(Intent::Announced(None))),
            ("events auth", Some(Intent::Announced(Some(key("AUTH"))))),
            ("events AUTH reviews off", set(Some(key("AUTH")), &[(Topic::Reviews, false)])),
            (
                "events checks, merges off every on",
                set(None, &[(Topic::Checks, false), (Topic::Merges, false), (Topic::Every, true)]),
            ),
            ("events PULLS review off", set(Some(key("PULLS")), &[(Topic::Reviews, false)])),
            ("events AUTH reviews", None),
            ("events AUTH off", None),
            ("mute AUTH acme/web", mute(Some(key("AUTH")), Muted::Repository("acme/web".into()), true)),
            ("mute label:wip", mute(None, Muted::Label("wip".into()), true)),
            ("unmute AUTH label:do not merge", mute(Some(key("AUTH")), Muted::Label("do not merge".into()), false)),
            ("mentions ON", Some(Intent::Mention(true))),
            ("mentions off", Some(Intent::Mention(false))),
            ("mentions", None),
            ("", None),
        ] {
            assert_eq!(github(text), expected, "{text}");
        }
    }
}
