//! What the tests share: fakes of the services, and people who use Docket.

pub(crate) mod aimock;
pub(crate) mod api;
pub(crate) mod app;
pub(crate) mod binary;
pub(crate) mod browser;
pub(crate) mod clock;
pub(crate) mod cluster;
pub(crate) mod crowd;
pub(crate) mod db;
pub(crate) mod emulate;
pub(crate) mod fake_calendar;
pub(crate) mod fake_github;
pub(crate) mod fake_issuer;
pub(crate) mod fake_model;
pub(crate) mod fake_oauth;
pub(crate) mod fake_openid;
pub(crate) mod fake_slack;
pub(crate) mod github;
pub(crate) mod model_answers;
pub(crate) mod oidc_peer;
mod outage;
pub(crate) mod peers;
pub(crate) mod raw;
pub(crate) mod sample;
pub(crate) mod scripted_model;
pub(crate) mod secrets;
pub(crate) mod servers;
pub(crate) mod site;
pub(crate) mod slack_house;
pub(crate) mod sound;
pub(crate) mod tab;
pub(crate) mod visitor;

use std::path::{Path, PathBuf};

/// The folder with the official API descriptions: `DOCKET_SPECS`, or `../shared/specs` beside the project.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of Docket")]
pub(crate) fn shared_specs() -> Option<PathBuf> {
    let named = std::env::var("DOCKET_SPECS").ok().map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs");
    [named, Some(beside)].into_iter().flatten().find(|path| path.is_dir())
}
