//! What owners and admins set from a conversation: accounts with providers of models, which model does what, the budget; and what
//! a channel's words no longer mean.

use serde_json::{Value, json};

use crate::{
    domain::{
        event::Venue,
        intent::ModelsWish,
        member::Member,
        message::{Block, Button, ButtonStyle, Message, Span},
        model::{Account, AccountForm, Checked, JsonMode, ModelName, ModelSettings, Use, grouped, in_one},
    },
    error::{Result, UserError},
    jobs::{Desk, roles::only_in_charge, trail::record},
    llm::{
        address,
        models::{Overview, Tested, Trouble},
    },
    review::{
        propose::may_change,
        words::{count, list},
    },
    store::{self, Tx},
};

/// What somebody is told who may not.
pub(super) const MODELS: &str = "Only owners and admins choose the models and the budget.";
/// Accounts of one tenant.
const MAX_ACCOUNTS: usize = 20;

/// Carries out a change of which models are used; says what holds now.
pub(super) async fn set_models(
    desk: &Desk,
    tx: &mut Tx,
    wish: &ModelsWish,
    by: &Member,
    venue: &Venue,
) -> Result<Message> {
    only_in_charge(tx, by, MODELS).await?;
    // Two owners at once would otherwise each write back what the other had changed.
    tx.lock_tenant().await?;
    let before = tx.model_settings().await?;
    let mut after = before.clone();
    let said = match wish {
        ModelsWish::Default(name) => {
            let model = named(&desk.models.overview(tx, desk.chance.now()).await?, name)?;
            let said = format!("{model} is the default model now.");
            after.default = Some(model);
            said
        }
        ModelsWish::Use(purpose, Some(name)) => {
            let model = named(&desk.models.overview(tx, desk.chance.now()).await?, name)?;
            let said = format!("{} is done by {model} now.", spoken(*purpose));
            after.uses.insert(*purpose, model);
            said
        }
        ModelsWish::Use(purpose, None) => {
            after.uses.remove(purpose);
            format!("{} is done by the default model now.", spoken(*purpose))
        }
        ModelsWish::DailyTokens(tokens) => {
            after.daily_tokens = *tokens;
            match tokens {
                0 => "No model is asked any more: the budget is 0 tokens a day.".to_owned(),
                tokens => format!("Models may use {} tokens a day now.", grouped(*tokens)),
            }
        }
        ModelsWish::Remove(name) => return remove(desk, tx, name, by, venue).await,
        ModelsWish::Test(_) => return Err(anyhow::anyhow!("a test is no setting").into()),
    };
    tx.set_model_settings(&after).await?;
    let states = (as_json(&before), as_json(&after));
    record(desk, tx, Some((by.id, venue)), ("models.set", tx.tenant().to_string()), states).await?;
    Ok(Message::text(said))
}

/// Forgets an account with its key, and what was to be done by its models.
async fn remove(desk: &Desk, tx: &mut Tx, name: &str, by: &Member, venue: &Venue) -> Result<Message> {
    let Some(account) = tx.account_by_name(name).await? else {
        let overview = desk.models.overview(tx, desk.chance.now()).await?;
        let why = if overview.is_environments(name) {
            "That account comes from OPENAI_API_KEY and its kin. Whoever runs Docket removes it there.".to_owned()
        } else {
            no_account(&overview, name)
        };
        return Err(UserError::new(why).into());
    };
    tx.remove_account(account.id).await?;
    let mut settings = tx.model_settings().await?;
    let is_its = |model: &ModelName| model.account.eq_ignore_ascii_case(&account.name);
    settings.default = settings.default.filter(|model| !is_its(model));
    settings.uses.retain(|_, model| !is_its(model));
    tx.set_model_settings(&settings).await?;
    let before = json!({ "name": account.name, "base_url": account.base_url, "models": account.models });
    record(desk, tx, Some((by.id, venue)), ("account.removed", account.id.to_string()), (before, Value::Null)).await?;
    Ok(Message::text(format!("{} is gone, with its key. Nothing of it is asked any more.", account.name)))
}

/// Adds an account; says what to do next.
pub(super) async fn add_account(
    desk: &Desk,
    tx: &mut Tx,
    form: &AccountForm,
    by: &Member,
    venue: &Venue,
) -> Result<Message> {
    only_in_charge(tx, by, MODELS).await?;
    tx.lock_tenant().await?;
    let accounts = tx.accounts().await?;
    if accounts.len() >= MAX_ACCOUNTS {
        let words = format!("There are {MAX_ACCOUNTS} accounts already, the most there can be. Remove one first.");
        return Err(UserError::new(words).into());
    }
    let Checked { name, base_url, models } = form
        .check(None, address::normalise)
        .map_err(|problems| UserError::new(format!("{} Nothing was added.", in_one(&problems))))?;
    let overview = desk.models.overview(tx, desk.chance.now()).await?;
    if overview.has(&name) {
        let words =
            format!("There is an account called {name} already. Choose another name, or remove that one first.");
        return Err(UserError::new(words).into());
    }
    address::check(&base_url, form.key.is_some()).map_err(|why| UserError::new(format!("{why} Nothing was added.")))?;
    let account = Account {
        id: desk.chance.id(),
        name: name.clone(),
        json: address::json_mode(&base_url),
        base_url,
        key: form.key.clone(),
        models,
        position: accounts.iter().map(|account| account.position + 1).max().unwrap_or(0),
        by: by.id,
        created_at: desk.chance.now(),
    };
    match tx.put_account(&account).await {
        Err(store::Error::Taken { why, .. }) => {
            return Err(UserError::new(format!("{why}. Choose another name.")).into());
        }
        other => other?,
    }
    if let (true, Some(model)) = (form.default, account.models.first()) {
        let mut settings = tx.model_settings().await?;
        settings.default = Some(ModelName { account: name.clone(), model: model.clone() });
        tx.set_model_settings(&settings).await?;
    }
    let after = json!({
        "name": account.name, "base_url": account.base_url, "models": account.models, "default": form.default,
        "has_key": account.key.is_some(),
    });
    record(desk, tx, Some((by.id, venue)), ("account.added", account.id.to_string()), (Value::Null, after)).await?;
    Ok(added(&account))
}

