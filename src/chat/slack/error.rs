//! What can go wrong between us and Slack, sorted by what to do about it.

use std::time::Duration;

use serde::Deserialize;
use slack_morphism::errors::SlackClientError;

use crate::domain::job::JobError;

/// How long to wait where Slack asks to, but does not say how long.
const UNSTATED_WAIT: Duration = Duration::from_secs(30);

/// Why a call of Slack failed. Holds no token and no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// Too many calls: none before this long has passed.
    #[error("Slack asks to wait {0:?}")]
    RateLimited(Duration),
    /// Slack won't do it until somebody changes something.
    #[error("Slack refuses ({code}): {advice}")]
    Denied {
        /// Slack's word, such as `not_in_channel`.
        code: String,
        /// What to do about it, for whoever can.
        advice: String,
    },
    /// What the call was about is no longer there, or can no longer be changed.
    #[error("no longer possible in Slack ({0})")]
    Gone(String),
    /// No answer, or Slack had trouble of its own. Whether the call took effect is unknown.
    #[error("Slack can't be reached: {0}")]
    Unreachable(String),
    /// Anything else, by Slack's word.
    #[error("Slack answered {0}")]
    Other(String),
}

impl SlackError {
    /// The word for metrics.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::RateLimited(_) => "rate_limited",
            Self::Denied { .. } => "denied",
            Self::Gone(_) => "gone",
            Self::Unreachable(_) => "unreachable",
            Self::Other(_) => "error",
        }
    }

    /// Whether Slack said that the person or the bot is not where the message should go.
    pub fn is_wrong_place(&self) -> bool {
        matches!(self, Self::Denied { code, .. } if matches!(code.as_str(), "channel_not_found" | "not_in_channel" | "user_not_in_channel" | "is_archived"))
    }

    /// Whether nothing can be posted in a channel until somebody there opens it or lets Docket in.
    pub fn is_shut(&self) -> bool {
        matches!(self, Self::Denied { code, .. } if matches!(code.as_str(), "channel_not_found" | "not_in_channel" | "is_archived" | "restricted_action" | "restricted_action_read_only_channel" | "restricted_action_thread_only_channel"))
    }

    /// Sorts one of Slack's error words.
    pub(super) fn from_code(code: &str) -> Self {
        if let Some(advice) = advice(code) {
            return Self::Denied { code: code.to_owned(), advice: advice.to_owned() };
        }
        match code {
            "ratelimited" | "rate_limited" => Self::RateLimited(UNSTATED_WAIT),
            "message_not_found"
            | "cant_update_message"
            | "cant_delete_message"
            | "compliance_exports_prevent_deletion"
            | "edit_window_closed"
            | "thread_not_found"
            | "invalid_cursor"
            | "expired_trigger_id"
            | "trigger_expired"
            | "trigger_exchanged"
            | "expired_url"
            | "used_url" => Self::Gone(code.to_owned()),
            "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
                Self::Unreachable(code.to_owned())
            }
            code => Self::Other(one_word(code)),
        }
    }

    /// A refusal for want of a permission, with the name of it where the answer has that.
    fn lacking(body: &str) -> Self {
        #[derive(Deserialize)]
        struct Refusal {
            needed: String,
        }
        let needed = serde_json::from_str(body).map(|Refusal { needed }| needed).unwrap_or_default();
        let is_scope = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | ',' | '_' | '-');
        match Self::from_code("missing_scope") {
            Self::Denied { code, .. } if !needed.is_empty() && needed.len() <= 100 && needed.chars().all(is_scope) => {
                let advice = format!(
                    "the app lacks the permission {needed}; install it again with the manifest of \
                     `docket manifest slack`, and with all that it asks for"
                );
                Self::Denied { code, advice }
            }
            other => other,
        }
    }

    /// Sorts an answer by its HTTP status.
    pub(super) fn from_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            429 => Self::RateLimited(retry_after.unwrap_or(UNSTATED_WAIT)),
            500.. => Self::Unreachable(format!("HTTP {status}")),
            status => Self::Other(format!("HTTP {status}")),
        }
    }
}

/// An error word as it may be logged: short and of one line.
fn one_word(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(60).collect()
}

