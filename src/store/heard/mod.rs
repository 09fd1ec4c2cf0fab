//! What people say in channels where Docket is a member.

mod channels;
pub(super) mod forget;
pub(super) mod messages;
pub(super) mod threads;
