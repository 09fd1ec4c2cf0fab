//! When: schedules, days and moments as people say them.
//!
//! Everything here reads on the clocks of a place that the caller knows: `today` is the day it is there. Each problem
//! comes with an example of what can be read.

mod clock;
mod cursor;
mod days;
mod hours;
mod moment;
mod month;
mod rule;
#[cfg(test)]
mod tests;
mod zone;

pub use days::{day, days};
pub use hours::hours;
pub use moment::moment;
pub use rule::schedule;

use super::command::shorten;
use crate::error::UserError;

/// A problem, quoted and with examples.
fn unread(said: &str, what: &str, examples: &str) -> UserError {
    UserError::new(format!("I can't read “{}” as {what}. {examples}", shorten(said)))
}
