use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    chat::slack::fit::units,
    domain::{
        event::Action,
        ids::{Id, MemberId, PatchId},
        message::{Button, ButtonStyle, Line, LineKind, Press},
        policy::Move,
        task::Status,
        time::Timestamp,
    },
    review::sample::by_rule,
};

const URL: &str = "https://docket.example.com";

fn patch() -> PatchId {
    PatchId::from_ulid(ulid::Ulid::from_parts(1_700_000_000_000, 41))
}

fn shown(message: &Message) -> Value {
    serde_json::to_value(render(message, Some(URL))).unwrap()
}

fn of(block: Block) -> Value {
    shown(&Message { summary: "s".to_owned(), blocks: vec![block] })["blocks"].clone()
}

fn act(action: Action, label: &str, style: ButtonStyle) -> Button {
    Button { label: label.to_owned(), style, press: Press::Patch { action, patch: patch(), revision: 2 } }
}

/// Every text that Slack shows, joined.
fn texts(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            fields.iter().filter(|(key, _)| *key != "value" && *key != "block_id").map(|(_, v)| texts(v)).collect()
        }
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn a_card_becomes_typed_blocks() {
    let line = Line {
        kind: LineKind::Added,
        depth: 1,
        spans: vec![Span::Code("AUTH-1".to_owned()), Span::plain("  Token service")],
    };
    let card = Message {
        summary: "P-41 proposes 1 change".to_owned(),
        blocks: vec![
            Block::Header("P-41 · AUTH".to_owned()),
            Block::Lines { lines: vec![line], more: Some("/patches/P-41".to_owned()) },
            Block::Choices { patch: patch(), options: vec![(0, "AUTH-1 Token service".to_owned())] },
            Block::Buttons(vec![act(Action::Approve, "Approve", ButtonStyle::Primary)]),
            Block::Context(vec![
                Span::plain("expires "),
                Span::Time(Timestamp::from_millis(1_795_000_000_000)),
                Span::Link { text: "page".to_owned(), url: "/patches/P-41".to_owned() },
            ]),
        ],
    };
    insta::assert_json_snapshot!(shown(&card), @r##"
    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "P-41 · AUTH",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "elements": [
            {
              "elements": [
                {
                  "text": " + ",
                  "type": "text"
                },
                {
                  "style": {
                    "code": true
                  },
                  "text": "AUTH-1",
                  "type": "text"
                },
                {
                  "text": "  Token service",
                  "type": "text"
                }
              ],
              "type": "rich_text_section"
            }
          ],
          "type": "rich_text"
        },
        {
          "block_id": "steps.2.a82052f66ce8",
          "elements": [
            {
              "action_id": "patch.steps",
              "initial_options": [
                {
                  "text": {
                    "emoji": false,
                    "text": "AUTH-1 Token service",
                    "type": "plain_text"
                  },
                  "value": "0"
                }
              ],
              "options": [
                {
                  "text": {
                    "emoji": false,
                    "text": "AUTH-1 Token service",
                    "type": "plain_text"
                  },
                  "value": "0"
                }
              ],
              "type": "checkboxes"
            }
          ],
          "type": "actions"
        },
        {
          "elements": [
            {
              "action_id": "patch.approve",
              "style": "primary",
              "text": {
                "emoji": false,
                "text": "Approve",
                "type": "plain_text"
              },
              "type": "button",
              "value": "pat_01HF7YAT000000000000000019:2"
            }
          ],
          "type": "actions"
        },
        {
          "elements": [
            {
              "emoji": false,
              "text": "expires",
              "type": "plain_text"
            },
            {
              "text": "<!date^1795000000^{date_short_pretty} at {time}|Wed 18 Nov 11:06 UTC>",
              "type": "mrkdwn"
            },
            {
              "text": "<https://docket.example.com/patches/P-41|page>",
              "type": "mrkdwn"
            }
          ],
          "type": "context"
        }
      ],
      "text": "P-41 proposes 1 change"
    }
    "##);
}

