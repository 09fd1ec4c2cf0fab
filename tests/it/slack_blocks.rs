//! What goes to Slack, as files for the checks of Slack's own models: `check-blocks.py target/tmp/slack-blocks.jsonl`.

use std::path::Path;

use docket::{
    chat::slack::{
        receive::{AccountContext, Form, FormContext},
        render::render,
        views,
    },
    domain::{
        event::{Action, Venue},
        ids::{DeliveryId, Id, MemberId, PatchId},
        member::Surface,
        message::{Block, Button, ButtonStyle, Line, LineKind, Message, Press, Span},
        time::Timestamp,
    },
};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::support::{fake_slack::FakeSlack, peers::note, shared_specs};

fn patch() -> PatchId {
    PatchId::from_ulid(Ulid::nil())
}

fn card(title: &str, lines: usize, steps: usize) -> Message {
    let kinds = [LineKind::Added, LineKind::Changed, LineKind::Moved, LineKind::Removed, LineKind::Plain];
    let line = |n: usize| Line {
        kind: kinds[n % kinds.len()],
        depth: n % 4,
        spans: vec![
            Span::Code(format!("AUTH-{n}")),
            Span::plain(format!("  {title}  ")),
            Span::Struck("1 d".to_owned()),
        ],
    };
    let button = |action: Action, style| Button {
        label: action.as_str().to_owned(),
        style,
        press: Press::Patch { action, patch: patch(), revision: 1 },
    };
    let person = Span::Person { member: MemberId::from_ulid(Ulid::nil()), name: "Ana".to_owned() };
    let source = Span::Link { text: title.to_owned(), url: "https://example.com/a?b=1&c=<2>|3".to_owned() };
    let say = Button::say(title, "show AUTH");
    Message {
        summary: format!("P-41: {title}"),
        blocks: vec![
            Block::Header(format!("P-41 · {title}")),
            Block::Text(vec![
                person,
                Span::plain(" asked · "),
                Span::Strong(title.to_owned()),
                source.clone(),
                Span::Time(Timestamp::from_millis(1_795_168_800_000)),
            ]),
            Block::Lines { lines: (0..lines).map(line).collect(), more: Some("/patches/P-41".to_owned()) },
            Block::Choices { patch: patch(), options: (0..steps).map(|n| (n, format!("AUTH-{n} {title}"))).collect() },
            Block::Buttons(vec![
                button(Action::Approve, ButtonStyle::Primary),
                button(Action::Reject, ButtonStyle::Danger),
                button(Action::Details, ButtonStyle::Plain),
                say,
                Button {
                    label: format!("Edit {title}"),
                    style: ButtonStyle::Plain,
                    press: Press::Choose { words: title.to_owned(), line: "edit drop 2".to_owned() },
                },
                Button {
                    label: "Stop".to_owned(),
                    style: ButtonStyle::Danger,
                    press: Press::Stop(DeliveryId::from_ulid(Ulid::nil())),
                },
                Button { label: "Add account".to_owned(), style: ButtonStyle::Plain, press: Press::AddAccount },
            ]),
            Block::Context(vec![
                Span::plain("expires "),
                Span::Time(Timestamp::from_millis(1_795_773_600_000)),
                source,
            ]),
        ],
    }
}

/// Every form, with a way back that is longer than Slack keeps.
fn forms() -> Vec<Form> {
    let venue = Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: "C1".to_owned(), thread: None };
    let response_url = Some(format!("https://hooks.slack.com/{}", "x".repeat(4_000)));
    let about = |action| {
        let (venue, response_url) = (Some(venue.clone()), response_url.clone());
        let context =
            FormContext { patch: patch(), revision: 1, venue, message: Some("1795.1".to_owned()), response_url };
        Form::Patch { action, context }
    };
    let account = AccountContext { venue: Some(venue.clone()), response_url: response_url.clone() };
    vec![about(Action::Reject), about(Action::RequestChanges), Form::Account(account)]
}

#[tokio::test]
async fn everything_that_goes_to_slack_is_within_its_limits() {
    let fake = FakeSlack::start().await;
    let titles =
        ["Sign-in page", "<!channel> *b* `c` <script>", "שלום 👩‍👩‍👧 \u{202e}evil", &"wörd ".repeat(2_000), "\0\n"];
    for title in titles {
        for (lines, steps) in [(0, 0), (3, 3), (40, 11), (1_000, 100), (5, 200)] {
            let rendered = render(&card(title, lines, steps), Some("https://docket.example.com"));
            fake.keep(&serde_json::to_value(rendered).unwrap());
        }
    }
    for view in forms() {
        let view = serde_json::to_value(views::form(&view)).unwrap();
        assert!(view["private_metadata"].as_str().is_some_and(|kept| kept.contains("C1")));
        assert_eq!(view["title"]["type"], Value::from("plain_text"));
        fake.keep(&view);
    }
    assert_eq!(fake.problems(), Vec::<String>::new());
    fake.write_payloads(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("slack-blocks.jsonl"));
}

#[test]
fn what_goes_to_slack_is_of_the_shape_that_its_own_types_describe() {
    let Some(specs) = shared_specs() else {
        note("not checked against Slack's types: no ../shared/specs and no DOCKET_SPECS");
        return;
    };
    let check = |name: &str, value: &Value| {
        let schema = std::fs::read_to_string(specs.join(format!("slack-{name}.schema.json"))).unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(problems, Vec::<String>::new(), "{name}");
    };
    let rendered = serde_json::to_value(render(&card("Sign-in page", 3, 3), None)).unwrap();
    check("Blocks", &rendered["blocks"]);
    check("PostMessage", &json!({ "channel": "C1", "text": rendered["text"], "blocks": rendered["blocks"] }));
    for form in forms() {
        let view = serde_json::to_value(views::form(&form)).unwrap();
        check("Modal", &view);
        check("ViewsOpen", &json!({ "trigger_id": "1.2.3", "view": view }));
    }
}
