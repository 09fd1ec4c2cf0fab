//! GitHub.

pub mod receive;
