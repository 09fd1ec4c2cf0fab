//! Which models are asked, and in which order.

use secrecy::SecretString;

use crate::domain::{
    ids::AccountId,
    model::{Account, JsonMode, ModelName, ModelSettings, Use},
    secret::Sealed,
};

/// An account that can be asked.
#[derive(Debug, Clone)]
pub(super) struct Connected {
    /// `None` for the account of the environment.
    pub(super) id: Option<AccountId>,
    pub(super) name: String,
    pub(super) base_url: String,
    pub(super) key: Key,
    /// The enabled models, at least one.
    pub(super) models: Vec<String>,
    pub(super) json: JsonMode,
}

/// An account's key.
#[derive(Debug, Clone)]
pub(super) enum Key {
    /// The provider wants none.
    None,
    /// As the environment has it.
    Plain(SecretString),
    /// As it is stored.
    Sealed(Sealed),
}

impl From<Account> for Connected {
    fn from(account: Account) -> Self {
        Self {
            id: Some(account.id),
            name: account.name,
            base_url: account.base_url,
            key: account.key.map_or(Key::None, Key::Sealed),
            models: account.models,
            json: account.json,
        }
    }
}

impl Connected {
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.to_lowercase() == name.to_lowercase()
    }

    fn has(&self, model: &ModelName) -> bool {
        self.is_called(&model.account) && self.models.contains(&model.model)
    }

    fn first(&self) -> Option<ModelName> {
        let model = self.models.first()?.clone();
        Some(ModelName { account: self.name.clone(), model })
    }
}

/// The model for everything that has none of its own. One that is not enabled any more counts as not chosen.
pub(super) fn default_model(accounts: &[Connected], settings: &ModelSettings) -> Option<ModelName> {
    let chosen = settings.default.clone().filter(|model| accounts.iter().any(|account| account.has(model)));
    chosen.or_else(|| accounts.iter().find_map(Connected::first))
}

/// Whom to ask, one after the other: the model chosen for this use, or the default one; then the first model of each
/// other account.
pub(super) fn order<'a>(
    accounts: &'a [Connected],
    settings: &ModelSettings,
    purpose: Use,
) -> Vec<(&'a Connected, String)> {
    let chosen = settings.uses.get(&purpose).filter(|model| accounts.iter().any(|account| account.has(model)));
    let Some(first) = chosen.cloned().or_else(|| default_model(accounts, settings)) else { return Vec::new() };
    let preferred = accounts.iter().filter(|account| account.has(&first)).map(|account| (account, first.model.clone()));
    let others = accounts.iter().filter(|account| !account.has(&first));
    let others = others.filter_map(|account| Some((account, account.first()?.model)));
    preferred.take(1).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, models: &[&str]) -> Connected {
        Connected {
            id: None,
            name: name.to_owned(),
            base_url: String::new(),
            key: Key::None,
            models: models.iter().map(|&model| model.to_owned()).collect(),
            json: JsonMode::Schema,
        }
    }

    #[test]
    fn the_chosen_model_comes_first_and_then_one_of_each_other_account() {
        let accounts = [account("A", &["a1", "a2"]), account("B", &["b1", "meta/b2"]), account("C", &["c1"])];
        let ordered = |default: Option<&str>, plan: Option<&str>| {
            let name = |text: &str| text.parse().unwrap();
            let settings = ModelSettings {
                default: default.map(name),
                uses: plan.map(|text| (Use::Plan, name(text))).into_iter().collect(),
                ..ModelSettings::default()
            };
            let order = order(&accounts, &settings, Use::Plan);
            order.iter().map(|(account, model)| format!("{}/{model}", account.name)).collect::<Vec<_>>().join(" ")
        };
        for (default, plan, expected) in [
            (None, None, "A/a1 B/b1 C/c1"),
            (Some("a/a2"), None, "A/a2 B/b1 C/c1"),
            (Some("B/meta/b2"), None, "B/meta/b2 A/a1 C/c1"),
            (Some("B/b1"), Some("C/c1"), "C/c1 A/a1 B/b1"),
            // What is not enabled any more counts as not chosen.
            (Some("B/gone"), Some("D/d1"), "A/a1 B/b1 C/c1"),
            (Some("B/b1"), Some("A/gone"), "B/b1 A/a1 C/c1"),
        ] {
            assert_eq!(ordered(default, plan), expected, "{default:?} {plan:?}");
        }
        assert!(order(&[], &ModelSettings::default(), Use::Plan).is_empty());
        assert_eq!(default_model(&[], &ModelSettings::default()), None);
    }
}
