//! Why there is no answer, and what follows from that.

mod words;

use std::time::Duration;

use crate::{
    domain::{model::ModelName, time::Timestamp},
    secrets::Unopenable,
};

/// The name of the account that the environment makes.
pub const ENVIRONMENT: &str = "environment";

/// A model with where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its account and its name.
    pub model: ModelName,
    /// The address of the account's API.
    pub base_url: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No account is connected.
    NotConnected,
    /// There is no account of this name.
    NoAccount {
        /// The name.
        account: String,
    },
    /// The budget does not reach for the call.
    OverBudget {
        /// Tokens used, and set aside by calls that run.
        used: u64,
        /// Tokens that may be used.
        limit: u64,
        /// Whether it is the budget of one delivery, and not that of the day.
        run: bool,
        /// Who can raise it.
        owners: Vec<String>,
    },
    /// The provider asks to wait.
    RateLimited {
        /// Whom.
        model: Asked,
        /// Until when.
        until: Timestamp,
    },
    /// The provider's own quota is used up.
    QuotaExhausted {
        /// Whose.
        model: Asked,
    },
    /// The model refused.
    Refused {
        /// Which.
        model: Asked,
        /// Its words.
        words: String,
    },
    /// The answer was cut off at its limit.
    Truncated {
        /// Whose.
        model: Asked,
    },
    /// The provider refused the key, the model or the request.
    Denied {
        /// Whose.
        model: Asked,
        /// The HTTP status.
        status: u16,
        /// Its words.
        why: String,
    },
    /// The provider could not be reached, failed, or took too long.
    Unreachable {
        /// Which.
        model: Asked,
        /// What happened.
        why: String,
    },
    /// The answer was not what was asked for, the second time too.
    Invalid {
        /// Whose.
        model: Asked,
        /// What is wrong with it.
        problems: Vec<String>,
    },
    /// The account's key can't be decrypted.
    KeyUnreadable {
        /// The account.
        account: String,
        /// Why.
        why: Unopenable,
    },
    /// There is more to read than a model should be given.
    TooLarge {
        /// Tokens of the prompt.
        tokens: u64,
        /// Tokens that are allowed.
        limit: u64,
    },
    /// The models thought for too long about one delivery.
    TooSlow {
        /// How long they may.
        limit: Duration,
    },
}

impl Trouble {
    /// Whether no model can be asked at all just now, so that a template may stand in at once. Otherwise a model
    /// was asked, or could be, and a person chooses what to do instead.
    pub const fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::NotConnected
                | Self::NoAccount { .. }
                | Self::RateLimited { .. }
                | Self::QuotaExhausted { .. }
                | Self::Denied { .. }
                | Self::Unreachable { .. }
                | Self::KeyUnreadable { .. }
                | Self::TooSlow { .. }
        )
    }

    /// Whether another account may do better.
    pub(super) const fn fails_over(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::QuotaExhausted { .. }
                | Self::Denied { status: 401..=404, .. }
                | Self::Unreachable { .. }
                | Self::KeyUnreadable { .. }
        )
    }
}
