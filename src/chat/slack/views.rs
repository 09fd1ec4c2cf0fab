//! The forms: why a patch is turned down or objected to, what should be different about it, and an account for models.

use serde::Serialize;
use slack_morphism::prelude::*;

use super::receive::{ADD_ACCOUNT, AccountContext, Form, FormContext, WORDS, field};
use crate::domain::event::Action;

/// Characters that Slack keeps with a form.
const METADATA: usize = 3_000;

/// Characters that Slack takes in a text box.
const TYPED: u64 = 3_000;

/// The form as Slack shows it.
pub fn form(form: &Form) -> SlackView {
    SlackView::Modal(match form {
        Form::Patch { action, context } => about_patch(*action, context),
        Form::Account(context) => account(context),
    })
}

/// The form that asks for the words of a rejection, of an objection or of a change.
fn about_patch(action: Action, context: &FormContext) -> SlackModalView {
    let (title, submit, question, hint) = match action {
        Action::Reject => ("Reject the patch", "Reject", "Why? The author reads this.", "You can leave this empty."),
        Action::Object => (
            "Object to the patch",
            "Object",
            "Why must it not apply by itself?",
            "You can leave this empty. It then needs a normal approval.",
        ),
        _ => (
            "Request changes",
            "Send",
            "What should be different?",
            "For example: add a task for documentation; drop the last one",
        ),
    };
    let may_be_empty = matches!(action, Action::Reject | Action::Object);
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(WORDS.into())
        .with_multiline(true)
        .with_max_length(TYPED)
        .with_focus_on_load(true);
    let block = SlackInputBlock::new(question.into(), input.into())
        .with_block_id(WORDS.into())
        .with_hint(hint.into())
        .with_optional(may_be_empty);
    SlackModalView::new(title.into(), vec![block.into()])
        .with_submit(submit.into())
        .with_close("Cancel".into())
        .with_callback_id(format!("patch.{}", action.as_str()).into())
        .with_private_metadata(metadata(context, || FormContext { response_url: None, ..context.clone() }))
}

/// The form that asks for an account with a provider of models.
fn account(context: &AccountContext) -> SlackModalView {
    let default = SlackBlockChoiceItem::new(
        SlackBlockText::Plain(SlackBlockPlainText::new("Use as default".to_owned())),
        field::DEFAULT.to_owned(),
    );
    let boxes = SlackBlockCheckboxesElement::new(vec![default]).with_action_id(field::DEFAULT.into());
    let blocks = vec![
        line(field::NAME, "Name", "openai", "What you call it. A model is then written name/model.", 40).into(),
        line(
            field::BASE_URL,
            "Base URL",
            "https://api.openai.com/v1",
            "Any API that speaks like OpenAI's. Ollama on the same machine: http://127.0.0.1:11434/v1",
            500,
        )
        .into(),
        line(field::KEY, "Key", "sk-…", "Stored encrypted, never shown again. Ollama needs none.", TYPED)
            .with_optional(true)
            .into(),
        line(
            field::MODELS,
            "Models",
            "gpt-5-mini, gpt-5",
            "Separated by commas; the first is the account's own default.",
            TYPED,
        )
        .into(),
        SlackInputBlock::new("Default".into(), boxes.into())
            .with_block_id(field::DEFAULT.into())
            .with_hint("Its first model then does everything that has no model of its own.".into())
            .with_optional(true)
            .into(),
    ];
    SlackModalView::new("Add a model account".into(), blocks)
        .with_submit("Add".into())
        .with_close("Cancel".into())
        .with_callback_id(ADD_ACCOUNT.into())
        .with_private_metadata(metadata(context, || AccountContext { response_url: None, ..context.clone() }))
}

/// A text box of one line.
fn line(field: &str, label: &str, placeholder: &str, hint: &str, most: u64) -> SlackInputBlock {
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(field.into())
        .with_placeholder(placeholder.into())
        .with_max_length(most);
    SlackInputBlock::new(label.into(), input.into()).with_block_id(field.into()).with_hint(hint.into())
}

/// What the form remembers; without the way back where that would not fit, since there are others.
fn metadata<C: Serialize>(context: &C, shorter: impl Fn() -> C) -> String {
    let write = |context: &C| serde_json::to_string(context).unwrap_or_default();
    let whole = write(context);
    if whole.chars().count() <= METADATA { whole } else { write(&shorter()) }
}
