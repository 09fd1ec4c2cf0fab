//! Naming an issue: `#45`, `acme/web`, `acme/web#45` or its address.

use crate::domain::intent::IssueName;

/// Reads the name of an issue, or of the repository for a new one.
pub(super) fn issue(text: &str) -> Option<IssueName> {
    let text = text.trim().trim_matches(['<', '>']);
    // Slack writes `<address|text>`.
    let text = text.split('|').next().unwrap_or(text);
    if let Some(address) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        return of_address(address);
    }
    let (name, number) = match text.split_once('#') {
        Some((name, number)) => (name, Some(self::number(number)?)),
        None => (text, None),
    };
    match (name, number) {
        ("", Some(_)) => Some(IssueName { repository: None, number }),
        _ => Some(IssueName { repository: Some(repository(name)?), number }),
    }
}

/// Reads what follows the scheme of `https://github.com/acme/web/issues/45`.
fn of_address(address: &str) -> Option<IssueName> {
    let path = address.split(['?', '#']).next()?;
    let parts: Vec<_> = path.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        [_, owner, name] => Some(IssueName { repository: Some(repository(&format!("{owner}/{name}"))?), number: None }),
        [_, owner, name, "issues", number] => {
            let repository = Some(repository(&format!("{owner}/{name}"))?);
            Some(IssueName { repository, number: Some(self::number(number)?) })
        }
        _ => None,
    }
}

/// Reads `owner/name`.
fn repository(text: &str) -> Option<String> {
    let (owner, name) = text.split_once('/')?;
    let plain = |part: &str| {
        (1..=100).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    (plain(owner) && plain(name)).then(|| text.to_owned())
}

fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| plain && *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_named_by_number_by_repository_or_by_address() {
        for (text, repository, number) in [
            ("#45", None, Some(45)),
            ("acme/web", Some("acme/web"), None),
            ("acme/web#45", Some("acme/web"), Some(45)),
            ("https://github.com/acme/web/issues/45", Some("acme/web"), Some(45)),
            ("https://github.example.com/acme/web.js/issues/45#issuecomment-1", Some("acme/web.js"), Some(45)),
            ("<https://github.com/acme/web/issues/45|acme/web#45>", Some("acme/web"), Some(45)),
            ("https://github.com/acme/web", Some("acme/web"), None),
        ] {
            let expected = IssueName { repository: repository.map(str::to_owned), number };
            assert_eq!(issue(text), Some(expected), "{text}");
        }
        for wrong in
            ["", "#", "#0", "#x", "web", "acme/web#", "acme/we b", "a/b/c", "https://github.com/acme/web/pull/4"]
        {
            assert_eq!(issue(wrong), None, "{wrong}");
        }
    }
}
