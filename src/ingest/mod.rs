//! STEP 1 of the way of one message: a verified request becomes a stored delivery with its job, and only then a 2xx.

mod body;
pub mod github;
pub mod intake;
mod room;
pub mod signature;
pub mod slack;

use std::time::Duration;

use crate::clock::Chance;

/// How long a request waits until it is stored, where the database takes its time. GitHub gives up after 10 seconds;
/// whoever is told to come again before that knows that nothing was acknowledged.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// After how many seconds whoever was refused is asked to come again: not everybody in the same moment.
fn come_again(chance: &Chance) -> String {
    (1 + chance.bits() % 10).to_string()
}
