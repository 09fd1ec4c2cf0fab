//! The forms: why a patch is turned down, and what should be different about it.

use slack_morphism::prelude::*;

use super::receive::{Form, FormContext, WORDS};
use crate::domain::event::Action;

/// Characters that Slack keeps with a form.
const METADATA: usize = 3_000;

/// The form that asks for the words of a rejection or of a change.
pub fn form(form: &Form) -> SlackView {
    let rejects = form.action == Action::Reject;
    let (title, submit, question, hint) = if rejects {
        ("Reject the patch", "Reject", "Why? The author reads this.", "You can leave this empty.")
    } else {
        (
            "Request changes",
            "Send",
            "What should be different?",
            "For example: add a task for documentation; drop the last one",
        )
    };
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(WORDS.into())
        .with_multiline(true)
        .with_max_length(3_000)
        .with_focus_on_load(true);
    let block = SlackInputBlock::new(question.into(), input.into())
        .with_block_id(WORDS.into())
        .with_hint(hint.into())
        .with_optional(rejects);
    SlackView::Modal(
        SlackModalView::new(title.into(), vec![block.into()])
            .with_submit(submit.into())
            .with_close("Cancel".into())
            .with_callback_id(format!("patch.{}", form.action.as_str()).into())
            .with_private_metadata(metadata(&form.context)),
    )
}

/// What the form remembers; without the way back where that would not fit, since there are others.
fn metadata(context: &FormContext) -> String {
    let write = |context: &FormContext| serde_json::to_string(context).unwrap_or_default();
    let whole = write(context);
    if whole.chars().count() <= METADATA {
        return whole;
    }
    write(&FormContext { response_url: None, ..context.clone() })
}
