//! What people see and press of a conversation.

use crate::{
    domain::message::{Block, Button, Span},
    planner::cut,
};

/// Characters of a button.
const LABEL: usize = 70;

/// What people call it, with the way to it where it has an address.
pub fn label(number: u32, url: Option<String>) -> Span {
    let text = format!("T-{number}");
    match url {
        Some(url) => Span::Link { text, url },
        None => Span::Code(text),
    }
}

/// Buttons that say which of these tasks it is about, or that it is about none.
pub fn choices(number: u32, tasks: impl IntoIterator<Item = String>) -> Block {
    let link = |code: String| Button::say(cut(&format!("Link to {code}"), LABEL), format!("track T-{number} {code}"));
    let mut buttons: Vec<Button> = tasks.into_iter().map(link).collect();
    buttons.push(Button::say("Create a task", format!("track T-{number}")));
    buttons.push(Button::say("No work", format!("track T-{number} no")));
    Block::Buttons(buttons)
}
