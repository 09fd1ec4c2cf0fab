//! What people say in channels where Docket is a member.

mod backfills;
mod channels;
pub(super) mod forget;
pub(super) mod messages;
pub(super) mod threads;
