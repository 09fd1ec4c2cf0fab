//! The settings of Slack: a bot token for one workspace, a client for the page that installs it in any number, or both.

use secrecy::SecretString;

use super::Reader;
use crate::config::{
    SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, SLACK_SIGNING_SECRET, SlackConfig,
};

impl Reader<'_> {
    pub(super) fn slack(&mut self) -> Option<SlackConfig> {
        let api_url = self.address(&SLACK_API_URL);
        let page = "The Slack app's page \"Basic Information\" shows both; set both, or neither.";
        let client = self.client(&SLACK_CLIENT_ID, &SLACK_CLIENT_SECRET, page);
        let token = self.text(&SLACK_BOT_TOKEN);
        if self.text(&SLACK_SIGNING_SECRET).is_none() {
            let first =
                [&SLACK_BOT_TOKEN, &SLACK_CLIENT_ID].into_iter().find(|setting| self.text(setting).is_some())?;
            let remedy = "Copy it from the Slack app's page \"Basic Information\": Docket takes no request that Slack \
                          did not sign. Or leave out all of Slack's settings.";
            self.problem(&SLACK_SIGNING_SECRET, format!("is missing, and {} is set.", first.name), remedy);
            return None;
        }
        if let Some(token) = &token {
            self.check_token(token);
        } else if self.text(&SLACK_CLIENT_ID).is_none() && self.text(&SLACK_CLIENT_SECRET).is_none() {
            let remedy = "Set it for one workspace (the Slack app's page \"OAuth & Permissions\" shows it); or set \
                          SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, so that workspaces are added by a page.";
            self.problem(&SLACK_BOT_TOKEN, "is missing, and SLACK_SIGNING_SECRET is set.", remedy);
        }
        let remedy = "Copy it from the Slack app's page \"Basic Information\".";
        let signing_secrets = self.secrets(&SLACK_SIGNING_SECRET, remedy);
        Some(SlackConfig { bot_token: token.map(SecretString::from), client, signing_secrets, api_url })
    }

    /// Refuses the kinds of token that are known not to work; anything else is left to Slack to judge
    /// (`docket doctor` asks it). Source: docs.slack.dev, authentication/tokens.
    fn check_token(&mut self, token: &str) {
        let kind = match token.split_once('-').map(|(kind, _)| kind) {
            Some("xoxp") => "is a user token (xoxp-); Docket speaks as the app's bot.",
            Some("xapp") => "is an app-level token (xapp-); Docket needs the bot's.",
            Some("xoxe" | "xoxe.xoxb" | "xoxe.xoxp") => {
                "is a rotating token, which would stop working within 12 hours."
            }
            _ => return,
        };
        let remedy = "Copy the \"Bot User OAuth Token\" (xoxb-…) from \"OAuth & Permissions\", with token rotation \
                      off; or set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET instead, which can rotate.";
        self.problem(&SLACK_BOT_TOKEN, kind, remedy);
    }
}
