//! Signing in with providers, and connecting them: one OAuth engine for all.
//!
//! [`flow`] keeps what a round trip started with until it comes back, [`oauth`] speaks with the provider, over
//! [`http`]. A module per provider says what is special about it.

pub mod flow;
pub mod http;
pub mod oauth;
