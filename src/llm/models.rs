//! The models of a tenant: which one is asked, what happens where it fails, and what it may cost.
//!
//! A question goes to the model chosen for its use. Where that one can't be reached, has no quota left, asks to wait or
//! turns the request away, each other account is asked once. An answer that is not what was asked for goes back to its
//! model once, with what is wrong. Every call is counted against the budget before it is made.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{anyhow, bail};
use serde_json::Value;

use super::{
    Llm, Question, address,
    ask::Ask,
    breaker::Breakers,
    budget::day_of,
    choice::{self, Connected, Key},
    prompt::Prompt,
    schema,
};
pub use super::{
    overview::{AccountState, AccountView, KeyPlace, Overview},
    trouble::{Asked, ENVIRONMENT, Trouble},
};
use crate::{
    clock::Chance,
    config::OpenAiConfig,
    domain::{
        ids::{DeliveryId, TenantId},
        model::{Drafted, JsonMode, ModelName, ModelSettings, Use},
        time::Timestamp,
    },
    secrets::Keyring,
    store::{self, Store, Tx},
};

/// Says what is wrong with an answer, everything at once; nothing where it is what was asked for.
pub type Check<'a> = &'a (dyn Fn(&str) -> Result<(), Vec<String>> + Send + Sync);

/// Tokens of a test's answer: enough for a model that thinks first.
const TEST_ANSWER: u32 = 2_000;

/// An answer that passed its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The JSON in what the model said.
    pub text: String,
    /// By which model and which prompt.
    pub drafted: Drafted,
}

/// The one to ask, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One {
    /// The account.
    pub account: String,
    /// The provider's name of a model, enabled or not; `None` for the account's first.
    pub model: Option<String>,
}

/// What a test of an account showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Which model answered.
    pub model: ModelName,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Tokens that were used.
    pub tokens: u64,
    /// How its answer was held to its shape.
    pub json: JsonMode,
}

/// Asks models for tenants. Cheap to clone.
#[derive(Clone)]
pub struct Models(Arc<Shared>);

pub(super) struct Shared {
    pub(super) llm: Arc<dyn Llm>,
    pub(super) store: Store,
    pub(super) chance: Chance,
    pub(super) keyring: Keyring,
    pub(super) breakers: Breakers,
    environment: Option<Mutex<Connected>>,
}

impl Shared {
    /// Remembers how an account's answers could be held to their shape in the end.
    pub(super) async fn remember(&self, tenant: TenantId, account: &Connected, json: JsonMode) -> store::Result<()> {
        if account.json == json {
            return Ok(());
        }
        let Some(id) = account.id else {
            if let Some(environment) = &self.environment {
                environment.lock().unwrap_or_else(PoisonError::into_inner).json = json;
            }
            return Ok(());
        };
        let mut tx = self.store.write(tenant).await?;
        tx.set_account_json(id, json).await?;
        tx.commit().await
    }
}

impl Models {
    /// Asks through `llm`. The account of the environment comes first for every tenant.
    ///
    /// # Errors
    /// When the address of the environment's account can't be understood, or its provider wants a key and there is none.
    pub fn new(
        llm: Arc<dyn Llm>,
        store: Store,
        chance: Chance,
        keyring: Keyring,
        environment: Option<&OpenAiConfig>,
    ) -> anyhow::Result<Self> {
        let environment = environment.map(of_environment).transpose()?.map(Mutex::new);
        Ok(Self(Arc::new(Shared { llm, store, chance, keyring, breakers: Breakers::default(), environment })))
    }

    /// Whether there is any model to ask.
    pub async fn is_connected(&self, tx: &mut Tx) -> store::Result<bool> {
        Ok(self.0.environment.is_some() || !tx.accounts().await?.is_empty())
    }

