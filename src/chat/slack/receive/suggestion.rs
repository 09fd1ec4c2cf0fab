//! What somebody types into a menu, and what Slack is told to offer (docs.slack.dev, block-elements: external select).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{PICK, Unreadable, flag, form, home, json};
use crate::chat::slack::fit::cut;

/// Options in one answer, and characters in the text of each.
const OPTIONS: usize = 100;
const TEXT: usize = 75;

#[derive(Deserialize)]
struct Wrapper {
    payload: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    team: Option<Named>,
    user: Option<Named>,
    enterprise: Option<Named>,
    #[serde(default)]
    is_enterprise_install: Value,
    #[serde(default)]
    action_id: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// What somebody typed into a menu so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The Slack team it belongs to.
    pub team: String,
    /// Who types; empty where that was not said.
    pub user: String,
    /// Whether it is a menu of repositories.
    pub of_repositories: bool,
    /// What they typed; may be empty.
    pub words: String,
}

/// Reads a request for the options of a menu.
pub fn typed(body: &[u8]) -> Result<Typed, Unreadable> {
    let wrapper: Wrapper = form(body)?;
    let payload: Payload = json(&wrapper.payload)?;
    if payload.kind != "block_suggestion" {
        return Err(Unreadable::new("not a question about the options of a menu"));
    }
    let id = |named: Option<Named>| named.map(|named| named.id);
    let team = home(id(payload.team), id(payload.enterprise), flag(&payload.is_enterprise_install))
        .ok_or_else(|| Unreadable::new("the question names no team"))?;
    let of_repositories = payload.action_id.starts_with(PICK);
    let user = id(payload.user).unwrap_or_default();
    Ok(Typed { team, user, of_repositories, words: payload.value.trim().to_owned() })
}

/// The answer that offers these, each by its value and its text.
pub fn choices(options: impl IntoIterator<Item = (String, String)>) -> Value {
    let option = |(value, text): (String, String)| json!({ "text": { "type": "plain_text", "text": cut(&text, TEXT), "emoji": false }, "value": value });
    json!({ "options": options.into_iter().take(OPTIONS).map(option).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(payload: &Value) -> Result<Typed, Unreadable> {
        typed(serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap().as_bytes())
    }

    #[test]
    fn a_question_is_read_and_nothing_else() {
        let asked = json!({ "type": "block_suggestion", "action_id": "pick.link AUTH", "block_id": "x", "value": " we ",
            "team": { "id": "T1", "domain": "acme" }, "user": { "id": "U1" } });
        let expected =
            Typed { team: "T1".to_owned(), user: "U1".to_owned(), of_repositories: true, words: "we".to_owned() };
        assert_eq!(ask(&asked).unwrap(), expected);
        let of_others = json!({ "type": "block_suggestion", "action_id": "x", "value": "", "team": { "id": "T1" } });
        assert!(!ask(&of_others).unwrap().of_repositories);
        for wrong in [json!({ "type": "block_actions", "team": { "id": "T1" } }), json!({ "type": "block_suggestion" })]
        {
            assert!(ask(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_keeps_to_the_limits() {
        let answer = choices((0..300).map(|n| (format!("id:{n}"), "x".repeat(200))));
        let options = answer["options"].as_array().unwrap();
        assert_eq!(options.len(), OPTIONS);
        assert!(options.iter().all(|option| option["text"]["text"].as_str().unwrap().chars().count() <= TEXT));
    }
}