#[test]
fn what_rules_propose_links_to_what_happened() {
    let happened = " was merged by ben-gh on 20 Nov 2026 at 10:40 UTC";
    let to = [Status::InReview, Status::Done];
    let facts = by_rule("AUTH-3 is done", &[Move::Merged], &[(3, to, "acme/web#12", happened)]);
    let card = shown(&crate::review::card::message(&facts));
    insta::assert_json_snapshot!(card["blocks"][1], @r#"
    {
      "elements": [
        {
          "text": "<https://github.com/acme/web/pull/12|acme/web#12>",
          "type": "mrkdwn"
        },
        {
          "emoji": false,
          "text": "was merged by ben-gh on 20 Nov 2026 at 10:40 UTC",
          "type": "plain_text"
        }
      ],
      "type": "context"
    }
    "#);
}

#[test]
fn what_people_wrote_can_become_neither_a_mention_nor_markup() {
    let evil = "<!channel> <@U1> *bold* _it_ `code` ~no~ :tada: <https://evil|x> & <script>";
    let message = Message {
        summary: evil.to_owned(),
        blocks: vec![
            Block::Header(evil.to_owned()),
            Block::Text(vec![Span::plain(evil)]),
            Block::Context(vec![Span::plain(evil), Span::Link { text: evil.to_owned(), url: "/x".to_owned() }]),
        ],
    };
    let value = shown(&message);
    insta::assert_json_snapshot!(value, @r##"
    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "<!channel> <@U1> *bold* _it_ `code` ~no~ :tada: <https://evil|x> & <script>",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "elements": [
            {
              "elements": [
                {
                  "text": "<!channel> <@U1> *bold* _it_ `code` ~no~ :tada: <https://evil|x> & <script>",
                  "type": "text"
                }
              ],
              "type": "rich_text_section"
            }
          ],
          "type": "rich_text"
        },
        {
          "elements": [
            {
              "emoji": false,
              "text": "<!channel> <@U1> *bold* _it_ `code` ~no~ :tada: <https://evil|x> & <script>",
              "type": "plain_text"
            },
            {
              "text": "<https://docket.example.com/x|&lt;!channel&gt; &lt;@U1&gt;  bold   it   code   no  :tada: &lt;https://evil x&gt; &amp; &lt;script&gt;>",
              "type": "mrkdwn"
            }
          ],
          "type": "context"
        }
      ],
      "text": "&lt;!channel&gt; &lt;@U1&gt; *bold* _it_ `code` ~no~ :tada: &lt;https://evil|x&gt; &amp; &lt;script&gt;"
    }
    "##);
}

#[test]
fn a_link_leads_only_to_a_page_of_ours_or_out_over_http() {
    for (url, expected) in [
        ("/patches/P-1", Some("https://docket.example.com/patches/P-1")),
        ("https://example.com/a?b=1&c=2", Some("https://example.com/a?b=1&c=2")),
        ("javascript:alert(1)", None),
        ("mailto:a@b.c", None),
        ("https://exa mple.com", None),
        ("", None),
    ] {
        let blocks = of(Block::Text(vec![Span::Link { text: "here".to_owned(), url: url.to_owned() }]));
        let element = &blocks[0]["elements"][0]["elements"][0];
        assert_eq!(element.get("url").and_then(Value::as_str), expected, "{url}");
        assert_eq!(element["text"], "here");
    }
}

#[test]
fn a_list_that_is_too_long_keeps_its_first_lines_and_says_how_many_are_left() {
    let line = |n: usize| Line::plain(vec![Span::Code(format!("AUTH-{n}")), Span::plain("  a task of some length")]);
    let lines: Vec<Line> = (1..=300).map(line).collect();
    let blocks = of(Block::Lines { lines, more: Some("/patches/P-41".to_owned()) });
    let words = texts(&blocks);
    let kept = words.matches("AUTH-").count();
    assert!((50..300).contains(&kept), "{kept}");
    assert!(words.contains(&format!("and {} more: ", 300 - kept)), "{words}");
    assert!(words.contains("https://docket.example.com/patches/P-41"));
}

#[test]
fn where_nobody_can_open_the_pages_a_command_takes_their_place() {
    let line = Line::plain(vec![Span::plain("word ".repeat(30))]);
    let message = Message {
        summary: "long".to_owned(),
        blocks: vec![
            Block::Lines { lines: vec![line; 300], more: Some("/patches/P-41".to_owned()) },
            Block::Context(vec![Span::Link {
                text: "Open P-41 as a page".to_owned(),
                url: "/patches/P-41".to_owned(),
            }]),
        ],
    };
    let blocks = serde_json::to_value(render(&message, None)).unwrap()["blocks"].take();
    assert!(texts(&blocks).contains("/docket show P-41"), "{blocks}");
    assert!(!texts(&blocks).contains("as a page") && !blocks.to_string().contains("/patches/"), "{blocks}");
}

#[test]
fn tick_boxes_are_check_boxes_for_ten_a_menu_for_more_and_left_out_with_a_word_for_too_many() {
    let choices = |n: usize| {
        of(Block::Choices {
            patch: patch(),
            options: (0..n).map(|i| (i, format!("AUTH-{i} {}", "x".repeat(90)))).collect(),
        })
    };
    let ten = choices(10);
    assert_eq!(ten[0]["elements"][0]["type"], "checkboxes");
    assert_eq!(ten[0]["elements"][0]["initial_options"].as_array().unwrap().len(), 10);
    let eleven = choices(11);
    assert_eq!(eleven[0]["accessory"]["type"], "multi_static_select");
    assert_eq!(eleven[0]["accessory"]["initial_options"], eleven[0]["accessory"]["options"]);
    let many = choices(101);
    assert_eq!(many[0]["type"], "context");
    assert!(texts(&many).contains("Too many steps to tick"));
}

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

#[test]
fn buttons_of_one_action_never_share_a_row() {
    let buttons = (0..7).map(|_| act(Action::Approve, "Approve", ButtonStyle::Plain)).collect();
    assert_eq!(of(Block::Buttons(buttons)).as_array().unwrap().len(), 7);
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
