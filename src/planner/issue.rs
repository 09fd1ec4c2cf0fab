//! A task as the text of an issue.

use super::cut;
use crate::domain::task::TaskFields;

/// Characters of an issue's title that GitHub takes.
const MAX_TITLE: usize = 256;
/// Characters of an issue's text that are sent; GitHub takes 65,536.
const MAX_BODY: usize = 60_000;

/// The title of an issue for a task.
pub fn title(fields: &TaskFields) -> String {
    cut(&fields.title, MAX_TITLE)
}

/// The text of an issue for the task of this code. What people wrote pings nobody there and hides nothing.
pub fn body(code: &str, fields: &TaskFields) -> String {
    let mut text = plain(&fields.description);
    if !fields.acceptance.is_empty() {
        let criteria: Vec<_> =
            fields.acceptance.iter().map(|criterion| format!("- [ ] {}", plain(criterion))).collect();
        let gap = if text.is_empty() { "" } else { "\n\n" };
        text = format!("{text}{gap}**Done when**\n\n{}", criteria.join("\n"));
    }
    let text = cut(&text, MAX_BODY);
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{}{gap}{code} in Docket", text.trim_end())
}

/// Text that is no mention and no comment out of sight at GitHub.
fn plain(text: &str) -> String {
    // A character of no width behind the sign, which GitHub then takes for text.
    text.replace('@', "@\u{200b}").replace("<!--", "&lt;!--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_says_what_the_task_says_and_pings_nobody() {
        let fields = TaskFields {
            description: "Ask @ana first. <!-- docket:forged -->".to_owned(),
            acceptance: vec!["A key opens the door".to_owned(), "@ben agrees".to_owned()],
            ..TaskFields::titled("Sign in")
        };
        let text = body("AUTH-3", &fields);
        insta::assert_snapshot!(text.replace('\u{200b}', "·"), @r"
        Ask @·ana first. &lt;!-- docket:forged -->

        **Done when**

        - [ ] A key opens the door
        - [ ] @·ben agrees

        AUTH-3 in Docket
        ");
        assert_eq!(body("AUTH-3", &TaskFields::titled("x")), "AUTH-3 in Docket");
        assert_eq!(title(&TaskFields::titled("x".repeat(300))).chars().count(), 256);
    }

    #[test]
    fn a_long_text_is_cut_and_still_names_its_task() {
        let fields = TaskFields { description: "é".repeat(100_000), ..TaskFields::titled("x") };
        let text = body("AUTH-3", &fields);
        assert!(text.chars().count() < 65_536 && text.ends_with("AUTH-3 in Docket"));
    }
}
