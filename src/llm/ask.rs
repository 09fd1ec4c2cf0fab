//! One question on its way to one account: at most two calls, each counted.

use std::time::Duration;

use tracing::Instrument as _;

use super::{
    Completion, Endpoint, LlmError, Question, Request, Speaker,
    breaker::{self, Outcome},
    budget::{self, Running, Used},
    choice::{Connected, Key},
    document::json_in,
    models::{Check, Shared},
    reach::Reach,
    record, schema, tokens,
    trouble::{Asked, Trouble},
};
use crate::{
    domain::{
        ids::{DeliveryId, TenantId},
        model::{Call, CallOutcome, JsonMode, ModelName},
    },
    secrets::{Unopenable, account_key},
    store,
};

/// Tokens of the longest prompt. Whoever asks trims to less; more is a mistake that should not cost anything.
pub const LONGEST_PROMPT: u64 = 24_000;
/// Characters of what is wrong with an answer, as the model is told.
const LONGEST_PROBLEMS: usize = 2_000;
/// Characters of a wrong answer that the model is shown again.
const LONGEST_QUOTE: usize = 20_000;
/// A pause that is short enough to be waited for where there is nobody else to ask.
const SHORT_PAUSE: Duration = Duration::from_secs(10);

/// A question of a tenant.
pub(super) struct Ask<'a> {
    pub(super) shared: &'a Shared,
    pub(super) tenant: TenantId,
    pub(super) delivery: Option<DeliveryId>,
    pub(super) question: &'a Question,
    pub(super) check: Check<'a>,
}

/// An answer that passed its check.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) call: Call,
    pub(super) json: JsonMode,
}

/// What came of one call.
enum Said {
    Right(Answer),
    Wrong { text: String, problems: Vec<String>, in_shape: bool },
}

/// Whom one call goes to.
struct Target<'a> {
    account: &'a Connected,
    endpoint: Endpoint,
    asked: Asked,
}