    /// Asks, and gives the answer that passes the check. May take minutes; dropping the future ends the call.
    ///
    /// # Errors
    /// Only where the database fails. What goes wrong with models is a [`Trouble`].
    pub async fn ask(
        &self,
        tenant: TenantId,
        delivery: Option<DeliveryId>,
        question: &Question,
        check: Check<'_>,
    ) -> Result<Result<Reply, Trouble>, store::Error> {
        let (accounts, settings) = self.known(&mut self.0.store.read(tenant).await?).await?;
        let order = choice::order(&accounts, &settings, question.purpose);
        let ask = Ask { shared: &self.0, tenant, delivery, question, check };
        let mut first = None;
        for (account, model) in &order {
            // In a box: what it carries would swell every future that waits for it.
            match Box::pin(ask.account(account, model, order.len() == 1)).await? {
                Ok(answer) => {
                    return Ok(Ok(reply(answer.text, answer.call.model, question)));
                }
                Err(trouble) if trouble.fails_over() => first = first.or(Some(trouble)),
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
        Ok(Err(first.unwrap_or(Trouble::NotConnected)))
    }

    /// Asks one account and nobody else, such as for an evaluation.
    ///
    /// # Errors
    /// Only where the database fails.
    pub async fn ask_one(
        &self,
        tenant: TenantId,
        delivery: Option<DeliveryId>,
        question: &Question,
        check: Check<'_>,
        one: &One,
    ) -> Result<Result<Reply, Trouble>, store::Error> {
        let (accounts, _) = self.known(&mut self.0.store.read(tenant).await?).await?;
        let found = accounts.iter().find(|known| known.is_called(&one.account));
        let model = |account: &Connected| one.model.clone().or_else(|| account.models.first().cloned());
        let Some((account, model)) = found.and_then(|account| Some((account, model(account)?))) else {
            return Ok(Err(Trouble::NoAccount { account: one.account.clone() }));
        };
        let ask = Ask { shared: &self.0, tenant, delivery, question, check };
        let answer = ask.account(account, &model, true).await?;
        Ok(answer.map(|answer| reply(answer.text, answer.call.model, question)))
    }

    /// Asks an account's first model for one word, whatever is known of it: one small, real call.
    ///
    /// # Errors
    /// Only where the database fails.
    pub async fn test(&self, tenant: TenantId, account: &str) -> Result<Result<Tested, Trouble>, store::Error> {
        let (accounts, _) = self.known(&mut self.0.store.read(tenant).await?).await?;
        let found = accounts.iter().find(|known| known.is_called(account));
        let Some((account, model)) = found.and_then(|account| Some((account, account.models.first()?))) else {
            return Ok(Err(Trouble::NoAccount { account: account.to_owned() }));
        };
        let question = tiny();
        let ask = Ask { shared: &self.0, tenant, delivery: None, question: &question, check: &says_ok };
        let answer = Box::pin(ask.consult(account, model)).await?;
        Ok(answer.map(|answer| Tested {
            tokens: answer.call.cost(),
            millis: answer.call.millis,
            model: answer.call.model,
            json: answer.json,
        }))
    }

    /// The models as they are now, for people to look at.
    pub async fn overview(&self, tx: &mut Tx, now: Timestamp) -> store::Result<Overview> {
        let (accounts, settings) = self.known(tx).await?;
        let used = tx.tokens_since(day_of(now)).await?;
        let default = choice::default_model(&accounts, &settings);
        let tenant = tx.tenant();
        let accounts = accounts.into_iter().map(|account| {
            let (rests, last_error) = self.0.breakers.with((tenant, account.id), |breaker| {
                (breaker.rests_until(now), breaker.last_error().map(str::to_owned))
            });
            view(account, rests, last_error)
        });
        let accounts = accounts.collect();
        Ok(Overview { accounts, default, uses: settings.uses, used, limit: settings.daily_tokens })
    }

    /// The accounts in the order of failover, and what the tenant chose.
    async fn known(&self, tx: &mut Tx) -> store::Result<(Vec<Connected>, ModelSettings)> {
        let environment = self.0.environment.as_ref();
        let environment = environment.map(|known| known.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let stored = tx.accounts().await?.into_iter().map(Connected::from);
        let settings = tx.model_settings().await?;
        Ok((environment.into_iter().chain(stored).collect(), settings))
    }
}

fn reply(text: String, model: ModelName, question: &Question) -> Reply {
    let prompt = question.prompt.version.clone();
    Reply { text, drafted: Drafted { purpose: question.purpose, model, prompt } }
}

fn of_environment(config: &OpenAiConfig) -> anyhow::Result<Connected> {
    let base_url = address::normalise(&config.base_url).map_err(|why| anyhow!("OPENAI_BASE_URL: {why}"))?;
    if config.api_key.is_none() && address::needs_key(&base_url) {
        bail!("OPENAI_API_KEY is missing: the provider at {base_url} answers nobody without a key");
    }
    Ok(Connected {
        id: None,
        name: ENVIRONMENT.to_owned(),
        json: address::json_mode(&base_url),
        base_url,
        key: config.api_key.clone().map_or(Key::None, Key::Plain),
        models: config.models.clone(),
    })
}

fn view(account: Connected, rests: Option<Timestamp>, last_error: Option<String>) -> AccountView {
    AccountView {
        key: match account.key {
            Key::None => KeyPlace::NotNeeded,
            Key::Plain(_) => KeyPlace::Environment,
            Key::Sealed(_) => KeyPlace::Stored,
        },
        state: rests.map_or(AccountState::Works, |until| AccountState::Resting { until }),
        name: account.name,
        base_url: account.base_url,
        models: account.models,
        json: account.json,
        last_error,
    }
}

/// The question of a test.
fn tiny() -> Question {
    Question {
        purpose: Use::Route,
        prompt: Prompt {
            system: "Answer with one JSON object: {\"ok\": true}.".to_owned(),
            user: "Are you there?".to_owned(),
            version: "test".to_owned(),
        },
        name: "test",
        schema: schema::object([("ok", schema::boolean())]),
        max_tokens: TEST_ANSWER,
    }
}

fn says_ok(text: &str) -> Result<(), Vec<String>> {
    let answer: Option<Value> = serde_json::from_str(text).ok();
    let is_ok = answer.is_some_and(|answer| answer["ok"].is_boolean());
    if is_ok { Ok(()) } else { Err(vec!["it is not the JSON object {\"ok\": true}".to_owned()]) }
}
