//! What people connect: the provider grants access, and the tenant or the member gets it.

use std::collections::BTreeMap;

use axum::{http::HeaderMap, response::Response};

use super::{Viewer, Web, oauth::Returned, reply::Trouble};
use crate::domain::session::{Party, Purpose};

impl Web {
    /// Sends a member who is signed in to a provider, to connect it. `asked` is what the form says.
    pub(super) async fn connect_with(
        &self,
        party: Party,
        _: Purpose,
        _: &Viewer,
        _: &HeaderMap,
        _: &BTreeMap<String, String>,
    ) -> Result<Response, Trouble> {
        Err(Trouble::Missing(format!("Nothing connects {} here.", party.name())))
    }

    /// Goes on with what somebody brought from a provider to connect it.
    pub(super) async fn connected(&self, returned: Returned) -> Result<Response, Trouble> {
        let name = returned.flow.party.name();
        Err(Trouble::Missing(format!("Nothing connects {name} here.")))
    }
}
