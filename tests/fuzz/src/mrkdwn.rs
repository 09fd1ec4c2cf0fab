//! What people wrote, on its way back to Slack: nothing of it becomes markup or a mention.

use docket::{
    chat::slack::render::{BUDGET, MAX_BLOCKS, render},
    domain::{
        event::Action,
        ids::{DeliveryId, Id, MemberId, PatchId},
        message::{Block, Button, ButtonStyle, Line, LineKind, Message, Press, Span},
        time::Timestamp,
    },
    intent::text as wire,
};
use serde_json::Value;
use ulid::Ulid;

use super::typed;

/// A text, in every place of a message that takes one.
pub(crate) fn text(data: &[u8]) {
    let text = typed(data);
    let message = message(&text);
    for pages in [None, Some("https://docket.example.com")] {
        let rendered = render(&message, pages);
        assert!(!rendered.text.contains(['<', '>']), "{}", rendered.text);
        assert!(rendered.blocks.len() <= MAX_BLOCKS);
        let blocks = serde_json::to_value(&rendered.blocks).expect("JSON");
        assert!(blocks.to_string().chars().count() <= BUDGET + 1_000);
        says_nothing_of_its_own(&blocks);
    }
    // What is short and plain comes back as it was.
    if text.len() < 200 && text.chars().all(|c| c.is_ascii_graphic()) && !text.is_empty() {
        let escaped = render(&Message::text(text.clone()), None).text;
        assert_eq!(wire::from_slack(&escaped), text);
    }
}

fn message(text: &str) -> Message {
    let own = || text.to_owned();
    let link = || Span::Link { text: own(), url: own() };
    let spans = || {
        vec![
            Span::Plain(own()),
            Span::Strong(own()),
            Span::Code(own()),
            Span::Struck(own()),
            link(),
            Span::Link { text: own(), url: format!("https://example.com/{text}") },
            Span::Person { member: MemberId::from_ulid(Ulid::nil()), name: own() },
            Span::Time(Timestamp::from_millis(i64::try_from(text.len()).unwrap_or(0) * 1_000_000_007)),
        ]
    };
    let patch = PatchId::from_ulid(Ulid::nil());
    let presses = [
        Press::Patch { action: Action::Approve, patch, revision: 1 },
        Press::Say(own()),
        Press::Choose { words: own(), line: own() },
        Press::Stop(DeliveryId::from_ulid(Ulid::nil())),
        Press::Open(own()),
    ];
    let button = |press| Button { label: own(), style: ButtonStyle::Plain, press };
    let row = |depth| Line { kind: LineKind::Changed, depth, spans: spans() };
    Message {
        summary: own(),
        blocks: vec![
            Block::Header(own()),
            Block::Text(spans()),
            Block::Lines { lines: (0..text.len() % 12).map(row).collect(), more: Some("/patches/P-1".to_owned()) },
            Block::Choices { patch, options: (0..3).map(|step| (step, own())).collect() },
            Block::Buttons(presses.map(button).to_vec()),
            Block::Context(vec![Span::Plain(own()), link()]),
        ],
    }
}

/// Looks for what would notify somebody or be read as markup.
fn says_nothing_of_its_own(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(says_nothing_of_its_own),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            let notifies = ["user", "usergroup", "broadcast", "channel", "team", "emoji"].contains(&kind);
            assert!(!notifies, "{value}");
            if kind == "mrkdwn" {
                let token = fields.get("text").and_then(Value::as_str).unwrap_or_default();
                is_one_token(token);
            }
            fields.values().for_each(says_nothing_of_its_own);
        }
        _ => {}
    }
}

/// The only mrkdwn is a link or a time of our own.
fn is_one_token(token: &str) {
    let inner = token.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_else(|| panic!("{token:?}"));
    assert!(!inner.contains(['<', '>']), "{token:?}");
    assert!(inner.starts_with("https://") || inner.starts_with("http://") || inner.starts_with("!date^"), "{token:?}");
}
