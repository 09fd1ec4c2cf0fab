//! Evaluation: how well a model does what it is asked for here.
//!
//! A [`Suite`] of cases is read from a file and checked before anything is asked. Each case is put to a model by the same
//! questions, and its answers are read by the same rules, as everywhere else; then the case says what the draft, or the
//! meaning, should be like. Nothing is stored but what the calls cost, and nothing is proposed to anybody.
//!
//! `tests/data/eval/README.md` describes the file.

mod case;
mod check;
mod file;
mod outline;
mod report;
mod run;

pub use case::{Case, Expect, Kind, Place};
pub use file::{Refused, Suite};
pub use report::{Outcome, Report, Share};
pub use run::{Answer, Ask, Check, Silence, run};
