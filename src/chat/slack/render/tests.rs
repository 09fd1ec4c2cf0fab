use serde_json::Value;

use super::*;
use crate::{
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

mod limits;

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
fn buttons_of_one_action_never_share_a_row() {
    let buttons = (0..7).map(|_| act(Action::Approve, "Approve", ButtonStyle::Plain)).collect();
    assert_eq!(of(Block::Buttons(buttons)).as_array().unwrap().len(), 7);
}
