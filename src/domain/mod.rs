//! Pure data and rules: what a plan is, how it may change, and who may change it.
//!
//! Nothing here does I/O, reads a clock or imports another room of Docket.
//! The words of these modules are the words of the whole program.

pub mod announce;
pub mod apply;
pub mod audit;
pub mod availability;
pub mod backfill;
pub mod calendar;
pub mod card;
pub mod closure;
pub mod connection;
pub mod delivery;
pub mod diff;
pub mod digest;
pub mod event;
#[cfg(test)]
mod fixtures;
pub mod heard;
pub mod ids;
pub mod intent;
pub mod job;
pub mod lesson;
pub mod matches;
pub mod member;
pub mod message;
pub mod model;
mod overlay;
pub mod patch;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod project;
#[cfg(test)]
mod properties;
pub mod provider;
pub mod pulls;
pub mod rebase;
pub mod reminder;
pub mod route;
pub mod schedule;
pub mod secret;
pub mod session;
pub mod task;
pub mod tenant;
pub mod time;
pub mod token;
pub mod tracker;
pub mod validate;
