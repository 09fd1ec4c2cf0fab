//! Buttons and tick boxes.

use serde_json::json;
use slack_morphism::prelude::*;

use super::{
    super::{
        fit::{cut, one_line, weight},
        receive::{ADD_ACCOUNT, CHOOSE, OPEN, PICK, SAY, STEPS, STOP, fingerprint},
    },
    literal,
};
use crate::domain::message::{Button, ButtonStyle, Picker, Press, Span};

/// Buttons side by side; Slack takes 25, people see 5.
const BUTTONS_PER_ROW: usize = 5;

/// Units on a button and in an option.
const LABEL: usize = 75;

/// Characters in an action id, and in the hint of a menu.
const ACTION_ID: usize = 255;
const PLACEHOLDER: usize = 150;

/// Characters in a button's value.
const VALUE: usize = 2_000;

/// Tick boxes in a group of check boxes, and options in a menu.
const BOXES: usize = 10;
const MENU: usize = 100;

/// What the tick boxes of a card may weigh, so that its diff keeps the larger part.
const CHOICES_WEIGHT: usize = 5_500;

/// Rows of buttons. Two buttons of one action never share a row: Slack wants action ids to differ there. A button that
/// opens a page is left out where nobody can open it.
pub(super) fn buttons(buttons: &[Button], pages: Option<&str>) -> Vec<SlackBlock> {
    let mut rows: Vec<Vec<(String, SlackActionBlockElement)>> = Vec::new();
    for (index, button) in buttons.iter().enumerate() {
        let (id, value) = match &button.press {
            Press::Patch { action, patch, revision } => {
                (format!("patch.{}", action.as_str()), format!("{patch}:{revision}"))
            }
            Press::Say(line) => (format!("{SAY}{index}"), line.clone()),
            Press::Choose { words, line } => (format!("{CHOOSE}{index}"), json!([words, line]).to_string()),
            Press::Stop(delivery) => (STOP.to_owned(), delivery.to_string()),
            Press::AddAccount => (ADD_ACCOUNT.to_owned(), ADD_ACCOUNT.to_owned()),
            Press::Open(path) => (format!("{OPEN}{index}"), path.clone()),
        };
        let url = match &button.press {
            Press::Open(path) => match pages.and_then(|pages| format!("{pages}{path}").parse().ok()) {
                Some(url) => Some(url),
                None => continue,
            },
            _ => None,
        };
        // A command that Slack would cut would be another command.
        if value.chars().count() > VALUE {
            continue;
        }
        let element = element(button, &id, value, url);
        match rows.last_mut() {
            Some(row) if row.len() < BUTTONS_PER_ROW && row.iter().all(|(taken, _)| *taken != id) => {
                row.push((id, element));
            }
            _ => rows.push(vec![(id, element)]),
        }
    }
    rows.into_iter()
        .map(|row| SlackActionsBlock::new(row.into_iter().map(|(_, element)| element).collect()).into())
        .collect()
}

fn element(button: &Button, id: &str, value: String, url: Option<reqwest::Url>) -> SlackActionBlockElement {
    let label = match one_line(&button.label) {
        label if label.is_empty() => "…".to_owned(),
        label => cut(&label, LABEL),
    };
    let style = match button.style {
        ButtonStyle::Plain => None,
        ButtonStyle::Primary => Some(SlackBlockButtonStyle::Primary),
        ButtonStyle::Danger => Some(SlackBlockButtonStyle::Danger),
    };
    SlackBlockButtonElement::new(literal(&label).into())
        .with_action_id(id.to_owned().into())
        .with_value(value)
        .opt_url(url)
        .opt_style(style)
        .into()
}

/// A menu whose options Slack asks us for while somebody types (docs.slack.dev, block-elements: external select).
pub(super) fn picker(picker: &Picker) -> Vec<SlackBlock> {
    let id = format!("{PICK}{}", picker.line);
    if id.chars().count() > ACTION_ID {
        return Vec::new();
    }
    let element = SlackBlockExternalSelectElement::new()
        .with_action_id(id.into())
        .with_placeholder(literal(&cut(&one_line(&picker.hint), PLACEHOLDER)).into())
        .with_min_query_length(0);
    vec![SlackActionsBlock::new(vec![SlackActionBlockElement::ExternalSelect(element)]).into()]
}

/// Tick boxes for the steps of a patch, all ticked: check boxes for a few, a menu for more. Where even that is too
/// much for Slack, a line says so: without boxes, *Approve* means the whole patch.
pub(super) fn choices(index: usize, options: &[(usize, String)]) -> Vec<SlackBlock> {
    if options.is_empty() {
        return Vec::new();
    }
    let fitting = [LABEL, 48, 30, 16].into_iter().filter(|_| options.len() <= MENU).find_map(|units| {
        let block = boxes(index, options, units);
        (weight(&block) <= CHOICES_WEIGHT).then_some(block)
    });
    let too_many = || {
        let words = "Too many steps to tick one by one here. Approve takes all of them; Request changes can drop some.";
        super::inline::context(&[Span::plain(words)], None, 200)
    };
    fitting.map_or_else(too_many, |block| vec![block])
}

fn boxes(index: usize, options: &[(usize, String)], units: usize) -> SlackBlock {
    // Slack keeps what a reader ticked while the block id stays: other steps get another id.
    let steps: Vec<String> = options.iter().map(|(step, label)| format!("{step} {label}")).collect();
    let id: SlackBlockId =
        format!("steps.{index}.{}", fingerprint(steps.join("\n").as_bytes()).get(..12).unwrap_or_default()).into();
    let choice = |(step, label): &(usize, String)| {
        let label = match one_line(label) {
            label if label.is_empty() => format!("step {step}"),
            label => label,
        };
        (literal(&cut(&label, units)), step.to_string())
    };
    if options.len() <= BOXES {
        let options: Vec<SlackBlockChoiceItem<SlackBlockText>> =
            options.iter().map(choice).map(|(text, value)| SlackBlockChoiceItem::new(text.into(), value)).collect();
        let element = SlackBlockCheckboxesElement::new(options.clone())
            .with_action_id(STEPS.into())
            .with_initial_options(options);
        return SlackActionsBlock::new(vec![element.into()]).with_block_id(id).into();
    }
    let options: Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> =
        options.iter().map(choice).map(|(text, value)| SlackBlockChoiceItem::new(text.into(), value)).collect();
    let element = SlackBlockMultiStaticSelectElement::new()
        .with_action_id(STEPS.into())
        .with_placeholder(literal("Steps").into())
        .with_options(options.clone())
        .with_initial_options(options);
    SlackSectionBlock::new()
        .with_block_id(id)
        .with_text(literal("Steps to approve").into())
        .with_accessory(element.into())
        .into()
}
