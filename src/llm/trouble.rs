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
        /// Whether it had the shape that was asked for at least, so that the problems are about what it says.
        in_shape: bool,
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
        self.needs_a_person()
            || matches!(
                self,
                Self::NotConnected | Self::RateLimited { .. } | Self::Unreachable { .. } | Self::TooSlow { .. }
            )
    }

    /// Whether an account stays of no use until somebody changes something about it, so that whoever asked should
    /// read the [words](Self::words) even where a template stands in.
    pub const fn needs_a_person(&self) -> bool {
        match self {
            // What is wrong with one request, and with no other (RFC 9110, 15.5).
            Self::Denied { status, .. } => !matches!(status, 400 | 413 | 422),
            Self::QuotaExhausted { .. } | Self::KeyUnreadable { .. } | Self::NoAccount { .. } => true,
            _ => false,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_request_is_no_outage_and_a_wrong_key_needs_a_person() {
        let asked = || Asked { model: "Team/gpt-5".parse().unwrap(), base_url: "https://api.openai.com/v1".to_owned() };
        let denied = |status| Trouble::Denied { model: asked(), status, why: "no".to_owned() };
        for (trouble, is_outage, needs_a_person) in [
            (denied(400), false, false),
            (denied(413), false, false),
            (denied(422), false, false),
            (denied(401), true, true),
            (denied(402), true, true),
            (denied(403), true, true),
            (denied(404), true, true),
            (denied(302), true, true),
            (Trouble::QuotaExhausted { model: asked() }, true, true),
            (Trouble::NoAccount { account: "x".to_owned() }, true, true),
            (Trouble::KeyUnreadable { account: "x".to_owned(), why: Unopenable::Foreign }, true, true),
            (Trouble::NotConnected, true, false),
            (Trouble::RateLimited { model: asked(), until: Timestamp::from_millis(0) }, true, false),
            (Trouble::Unreachable { model: asked(), why: "it is down".to_owned() }, true, false),
            (Trouble::TooSlow { limit: Duration::from_mins(6) }, true, false),
            (Trouble::Truncated { model: asked() }, false, false),
            (Trouble::Invalid { model: asked(), problems: Vec::new(), in_shape: false }, false, false),
            (Trouble::TooLarge { tokens: 2, limit: 1 }, false, false),
        ] {
            assert_eq!((trouble.is_outage(), trouble.needs_a_person()), (is_outage, needs_a_person), "{trouble:?}");
        }
    }
}
