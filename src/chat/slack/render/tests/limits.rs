//! Whatever a message says, Slack takes it.

use proptest::prelude::*;

use super::*;
use crate::chat::slack::fit::units;

#[test]
fn ten_thousand_characters_of_title_still_leave_the_buttons() {
    let title = "wörd ".repeat(2_000);
    let message = Message {
        summary: title.clone(),
        blocks: vec![
            Block::Header(title.clone()),
            Block::Text(vec![Span::plain(title.clone())]),
            Block::Lines { lines: vec![Line::plain(vec![Span::plain(title.clone())]); 10], more: None },
            Block::Choices { patch: patch(), options: (0..10).map(|i| (i, title.clone())).collect() },
            Block::Buttons(vec![act(Action::Approve, &title, ButtonStyle::Primary)]),
        ],
    };
    let value = shown(&message);
    check(&value);
    assert!(texts(&value["blocks"]).contains("patch.approve"));
    assert!(texts(&value["blocks"]).contains("patch.steps"));
}

/// The limits of Slack, checked on the JSON that is sent.
fn check(message: &Value) {
    let text = message["text"].as_str().unwrap();
    assert!(!text.is_empty() && units(text) <= 4_000);
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= MAX_BLOCKS, "{} blocks", blocks.len());
    assert!(weight(&message["blocks"]) <= 13_000, "{} characters", weight(&message["blocks"]));
    for block in blocks {
        assert!(block.get("block_id").and_then(Value::as_str).map_or(0, units) <= 255);
        match block["type"].as_str().unwrap() {
            "header" => within(&block["text"]["text"], 150),
            "context" => elements(block, 10).iter().for_each(|element| within(&element["text"], 2_000)),
            "actions" => elements(block, 25).iter().for_each(pressable),
            "section" => {
                within(&block["text"]["text"], 3_000);
                options(&block["accessory"]["options"], 100);
            }
            "rich_text" => {
                for element in elements(&elements(block, 1)[0], 10_000) {
                    let says = ["text", "url", "fallback", "channel_id"];
                    let shown = says.iter().any(|key| element.get(key).is_some_and(|t| t != ""));
                    assert!(shown, "{element}");
                }
            }
            other => panic!("unexpected {other}"),
        }
    }
}

fn within(text: &Value, most: usize) {
    let text = text.as_str().unwrap();
    assert!(!text.trim().is_empty() && units(text) <= most, "{} of {most}", units(text));
}

fn elements(block: &Value, most: usize) -> &Vec<Value> {
    let elements = block["elements"].as_array().unwrap();
    assert!(!elements.is_empty() && elements.len() <= most);
    elements
}

fn pressable(element: &Value) {
    within(&element["action_id"], 255);
    if element["type"] == "checkboxes" {
        return options(&element["options"], 10);
    }
    within(&element["text"]["text"], 75);
    assert!(element["value"].as_str().unwrap().chars().count() <= 2_000);
}

fn options(options: &Value, most: usize) {
    let options = options.as_array().unwrap();
    assert!(!options.is_empty() && options.len() <= most);
    for option in options {
        within(&option["text"]["text"], 75);
    }
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "\\PC{0,40}",
        2 => any::<String>(),
        1 => ("\\PC{1,8}", 1..100_usize).prop_map(|(text, times)| text.repeat(times)),
        1 => Just(String::new()),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        words().prop_map(Span::Plain),
        words().prop_map(Span::Strong),
        words().prop_map(Span::Code),
        words().prop_map(Span::Struck),
        (words(), words()).prop_map(|(text, path)| Span::Link { text, url: format!("/{path}") }),
        (words(), words()).prop_map(|(text, url)| Span::Link { text, url }),
        words().prop_map(|name| Span::Person { member: MemberId::from_ulid(ulid::Ulid::nil()), name }),
        words().prop_map(|channel| Span::Channel { channel, url: "https://example.com".to_owned() }),
        any::<i64>().prop_map(|at| Span::Time(Timestamp::from_millis(at))),
    ]
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::vec(span(), 0..15)
}

fn line() -> impl Strategy<Value = Line> {
    (0..20_usize, spans()).prop_map(|(depth, spans)| Line { kind: LineKind::Changed, depth, spans })
}

fn button() -> impl Strategy<Value = Button> {
    let press = prop_oneof![words().prop_map(Press::Say), Just(act(Action::Undo, "", ButtonStyle::Plain).press)];
    (words(), press).prop_map(|(label, press)| Button { label, style: ButtonStyle::Danger, press })
}

fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        words().prop_map(Block::Header),
        spans().prop_map(Block::Text),
        spans().prop_map(Block::Context),
        (prop::collection::vec(line(), 0..30), prop::option::of(words()))
            .prop_map(|(lines, more)| Block::Lines { lines, more: more.map(|path| format!("/{path}")) }),
        prop::collection::vec(words(), 0..120)
            .prop_map(|labels| Block::Choices { patch: patch(), options: labels.into_iter().enumerate().collect() }),
        prop::collection::vec(button(), 0..12).prop_map(Block::Buttons),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_message_renders_within_the_limits(summary in words(), blocks in prop::collection::vec(block(), 0..8)) {
        check(&shown(&Message { summary, blocks }));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn so_does_a_message_of_very_many_parts(blocks in prop::collection::vec(block(), 50..60)) {
        check(&shown(&Message { summary: String::new(), blocks }));
    }
}