/// What to do about a refusal; the words of docs.slack.dev's method pages, sorted by who can act.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "the bot token is no longer valid; whoever runs Docket must set SLACK_BOT_TOKEN to the app's current token"
        }
        "missing_scope" | "no_permission" | "not_allowed_token_type" => {
            "the app lacks a permission; install it again with the manifest of `docket manifest slack`"
        }
        "channel_not_found" => "the bot can't see this channel; invite it with /invite @docket",
        "not_in_channel" => "the bot is not in this channel; invite it with /invite @docket",
        "user_not_in_channel" => "the person is not in this channel",
        "is_archived" => "the channel is archived; unarchive it or go on in another one",
        "restricted_action" | "restricted_action_read_only_channel" | "restricted_action_thread_only_channel" => {
            "the channel's settings let only some people post; a workspace admin can allow the app to"
        }
        "user_not_found" | "user_not_visible" | "cannot_dm_bot" | "messages_tab_disabled" => {
            "this person can't be written to"
        }
        "msg_too_long" | "msg_blocks_too_long" | "invalid_blocks" | "invalid_blocks_format" | "no_text" => {
            "the message is not of a form that Slack takes; please report this to Docket's authors"
        }
        "org_login_required" | "ekm_access_denied" | "access_denied" | "team_access_not_granted" => {
            "the organisation's settings keep the app out; a workspace admin can let it in"
        }
        _ => return None,
    })
}

impl From<SlackClientError> for SlackError {
    /// Takes only the word and the status: the library's own texts quote whole bodies.
    fn from(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(error) if error.code == "missing_scope" => {
                Self::lacking(error.http_response_body.as_deref().unwrap_or_default())
            }
            SlackClientError::ApiError(error) => Self::from_code(&error.code),
            SlackClientError::RateLimitError(error) => Self::from_status(429, error.retry_after),
            SlackClientError::HttpError(error) => Self::from_status(error.status_code.as_u16(), None),
            SlackClientError::ProtocolError(_) => Self::Other("unreadable_answer".to_owned()),
            SlackClientError::HttpProtocolError(_)
            | SlackClientError::EndOfStream(_)
            | SlackClientError::SystemError(_)
            | SlackClientError::SocketModeProtocolError(_) => Self::Unreachable("the connection failed".to_owned()),
        }
    }
}

impl From<SlackError> for JobError {
    fn from(error: SlackError) -> Self {
        match error {
            SlackError::RateLimited(wait) => Self::Wait(wait),
            SlackError::Denied { .. } | SlackError::Gone(_) => Self::Fatal(error.into()),
            SlackError::Unreachable(_) | SlackError::Other(_) => Self::Retry(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do_and_each_failure_becomes_the_right_kind_of_job_error() {
        for (code, expected) in [
            ("invalid_auth", "denied"),
            ("not_in_channel", "denied"),
            ("ratelimited", "rate_limited"),
            ("message_not_found", "gone"),
            ("fatal_error", "unreachable"),
            ("something_new", "error"),
        ] {
            assert_eq!(SlackError::from_code(code).outcome(), expected, "{code}");
        }
        assert!(SlackError::from_code("not_in_channel").to_string().ends_with("invite it with /invite @docket"));
        let wait = JobError::from(SlackError::from_status(429, Some(Duration::from_secs(7))));
        assert!(matches!(wait, JobError::Wait(after) if after == Duration::from_secs(7)));
        assert!(matches!(JobError::from(SlackError::from_status(502, None)), JobError::Retry(_)));
        assert!(matches!(JobError::from(SlackError::from_code("is_archived")), JobError::Fatal(_)));
        assert_eq!(SlackError::from_code("odd\nword <x>"), SlackError::Other("oddwordx".to_owned()));
        let lacking = SlackError::lacking(r#"{"ok":false,"error":"missing_scope","needed":"groups:history"}"#);
        assert!(lacking.to_string().contains("the app lacks the permission groups:history;"), "{lacking}");
        for body in ["", "{}", r#"{"needed":"a scope\n<of> words"}"#] {
            assert_eq!(SlackError::lacking(body), SlackError::from_code("missing_scope"), "{body}");
        }
    }
}
