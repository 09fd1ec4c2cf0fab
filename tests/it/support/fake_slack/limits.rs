//! Slack's limits on what it shows (docs.slack.dev, block-kit/blocks).

use std::collections::BTreeSet;

use serde_json::Value;

/// What Slack would refuse in a message or a form.
pub(super) fn problems(payload: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    let form = payload["type"] == "modal";
    let text = payload["text"].as_str().unwrap_or_default();
    let blocks = payload["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    expect(form || !text.is_empty(), "no text for notifications".to_owned());
    expect(text.chars().count() <= 4_000, "msg_too_long".to_owned());
    expect(!text.contains("<!") && !text.contains("<@"), format!("a mention in the text: {text}"));
    expect(blocks.len() <= if form { 100 } else { 50 }, format!("{} blocks", blocks.len()));
    let total = Value::from(blocks).to_string().chars().count();
    expect(form || total <= 13_200, format!("msg_blocks_too_long: {total}"));
    if form {
        let title = payload["title"]["text"].as_str().unwrap_or_default().chars().count();
        expect((1..=24).contains(&title), format!("a title of {title}"));
        let kept = payload["private_metadata"].as_str().unwrap_or_default().chars().count();
        expect(kept <= 3_000, format!("private_metadata of {kept}"));
        for name in ["submit", "close"] {
            let length = payload[name]["text"].as_str().unwrap_or_default().chars().count();
            expect((1..=24).contains(&length), format!("a {name} of {length}"));
        }
        let ids: Vec<&Value> = blocks.iter().map(|block| &block["block_id"]).filter(|id| !id.is_null()).collect();
        let different: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        expect(ids.len() == different.len(), format!("block ids twice: {ids:?}"));
    }
    for block in blocks {
        if let Some(problem) = block_problem(block) {
            found.push(format!("invalid_blocks: {problem}"));
        }
    }
    found
}

fn block_problem(block: &Value) -> Option<String> {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let outside = |value: &Value, most: usize| !(1..=most).contains(&length(value));
    let many = |value: &Value, most: usize| !(1..=most).contains(&value.as_array().map_or(0, Vec::len));
    let kind = block["type"].as_str().unwrap_or_default();
    let broken = match kind {
        "header" => outside(&block["text"]["text"], 150),
        "section" => {
            outside(&block["text"]["text"], 3_000)
                || block.get("accessory").is_some_and(|accessory| many(&accessory["options"], 100))
        }
        "context" => many(&block["elements"], 10),
        "rich_text" => many(&block["elements"], 100) || block.to_string().contains("\"text\":\"\""),
        "input" => {
            let element = &block["element"];
            let optional = |value: &Value, most: usize| !value.is_null() && outside(value, most);
            outside(&block["label"]["text"], 2_000)
                || optional(&block["hint"]["text"], 2_000)
                || outside(&block["block_id"], 255)
                || outside(&element["action_id"], 255)
                || match element["type"].as_str() {
                    Some("plain_text_input") => {
                        optional(&element["placeholder"]["text"], 150)
                            || element["max_length"].as_u64().is_some_and(|most| most > 3_000)
                    }
                    Some("checkboxes") => many(&element["options"], 10),
                    _ => true,
                }
        }
        "divider" => false,
        "actions" => {
            many(&block["elements"], 25)
                || block["elements"].as_array().into_iter().flatten().any(|element| match element["type"].as_str() {
                    Some("button") => {
                        outside(&element["text"]["text"], 75)
                            || outside(&element["value"], 2_000)
                            || outside(&element["action_id"], 255)
                            || (!element["url"].is_null() && outside(&element["url"], 3_000))
                    }
                    Some("checkboxes") => {
                        many(&element["options"], 10)
                            || element["options"]
                                .as_array()
                                .into_iter()
                                .flatten()
                                .any(|o| outside(&o["text"]["text"], 75))
                    }
                    Some("external_select") => {
                        outside(&element["placeholder"]["text"], 150)
                            || outside(&element["action_id"], 255)
                            || element["placeholder"]["type"] != "plain_text"
                            || element.get("options").is_some()
                    }
                    _ => true,
                })
        }
        _ => true,
    };
    broken.then(|| format!("{kind}: {block}"))
}
