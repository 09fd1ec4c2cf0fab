//! Language models: accounts with their providers, what each is used for, and what a call cost.

mod form;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::form::{AccountForm, Checked, Field, TAKEN};
pub(crate) use self::form::{TELLING, in_one};
use super::{
    ids::{AccountId, CallId, DeliveryId, MemberId},
    project::words,
    secret::Sealed,
    time::Timestamp,
};

words! {
    /// What a model is asked for.
    Use {
        /// Which intent words have.
        Route = "route",
        /// The first plan of a project.
        Plan = "plan",
        /// The sub-tasks of a task.
        Break = "break",
        /// A change of a proposal or a plan, in words.
        Refine = "refine",
        /// Which task a conversation is about.
        Match = "match",
        /// The focus of a digest, and which conversations belong together.
        Digest = "digest",
    }
}

words! {
    /// How an account's models can be held to a shape, the strictest first.
    JsonMode {
        /// By a JSON schema that the provider enforces.
        Schema = "schema",
        /// By the provider's plain JSON mode; the schema stands in the prompt.
        Object = "object",
        /// By nothing but the prompt.
        Text = "text",
    }
}

impl JsonMode {
    /// The next less strict one, for a provider that refuses this one.
    pub const fn weaker(self) -> Option<Self> {
        match self {
            Self::Schema => Some(Self::Object),
            Self::Object => Some(Self::Text),
            Self::Text => None,
        }
    }
}

/// An account with a provider of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// What people call it: unique in its tenant whatever the case, 1 to 40 characters without `/`.
    pub name: String,
    /// Where its API is, without a slash at the end: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, where the provider wants one.
    pub key: Option<Sealed>,
    /// The enabled models, at least one; the first is the account's own default.
    pub models: Vec<String>,
    /// How its answers can be held to a shape.
    pub json: JsonMode,
    /// Failover goes from lower to higher.
    pub position: u32,
    /// Who added it.
    pub by: MemberId,
    /// When.
    pub created_at: Timestamp,
}

/// A model of an account, written `account/model`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName {
    /// The account's name.
    pub account: String,
    /// The provider's name of the model, which may hold slashes.
    pub model: String,
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.model)
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((account, model)) if !account.is_empty() && !model.is_empty() => {
                Ok(Self { account: account.to_owned(), model: model.to_owned() })
            }
            _ => Err(format!("{text:?} is not of the form account/model")),
        }
    }
}

impl TryFrom<String> for ModelName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.to_string()
    }
}

/// Tokens that a tenant may use in a day where its owners said nothing else.
pub const DAILY_TOKENS: u64 = 1_000_000;
/// Tokens that the handling of one delivery may use.
pub const RUN_TOKENS: u64 = 100_000;

/// A tenant's choice of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSettings {
    /// The model for everything that has none of its own; the first account's first where it is `None`.
    pub default: Option<ModelName>,
    /// The models of single uses.
    pub uses: BTreeMap<Use, ModelName>,
    /// Tokens that may be used in a day (UTC).
    pub daily_tokens: u64,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self { default: None, uses: BTreeMap::new(), daily_tokens: DAILY_TOKENS }
    }
}

/// By which model and which prompt something was drafted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    /// What was asked for.
    pub purpose: Use,
    /// The account and the model that answered.
    pub model: ModelName,
    /// The version of the prompt: the start of its file's SHA-256.
    pub prompt: String,
}

words! {
    /// How a call of a model ended.
    CallOutcome {
        /// It has not, or its process died; its reservation counts in full.
        Running = "running",
        /// With an answer.
        Answered = "answered",
        /// With an answer that was not what was asked for.
        Invalid = "invalid",
        /// The model refused.
        Refused = "refused",
        /// The answer was cut off at its limit.
        Truncated = "truncated",
        /// The provider asked to wait.
        RateLimited = "rate_limited",
        /// The provider's own quota is used up.
        QuotaExhausted = "quota_exhausted",
        /// The provider refused the request or the key.
        Denied = "denied",
        /// The provider could not be reached, failed, or took too long.
        Unreachable = "unreachable",
        /// A person stopped it.
        Stopped = "stopped",
    }
}

/// A call of a model: what it was for and what it cost, never what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The call's id.
    pub id: CallId,
    /// The delivery that was being handled, or the case of an evaluation; `None` for a test of an account.
    pub delivery: Option<DeliveryId>,
    /// What was asked for.
    pub purpose: Use,
    /// Whom.
    pub model: ModelName,
    /// The version of the prompt.
    pub prompt: String,
    /// Tokens set aside before the call: the prompt's and the longest answer's.
    pub reserved: u64,
    /// Tokens of the prompt, as the provider counted them or as we did.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub answer_tokens: u64,
    /// How it ended.
    pub outcome: CallOutcome,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Call {
    /// What it counts in the budget: what was used, or all that was set aside while nobody knows.
    pub const fn cost(&self) -> u64 {
        match self.outcome {
            CallOutcome::Running => self.reserved,
            _ => self.prompt_tokens.saturating_add(self.answer_tokens),
        }
    }
}

/// A number of tokens as people read it: `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_models_name_may_hold_slashes() {
        let name: ModelName = "router/meta/llama-4".parse().unwrap();
        assert_eq!((name.account.as_str(), name.model.as_str()), ("router", "meta/llama-4"));
        assert_eq!(name.to_string(), "router/meta/llama-4");
        for wrong in ["", "gpt-5", "/gpt-5", "openai/"] {
            assert!(wrong.parse::<ModelName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn settings_that_were_stored_by_an_older_version_get_the_defaults() {
        let read: ModelSettings = serde_json::from_str(r#"{"uses":{"route":"a/small"}}"#).unwrap();
        assert_eq!(read.daily_tokens, DAILY_TOKENS);
        assert_eq!(read.uses[&Use::Route].model, "small");
    }
}
