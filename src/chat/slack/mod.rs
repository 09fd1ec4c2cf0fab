//! Slack: what it sends ([`receive`]), what it shows ([`render`], [`views`]), and the way to it ([`client`], [`deliver`]), to
//! each workspace with its own token ([`teams`]).

pub mod client;
pub mod deliver;
mod error;
mod fit;
pub mod manifest;
mod profile;
pub mod receive;
pub mod render;
pub mod teams;
pub mod views;

pub use client::{SlackApi, SlackClient};
pub use error::SlackError;
pub use profile::Profile;
pub use receive::history::{Page, Standing};
