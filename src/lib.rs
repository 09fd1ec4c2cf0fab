//! Docket: every change to the plan is a small, explained diff that the right person approved in chat.

pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod shutdown;
pub mod telemetry;
pub mod store;
pub mod intent;
pub mod planner;
pub mod apply;
pub mod review;
pub mod answers;
pub mod chat;
pub mod ingest;
pub mod web;