fn added(account: &Account) -> Message {
    let words = format!(
        "{} is added with {}: {}. {}.",
        account.name,
        count(account.models.len(), "model"),
        list(&account.models, "and"),
        if account.key.is_some() { "Its key is stored encrypted" } else { "It is asked without a key" },
    );
    let test = Button::say("Test it", format!("models test {}", account.name));
    let test = Button { style: ButtonStyle::Primary, ..test };
    Message { summary: words.clone(), blocks: vec![Block::Text(vec![Span::Plain(words)]), Block::Buttons(vec![test])] }
}

/// What a test of an account showed.
pub(super) fn tested(name: &str, outcome: &Result<Tested, Trouble>) -> Message {
    match outcome {
        Ok(Tested { model, millis, tokens, json }) => {
            let how = match json {
                JsonMode::Schema => "keeps to schemas",
                JsonMode::Object => "knows JSON, but no schemas",
                JsonMode::Text => "is held to its shape by the prompt alone",
            };
            let seconds = f64::from(u32::try_from(*millis).unwrap_or(u32::MAX)) / 1000.0;
            Message::text(format!("{model} works: it answered in {seconds:.1} s with {tokens} tokens, and {how}."))
        }
        Err(trouble) => Message::text(format!("{name} does not work. {}", trouble.words())),
    }
}

/// Forgets what words of a channel were chosen to mean; says what was forgotten.
pub(super) async fn forget_routes(
    desk: &Desk,
    tx: &mut Tx,
    which: Option<usize>,
    by: &Member,
    venue: &Venue,
) -> Result<Message> {
    may_change(tx, by, venue).await?;
    let routes = tx.routes_of(venue).await?;
    let (said, gone): (String, Vec<_>) = match which {
        None => (format!("Forgotten: {} of this channel.", count(routes.len(), "choice")), routes),
        Some(number) => {
            let Some(route) = number.checked_sub(1).and_then(|at| routes.get(at)).cloned() else {
                let words = format!("There is no number {number} here. /docket routes lists what is remembered.");
                return Err(UserError::new(words).into());
            };
            (format!("Forgotten: “{}” no longer means {}.", route.phrase, route.line), vec![route])
        }
    };
    for route in &gone {
        tx.forget_route(venue, &route.phrase).await?;
    }
    let before = serde_json::to_value(&gone).unwrap_or_default();
    record(desk, tx, Some((by.id, venue)), ("routes.forgotten", venue.channel.clone()), (before, Value::Null)).await?;
    Ok(Message::text(said))
}

fn as_json(settings: &ModelSettings) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// The enabled model that somebody names: `account/model`, or a model that only one account has.
fn named(overview: &Overview, said: &str) -> Result<ModelName, UserError> {
    let enabled: Vec<ModelName> = overview.enabled().collect();
    let is_meant =
        |model: &&ModelName| model.to_string().eq_ignore_ascii_case(said) || model.model.eq_ignore_ascii_case(said);
    let found: Vec<&ModelName> = enabled.iter().filter(is_meant).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let known: Vec<String> = enabled.iter().map(ToString::to_string).collect();
            let known = if known.is_empty() {
                "No account is connected yet: /docket models".to_owned()
            } else {
                format!("The enabled ones are {}.", list(&known, "and"))
            };
            Err(UserError::new(format!("No account has a model called “{said}”. {known}")))
        }
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(UserError::new(format!("Several accounts have it. Say {}.", list(&names, "or"))))
        }
    }
}

fn no_account(overview: &Overview, name: &str) -> String {
    let names: Vec<&str> = overview.names().collect();
    let known =
        if names.is_empty() { "There are none.".to_owned() } else { format!("There are {}.", list(&names, "and")) };
    format!("There is no account called “{name}”. {known}")
}

const fn spoken(purpose: Use) -> &'static str {
    match purpose {
        Use::Route => "Finding out what words mean",
        Use::Plan => "Drafting first plans",
        Use::Break => "Breaking tasks down",
        Use::Refine => "Changing proposals and plans",
        Use::Match => "Finding out what conversations are about",
        Use::Digest => "Wording digests",
    }
}
