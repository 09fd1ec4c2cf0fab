//! Schedules and digests: what people set, and what is posted.

pub(super) mod post;
mod trail;
