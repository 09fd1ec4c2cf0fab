//! The models of a tenant as they are now, for people to look at.

use std::collections::BTreeMap;

use super::trouble::ENVIRONMENT;
use crate::domain::{
    model::{JsonMode, ModelName, Use},
    time::Timestamp,
};

/// The models as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The accounts in the order of failover.
    pub accounts: Vec<AccountView>,
    /// The model for everything that has none of its own; `None` where nothing is connected.
    pub default: Option<ModelName>,
    /// The models of single uses.
    pub uses: BTreeMap<Use, ModelName>,
    /// Tokens used today (UTC), and set aside by calls that run.
    pub used: u64,
    /// Tokens that may be used in a day.
    pub limit: u64,
}

/// An account as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// What it is called.
    pub name: String,
    /// Where its API is.
    pub base_url: String,
    /// The enabled models, its default first.
    pub models: Vec<String>,
    /// Where its key is.
    pub key: KeyPlace,
    /// How its answers can be held to a shape.
    pub json: JsonMode,
    /// Whether it is asked.
    pub state: AccountState,
    /// What went wrong the last time, where nothing went right since.
    pub last_error: Option<String>,
}

/// Where an account's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the database, encrypted.
    Stored,
    /// In the environment, with the whole account.
    Environment,
    /// Nowhere: the provider wants none.
    NotNeeded,
}

/// Whether an account is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// It is.
    Works,
    /// Not until then.
    Resting {
        /// When it is asked again.
        until: Timestamp,
    },
}

impl Overview {
    /// The names of the accounts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().map(|account| account.name.as_str())
    }

    /// Whether there is an account of this name, whatever its case. The environment's counts even where it is not
    /// set, so that none is hidden once it is.
    pub fn has(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        name == ENVIRONMENT || self.names().any(|known| known.to_lowercase() == name)
    }

    /// Whether the account of this name is there and comes from the environment.
    pub fn is_environments(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        name == ENVIRONMENT && self.names().any(|known| known == name)
    }

    /// Every model that may be used.
    pub fn enabled(&self) -> impl Iterator<Item = ModelName> {
        let of = |account: &AccountView| {
            let name = account.name.clone();
            account.models.clone().into_iter().map(move |model| ModelName { account: name.clone(), model })
        };
        self.accounts.iter().flat_map(of)
    }
}
