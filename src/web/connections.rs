//! What people connect: the provider granted access, and the tenant or the member gets it.

use axum::response::Response;

use super::{Web, oauth::Returned, reply::Trouble};

impl Web {
    /// Goes on with what somebody brought from a provider to connect it.
    pub(super) async fn connected(&self, returned: Returned) -> Result<Response, Trouble> {
        let name = returned.flow.party.name();
        Err(Trouble::Missing(format!("Nothing connects {name} here.")))
    }
}
