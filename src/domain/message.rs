//! What Docket says, before any surface has rendered it.
//!
//! Text is made of typed [`Span`]s, so that each renderer escapes what people wrote and nothing a
//! person typed can become a mention, a link or markup. Renderers keep to the limits of their
//! surface: what is too long is cut with a link to the page, never refused.

use serde::{Deserialize, Serialize};

use super::{
    event::Action,
    ids::{DeliveryId, MemberId, PatchId},
};

/// A message for any surface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One line for notifications and screen readers.
    pub summary: String,
    /// The parts, in order.
    pub blocks: Vec<Block>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The one-line title.
    Header(String),
    /// A paragraph.
    Text(Vec<Span>),
    /// Lines that belong together, such as the changes of a diff. A surface that runs out of room
    /// keeps the first ones and says how many are left, with a link to `more`.
    Lines {
        /// The lines.
        lines: Vec<Line>,
        /// The page that shows all of them, as a path such as `/patches/P-41`.
        more: Option<String>,
    },
    /// Small print.
    Context(Vec<Span>),
    /// Steps of a patch to tick; all are ticked at first.
    Choices {
        /// The patch they belong to.
        patch: PatchId,
        /// The step's number and its label.
        options: Vec<(usize, String)>,
    },
    /// Things to press.
    Buttons(Vec<Button>),
    /// A repository to be chosen among many.
    Pick(Picker),
}

/// A menu of the tenant's repositories, to type into. What is chosen is said as a command, as if the reader had typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picker {
    /// What to choose: `Another repository`.
    pub hint: String,
    /// The command that the choice is put behind: `link AUTH`.
    pub line: String,
    /// The first of them, for surfaces where nobody can type into a menu.
    pub first: Vec<String>,
}

/// A line of a diff or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What the line is about.
    pub kind: LineKind,
    /// How far it is indented: the depth in the tree, from 0.
    pub depth: usize,
    /// What it says.
    pub spans: Vec<Span>,
}

/// The sign in front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// No sign.
    Plain,
    /// Something appears: `+`.
    Added,
    /// Something changes: `~`.
    Changed,
    /// Something moves: `↷`.
    Moved,
    /// Something goes: `−`.
    Removed,
}

impl LineKind {
    /// The sign itself; empty for a plain line.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Added => "+",
            Self::Changed => "~",
            Self::Moved => "↷",
            Self::Removed => "−",
        }
    }
}

/// A piece of text with one meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Text, whoever wrote it.
    Plain(String),
    /// Text that stands out.
    Strong(String),
    /// A code or something to type.
    Code(String),
    /// Text that is gone or void.
    Struck(String),
    /// A link: to the outside, or to a page of Docket where it starts with `/`.
    Link {
        /// What it says.
        text: String,
        /// Where it goes.
        url: String,
    },
    /// A person, by name; never notifies anybody.
    Person {
        /// Who.
        member: MemberId,
        /// What to call them.
        name: String,
    },
    /// A person who asked to be notified of such things, and is.
    Mention {
        /// How the surface names them: a Slack user's id.
        user: String,
        /// What to call them.
        name: String,
    },
    /// A channel, by its name where the surface knows it, for whoever may see it.
    Channel {
        /// How the surface names it: a Slack channel's id.
        channel: String,
        /// Where it is.
        url: String,
    },
    /// An instant, shown in the reader's own time zone where the surface can.
    Time(super::time::Timestamp),
}

/// A thing to press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// How it looks.
    pub style: ButtonStyle,
    /// What it does.
    pub press: Press,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonStyle {
    /// Like the others.
    Plain,
    /// The one to press when all is well.
    Primary,
    /// The one that takes something away.
    Danger,
}

/// What pressing a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Press {
    /// Acts on a patch, at the revision the button was shown with.
    Patch {
        /// What to do.
        action: Action,
        /// The patch.
        patch: PatchId,
        /// The patch's revision that the reader saw.
        revision: u32,
    },
    /// Sends a command as if the reader had typed it, such as `plan AUTH-3`: see [`Button::say`].
    Say(String),
    /// Chooses what somebody's words mean, which is remembered for the channel.
    Choose {
        /// The words, as a [`phrase`](super::route::phrase).
        words: String,
        /// The command they mean, without `/docket`.
        line: String,
    },
    /// Stops the draft that is being made for a delivery.
    Stop(DeliveryId),
    /// Opens the form for an account with a provider of models.
    AddAccount,
    /// Opens a page of Docket, by its path such as `/connect`.
    Open(String),
}

impl Message {
    /// A message of one paragraph.
    pub fn text(words: impl Into<String>) -> Self {
        let words = words.into();
        Self { summary: words.clone(), blocks: vec![Block::Text(vec![Span::Plain(words)])] }
    }

    /// The whole message as plain text: what the command line prints.
    pub fn to_plain(&self) -> String {
        let mut out = String::new();
        for block in &self.blocks {
            let text = match block {
                Block::Header(text) => text.clone(),
                Block::Text(spans) | Block::Context(spans) => plain(spans),
                Block::Lines { lines, .. } => lines.iter().map(Line::to_plain).collect::<Vec<_>>().join("\n"),
                Block::Choices { .. } => continue,
                Block::Buttons(buttons) => {
                    buttons.iter().map(|b| format!("[{}]", b.label)).collect::<Vec<_>>().join(" ")
                }
                Block::Pick(picker) => format!("{}: /docket {} {}", picker.hint, picker.line, picker.first.join(" | ")),
            };
            out.push_str(&text);
            out.push('\n');
        }
        out
    }
}

impl Line {
    /// A line without sign or indentation.
    pub fn plain(spans: Vec<Span>) -> Self {
        Self { kind: LineKind::Plain, depth: 0, spans }
    }

    /// The line as plain text, with its sign and indentation.
    pub fn to_plain(&self) -> String {
        let sign = match self.kind.sign() {
            "" => String::new(),
            sign => format!("{sign} "),
        };
        format!("{}{sign}{}", "  ".repeat(self.depth), plain(&self.spans))
    }
}

impl Button {
    /// A button that says a line, without `/docket`.
    pub fn say(label: impl Into<String>, line: impl Into<String>) -> Self {
        Self { label: label.into(), style: ButtonStyle::Plain, press: Press::Say(line.into()) }
    }
}

impl Span {
    /// Text without any meaning of its own.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }
}

/// Spans as plain text.
pub fn plain(spans: &[Span]) -> String {
    spans.iter().fold(String::new(), |mut out, span| {
        match span {
            Span::Plain(text)
            | Span::Strong(text)
            | Span::Code(text)
            | Span::Struck(text)
            | Span::Link { text, .. }
            | Span::Person { name: text, .. }
            | Span::Mention { name: text, .. }
            | Span::Channel { channel: text, .. } => out.push_str(text),
            Span::Time(at) => out.push_str(&at.to_utc().format("%a %-d %b %H:%M UTC").to_string()),
        }
        out
    })
}
