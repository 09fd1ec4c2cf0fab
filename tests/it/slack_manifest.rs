//! The manifest is one that Slack takes.

use docket::chat::slack::manifest::manifest;
use serde_json::Value;

use crate::support::{peers::note, shared_specs};

/// The schema of the whole refers to one schema per version, under this address.
const VERSIONS: &str = "https://raw.githubusercontent.com/slackapi/manifest-schema/v0.5.0/schemas/";

struct Beside(std::path::PathBuf);

impl jsonschema::Retrieve for Beside {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync + 'static>> {
        let name = uri.as_str().strip_prefix(VERSIONS).ok_or("an address that nothing is known of")?;
        Ok(serde_json::from_str(&std::fs::read_to_string(self.0.join(format!("slack-{name}")))?)?)
    }
}

#[test]
fn the_manifest_is_of_the_shape_that_slack_describes() {
    let manifest: Value = serde_yaml_ng::from_str(&manifest("https://docket.example.com")).unwrap();
    assert_eq!(manifest["features"]["slash_commands"][0]["should_escape"], true);
    assert_eq!(manifest["settings"]["interactivity"]["request_url"], "https://docket.example.com/slack/interactions");
    let Some(specs) = shared_specs() else {
        note("not checked against Slack's schema: no ../shared/specs and no DOCKET_SPECS");
        return;
    };
    // Of the schema, only the part that picks the version may be there.
    if !specs.join("slack-manifest.schema.1.0.0.json").is_file() {
        note("not checked against Slack's schema: it lacks slack-manifest.schema.1.0.0.json");
        return;
    }
    let schema = std::fs::read_to_string(specs.join("slack-manifest.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().with_retriever(Beside(specs)).build(&schema).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(&manifest).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(problems, Vec::<String>::new());
}
