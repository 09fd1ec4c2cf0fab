//! GitHub.

mod client;
mod hub;
mod limits;
pub mod read;
pub mod receive;
mod sign;
mod transport;
mod trouble;
mod writes;

pub use client::{Client, Fetched, Page};
pub use hub::Hub;
pub use trouble::Trouble;
pub use writes::{Opened, is_marked, marker};
