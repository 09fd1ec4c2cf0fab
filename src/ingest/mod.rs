//! STEP 1 of the way of one message: a verified request becomes a stored delivery with its job, and only then a 2xx.

mod body;
pub mod github;
pub mod intake;
pub mod signature;
pub mod slack;