impl Ask<'_> {
    /// Asks a model of an account unless that is to be left alone. Where it `is_alone` and asks to wait for a moment,
    /// that is done once.
    pub(super) async fn account(
        &self,
        account: &Connected,
        model: &str,
        is_alone: bool,
    ) -> store::Result<Result<Answer, Trouble>> {
        let trouble = match self.admit(account, model) {
            Err(trouble) => trouble,
            Ok(()) => match self.consult(account, model).await? {
                Err(trouble) => trouble,
                answer => return Ok(answer),
            },
        };
        if let (true, Trouble::RateLimited { until, .. }) = (is_alone, &trouble) {
            let pause = until.since(self.shared.chance.now());
            if pause <= SHORT_PAUSE {
                tokio::time::sleep(pause).await;
                return self.consult(account, model).await;
            }
        }
        Ok(Err(trouble))
    }

    /// Whether the account may be asked now.
    fn admit(&self, account: &Connected, model: &str) -> Result<(), Trouble> {
        let now = self.shared.chance.now();
        let model = asked(account, model);
        self.shared.breakers.with((self.tenant, account.id), |breaker| {
            breaker.admit(now).map_err(|until| {
                if breaker.limited_until(now).is_some() {
                    return Trouble::RateLimited { model, until };
                }
                let why = breaker.last_error().unwrap_or("it failed several times").to_owned();
                let again = until.to_utc().format("%H:%M:%S UTC");
                Trouble::Unreachable { model, why: format!("{why}; it is tried again at {again}") }
            })
        })
    }

    /// Asks a model, and once more where its answer is not what was asked for.
    pub(super) async fn consult(&self, account: &Connected, model: &str) -> store::Result<Result<Answer, Trouble>> {
        let endpoint = match self.endpoint(account) {
            Ok(endpoint) => endpoint,
            Err(why) => return Ok(Err(Trouble::KeyUnreadable { account: account.name.clone(), why })),
        };
        let target = Target { account, endpoint, asked: asked(account, model) };
        let mut request = self.request(model);
        let prompt = tokens::of_request(&request);
        if prompt > LONGEST_PROMPT {
            return Ok(Err(Trouble::TooLarge { tokens: prompt, limit: LONGEST_PROMPT }));
        }
        let (text, problems) = match self.call(&target, &request).await? {
            Err(trouble) => return Ok(Err(trouble)),
            Ok(Said::Right(answer)) => return Ok(Ok(answer)),
            Ok(Said::Wrong { text, problems, .. }) => (text, problems),
        };
        repair(&mut request, &text, &problems);
        Ok(match self.call(&target, &request).await? {
            Err(trouble) => Err(trouble),
            Ok(Said::Right(answer)) => Ok(answer),
            Ok(Said::Wrong { problems, in_shape, .. }) => {
                tracing::debug!(problems = problems.len(), in_shape, "the answer was wrong twice");
                Err(Trouble::Invalid { model: target.asked, problems, in_shape })
            }
        })
    }

    fn endpoint(&self, account: &Connected) -> Result<Endpoint, Unopenable> {
        let key = match &account.key {
            Key::None => None,
            Key::Plain(key) => Some(key.clone()),
            Key::Sealed(sealed) => Some(self.shared.keyring.open(self.tenant, &account_key(&account.name), sealed)?),
        };
        let reach = Reach::of(&account.base_url, key.is_some(), account.id.is_some());
        Ok(Endpoint { base_url: account.base_url.clone(), key, reach, json: account.json })
    }

    fn request(&self, model: &str) -> Request {
        let Question { prompt, name, schema, max_tokens, .. } = self.question;
        Request {
            model: model.to_owned(),
            messages: vec![(Speaker::System, prompt.system.clone()), (Speaker::User, prompt.user.clone())],
            name,
            schema: schema.clone(),
            max_tokens: *max_tokens,
        }
    }

    /// One call: set aside, made, checked, settled, counted.
    async fn call(&self, target: &Target<'_>, request: &Request) -> store::Result<Result<Said, Trouble>> {
        let prompt = tokens::of_request(request);
        let running = match self.reserve(target, request, prompt).await? {
            Ok(running) => running,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let span = tracing::info_span!(
            "model", purpose = self.question.purpose.as_str(), model = %target.asked.model,
            prompt = self.question.prompt.version
        );
        let outcome = self.shared.llm.complete(&target.endpoint, request).instrument(span).await;
        self.learn(target, outcome.as_ref().err());
        match outcome {
            Ok(completion) => self.read(target, running, completion, prompt).await,
            Err(error) => self.fail(target, running, error, prompt, request.max_tokens).await,
        }
    }

    async fn reserve(
        &self,
        target: &Target<'_>,
        request: &Request,
        prompt: u64,
    ) -> store::Result<Result<Running, Trouble>> {
        let call = Call {
            id: self.shared.chance.id(),
            delivery: self.delivery,
            purpose: self.question.purpose,
            model: target.asked.model.clone(),
            prompt: self.question.prompt.version.clone(),
            reserved: prompt.saturating_add(request.max_tokens.into()),
            prompt_tokens: 0,
            answer_tokens: 0,
            outcome: CallOutcome::Running,
            at: self.shared.chance.now(),
            millis: 0,
        };
        budget::reserve(&self.shared.store, self.tenant, call, prompt).await
    }

    /// Tells the breaker what became of a call.
    fn learn(&self, target: &Target<'_>, error: Option<&LlmError>) {
        let now = self.shared.chance.now();
        let (outcome, said) = match error {
            None | Some(LlmError::Refused(_) | LlmError::Truncated { .. }) => (Outcome::Answered, None),
            Some(LlmError::Unreadable(why)) => (Outcome::Answered, Some(why.clone())),
            Some(LlmError::Denied { status, why }) => (Outcome::Answered, Some(format!("{status}: {why}"))),
            Some(LlmError::RateLimited { pause }) => {
                (Outcome::Limited(now.plus(breaker::pause(*pause))), Some("too many requests".to_owned()))
            }
            Some(LlmError::QuotaExhausted) => (Outcome::Outage, Some("its quota is used up".to_owned())),
            Some(LlmError::Unreachable(why)) => (Outcome::Outage, Some(why.clone())),
        };
        let key = (self.tenant, target.account.id);
        self.shared.breakers.with(key, |breaker| breaker.record(outcome, said, now));
    }

    /// Checks an answer.
    async fn read(
        &self,
        target: &Target<'_>,
        running: Running,
        completion: Completion,
        prompt: u64,
    ) -> store::Result<Result<Said, Trouble>> {
        let Completion { text, prompt_tokens, answer_tokens, json } = completion;
        let ours = Used { prompt, answer: tokens::count(&text) };
        let used = Used::counted(prompt_tokens, answer_tokens, ours, running.call.reserved);
        let found = json_in(&text);
        let checked = (self.check)(found);
        let outcome = if checked.is_ok() { CallOutcome::Answered } else { CallOutcome::Invalid };
        let call = running.settle(outcome, used).await?;
        record::counted(&call);
        self.shared.remember(self.tenant, target.account, json).await?;
        Ok(Ok(match checked {
            Ok(()) => Said::Right(Answer { text: found.to_owned(), call, json }),
            Err(problems) => Said::Wrong { problems, in_shape: self.is_in_shape(found), text },
        }))
    }

    fn is_in_shape(&self, text: &str) -> bool {
        serde_json::from_str(text).is_ok_and(|answer| schema::fits(&self.question.schema, &answer))
    }

    /// Settles a call that brought no answer.
    async fn fail(
        &self,
        target: &Target<'_>,
        running: Running,
        error: LlmError,
        prompt: u64,
        max_tokens: u32,
    ) -> store::Result<Result<Said, Trouble>> {
        let sent = Used { prompt, answer: 0 };
        let (outcome, used) = match &error {
            LlmError::RateLimited { .. } => (CallOutcome::RateLimited, Used::NOTHING),
            LlmError::QuotaExhausted => (CallOutcome::QuotaExhausted, Used::NOTHING),
            LlmError::Denied { .. } => (CallOutcome::Denied, Used::NOTHING),
            LlmError::Refused(words) => (CallOutcome::Refused, Used { prompt, answer: tokens::count(words) }),
            LlmError::Truncated { .. } => (CallOutcome::Truncated, Used { prompt, answer: max_tokens.into() }),
            LlmError::Unreadable(_) => (CallOutcome::Invalid, sent),
            // It may have read the prompt before it was lost.
            LlmError::Unreachable(_) => (CallOutcome::Unreachable, sent),
        };
        record::counted(&running.settle(outcome, used).await?);
        let model = target.asked.clone();
        Ok(Err(match error {
            LlmError::RateLimited { pause } => {
                let until = self.shared.chance.now().plus(breaker::pause(pause));
                Trouble::RateLimited { model, until }
            }
            LlmError::QuotaExhausted => Trouble::QuotaExhausted { model },
            LlmError::Refused(words) => Trouble::Refused { model, words },
            LlmError::Truncated { .. } => Trouble::Truncated { model },
            LlmError::Denied { status, why } => Trouble::Denied { model, status, why },
            LlmError::Unreachable(why) => Trouble::Unreachable { model, why },
            LlmError::Unreadable(why) => {
                return Ok(Ok(Said::Wrong { text: String::new(), problems: vec![why], in_shape: false }));
            }
        }))
    }
}

fn asked(account: &Connected, model: &str) -> Asked {
    let model = ModelName { account: account.name.clone(), model: model.to_owned() };
    Asked { model, base_url: account.base_url.clone() }
}

/// Shows the model its wrong answer, and what is wrong with it.
fn repair(request: &mut Request, text: &str, problems: &[String]) {
    if !text.trim().is_empty() {
        request.messages.push((Speaker::Model, text.chars().take(LONGEST_QUOTE).collect()));
    }
    // A problem may quote what the model said; on a line of its own it stays a problem.
    let line = |problem: &String| format!("- {}", problem.split_whitespace().collect::<Vec<_>>().join(" "));
    let list = problems.iter().map(line).collect::<Vec<_>>().join("\n");
    let list: String = list.chars().take(LONGEST_PROBLEMS).collect();
    let words = format!(
        "That answer can't be used. What is wrong with it:\n{list}\n\nAnswer again, with all of it put right: one JSON \
         document of the same shape, and nothing around it."
    );
    request.messages.push((Speaker::User, words));
}
