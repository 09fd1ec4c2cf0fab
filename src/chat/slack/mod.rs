//! Slack: what it sends ([`receive`]), what it shows ([`render`], [`views`]), and the way to it ([`client`], [`deliver`]).

pub mod client;
pub mod deliver;
mod error;
mod fit;
pub mod manifest;
pub mod receive;
pub mod render;
pub mod views;

pub use client::SlackClient;
pub use error::SlackError;
