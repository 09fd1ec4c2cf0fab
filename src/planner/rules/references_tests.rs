use super::*;
use crate::planner::rules::fixtures::{pull, web};

fn keys(keys: &[&str]) -> BTreeSet<ProjectKey> {
    keys.iter().map(|key| key.parse().unwrap()).collect()
}

/// What a pull request names, those with a star which its merge finishes.
fn said(pull: &Pull) -> String {
    let found = references(pull, &keys(&["AUTH", "WEB", "UTF"]));
    let each = found.iter().map(|(code, is_closing)| format!("{code}{}", if *is_closing { "*" } else { "" }));
    each.collect::<Vec<_>>().join(" ")
}

#[test]
fn words_say_which_tasks_are_meant_and_which_are_finished() {
    for (text, expected) in [
        ("AUTH-12: sign-in page", "AUTH-12"),
        ("auth-12 sign-in page", "AUTH-12"),
        ("Sign-in page (AUTH-12)", "AUTH-12"),
        ("[AUTH-12] Sign-in page", "AUTH-12"),
        ("Fixes AUTH-12.", "AUTH-12*"),
        ("fix: AUTH-12 sign-in", "AUTH-12*"),
        ("fix(AUTH-12): sign-in", "AUTH-12"),
        ("fix(auth): AUTH-12 sign-in", "AUTH-12"),
        ("Closes: AUTH-12", "AUTH-12*"),
        ("closed AUTH-1", "AUTH-1*"),
        ("Resolves AUTH-1", "AUTH-1*"),
        ("Completes **AUTH-1**", "AUTH-1*"),
        ("Implements [AUTH-1]", "AUTH-1*"),
        ("implemented AUTH-1's second half", "AUTH-1*"),
        ("fixes AUTH-1, AUTH-2 and #4, acme/web#5, WEB-3", "AUTH-1* AUTH-2* WEB-3*"),
        ("fixes #4 & AUTH-2", "AUTH-2*"),
        ("fixes AUTH-1, part of AUTH-2", "AUTH-1* AUTH-2"),
        ("fixes AUTH-1\nAUTH-2", "AUTH-1* AUTH-2"),
        ("fixes a bug in AUTH-1", "AUTH-1"),
        ("part of AUTH-1", "AUTH-1"),
        ("related to AUTH-1, refs AUTH-2", "AUTH-1 AUTH-2"),
        ("does not fix AUTH-1", "AUTH-1"),
        ("doesn’t close AUTH-1", "AUTH-1"),
        ("partially fixes AUTH-1", "AUTH-1"),
        ("part of AUTH-1 that fixes AUTH-1", "AUTH-1*"),
        ("hotfix AUTH-1 and prefix AUTH-2", "AUTH-1 AUTH-2"),
        ("> fixes AUTH-1", ""),
        ("`fixes AUTH-1`", ""),
        ("```\nfixes AUTH-1\n```", ""),
        ("<!-- fixes AUTH-1 -->", ""),
        ("https://docket.test/AUTH-1", ""),
        ("UTF-8 and SHA-256, ISO-8601", "UTF-8"),
        ("XAUTH-12 AUTH-12x AUTH-12-b AUTH_12 AUTH-0 docs/AUTH-12.md", ""),
        ("AUTH-99999999999999999999999999", ""),
        ("AUTH-4294967295", ""),
        ("Ünfixes AUTH-1 💥 fixes💥AUTH-2", "AUTH-1 AUTH-2"),
    ] {
        assert_eq!(said(&Pull { title: text.to_owned(), ..pull(1) }), expected, "title: {text}");
        assert_eq!(said(&Pull { body: text.to_owned(), ..pull(1) }), expected, "description: {text}");
        let commits = [("aa".to_owned(), text.to_owned())].into();
        assert_eq!(said(&Pull { commits, ..pull(1) }), expected, "commit: {text}");
    }
}

#[test]
fn a_branch_is_called_after_one_task() {
    for (branch, expected) in [
        ("auth-12-sign-in", "AUTH-12"),
        ("AUTH-12", "AUTH-12"),
        ("ana/AUTH-12_x", "AUTH-12"),
        ("feature/auth-12", "AUTH-12"),
        ("auth-12.2", "AUTH-12"),
        // Siblings in the same name are what is next to it, or what it was made from.
        ("auth-12-after-auth-13", "AUTH-12"),
        ("auth-12-auth-13", "AUTH-12"),
        ("auth-12/auth-13", "AUTH-12"),
        ("fix-auth-12", ""),
        ("release-2/auth-12", "AUTH-12"),
        ("revert-12-auth-13", ""),
        ("auth_12", ""),
        ("auth-12x", ""),
        ("fixes-auth-12", ""),
        ("main", ""),
        ("", ""),
        ("é/auth-12", "AUTH-12"),
    ] {
        assert_eq!(said(&Pull { branch: branch.to_owned(), ..pull(1) }), expected, "{branch}");
    }
}

#[test]
fn one_that_takes_another_back_finishes_nothing() {
    let body = format!("Reverts {}#12", web());
    for (title, body, branch, expected) in [
        ("Revert \"Fixes AUTH-1\"", body.as_str(), "revert-12-auth-1", Some(12)),
        ("Revert \"Fixes AUTH-1\"", "", "revert-12-auth-1", Some(12)),
        ("Take it back", "Because.\n\nReverts #12", "x", Some(12)),
        ("Fixes AUTH-1", "", "revert-12-auth-1", None),
        ("Fixes AUTH-1", "Reverts other/repo#12", "x", None),
        ("Fixes AUTH-1", "Reverts #1", "x", None),
        ("Fixes AUTH-1", "> Reverts #12", "x", None),
        ("Fixes AUTH-1", "Reverts the last commit", "x", None),
    ] {
        let pull = Pull { title: title.to_owned(), body: body.to_owned(), branch: branch.to_owned(), ..pull(1) };
        assert_eq!(reverted(&pull), expected, "{title} {body} {branch}");
        if expected.is_some() {
            assert!(!said(&pull).contains('*'), "{title}");
        }
    }
}

#[test]
fn a_long_text_costs_by_its_length_and_names_a_bounded_number_of_tasks() {
    let each: Vec<String> = (1..2_000).map(|number| format!("fixes AUTH-{number} `")).collect();
    let body = each.concat();
    assert_eq!(references(&Pull { body, ..pull(1) }, &keys(&["AUTH"])).len(), MAX);
    for piece in ["<!--", "`", "```\n", "((((", "fixes ", "AUTH-", "://", "Reverts #\n", "'’.", "#"] {
        let body = piece.repeat(Pull::MAX_BODY);
        assert!(references(&Pull { body, ..pull(1) }, &keys(&["AUTH"])).is_empty(), "{piece}");
    }
}
