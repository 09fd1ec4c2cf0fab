//! Signing in with providers, and connecting them.
//!
//! [`flow`] keeps what a round trip started with until it comes back. To sign somebody in, [`oauth`] speaks with the
//! provider, over [`http`]. A module per provider says what is special about it: its addresses, the permissions that Docket needs
//! there, and how its tokens are got, refreshed and revoked by [`call`]s. [`vault`] keeps the tokens and hands out live
//! ones.

pub mod call;
pub mod coder;
pub mod discord;
pub mod feed;
pub mod flow;
pub mod github;
pub mod http;
pub mod id_token;
pub mod linear;
pub mod oauth;
pub mod oidc;
pub mod providers;
pub mod slack;
pub mod slack_login;
pub mod vault;

pub use call::Refused;
pub use providers::Providers;
