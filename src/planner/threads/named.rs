//! Tasks that a text names by their code.

use std::collections::BTreeSet;

use crate::{
    domain::{
        project::ProjectKey,
        task::{TaskCode, TaskNumber},
    },
    intent::text::tidy,
    planner::rules::prose::prose,
};

/// The longest code: ten characters, a dash, ten digits.
const LONGEST: usize = 21;

/// The codes of these projects in a text, outside of code, quotes and addresses: `AUTH-3`, in any case, with the dashes
/// that phones make of hyphens.
pub(super) fn codes(text: &str, is_project: impl Fn(&ProjectKey) -> bool) -> BTreeSet<TaskCode> {
    let said = tidy(&prose(text));
    let words = said.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
    let codes = words.filter(|word| word.len() <= LONGEST).filter_map(|word| word.parse::<TaskCode>().ok());
    codes.filter(|code| is_project(&code.project) && code.number < TaskNumber(u32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_known_projects_count_where_they_are_said() {
        let auth = |key: &ProjectKey| key.as_str() == "AUTH";
        for (text, expected) in [
            ("AUTH-3 is done", vec!["AUTH-3"]),
            ("is auth-3's page ready? (AUTH–4!)", vec!["AUTH-3", "AUTH-4"]),
            ("`AUTH-3` and UTF-8", vec![]),
            ("> AUTH-3\nno", vec![]),
            ("https://x.test/AUTH-3 PRE-AUTH-3 AUTH-3-b", vec![]),
        ] {
            let found: Vec<String> = codes(text, auth).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
