//! `repos` and `link` without a repository: which repositories there are, and which are near to what somebody said.

mod list;
pub mod named;
mod suggest;

pub(super) use list::{answer, missing, named as line};
pub(super) use suggest::answer as suggest;

use crate::domain::message::{Block, Button, ButtonStyle, Message, Press, Span};

/// The page where everything is connected.
const CONNECT: &str = "/connect";

/// What to say where no connection sees any repository.
pub(super) fn nothing() -> Message {
    let words = "No repository is in sight yet: connect GitHub on the page Connect and choose there which repositories \
                 Docket may see. An owner or an admin can do that.";
    with_page(words, "Open Connect")
}

/// A paragraph with a button to the page Connect.
fn with_page(words: &str, label: &str) -> Message {
    let open = Button { label: label.to_owned(), style: ButtonStyle::Plain, press: Press::Open(CONNECT.to_owned()) };
    Message {
        summary: words.to_owned(),
        blocks: vec![Block::Text(vec![Span::plain(words)]), Block::Buttons(vec![open])],
    }
}
