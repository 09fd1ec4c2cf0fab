//! Clicks and filled-in forms: one form field `payload` that holds JSON (docs.slack.dev, interaction-payloads).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ADD_ACCOUNT, CHOOSE, PICK, Received, Reply, SAY, STEPS, STOP, Unreadable, WORDS, account, fingerprint, flag, form,
    home, identity, json, nothing, present, venue,
};
use crate::{
    domain::{
        event::{Action, Click, Event, Incoming, Venue},
        ids::PatchId,
    },
    intent::classify::is_offered,
};

/// Characters of a button's value (docs.slack.dev, block-kit/block-elements).
const VALUE: usize = 2_000;

#[derive(Deserialize)]
struct Wrapper {
    payload: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    team: Option<Named>,
    enterprise: Option<Named>,
    #[serde(default)]
    is_enterprise_install: Value,
    user: Option<User>,
    trigger_id: Option<String>,
    response_url: Option<String>,
    container: Option<Container>,
    channel: Option<Named>,
    message: Option<Posted>,
    #[serde(default)]
    actions: Vec<Pressed>,
    state: Option<State>,
    view: Option<View>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Container {
    message_ts: Option<String>,
    channel_id: Option<String>,
    thread_ts: Option<String>,
    view_id: Option<String>,
}

#[derive(Deserialize)]
struct Posted {
    ts: Option<String>,
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    action_id: String,
    action_ts: Option<String>,
    value: Option<String>,
    selected_option: Option<Selected>,
}

#[derive(Deserialize)]
struct Selected {
    value: String,
}

#[derive(Deserialize)]
pub(super) struct State {
    #[serde(default)]
    pub(super) values: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct View {
    id: String,
    hash: Option<String>,
    #[serde(default)]
    callback_id: String,
    #[serde(default)]
    private_metadata: String,
    state: Option<State>,
}

/// A form to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Asks for words about a patch.
    Patch {
        /// What will be done with the words: [`Action::Reject`], [`Action::RequestChanges`] or [`Action::Object`].
        action: Action,
        /// What the form has to remember.
        context: FormContext,
    },
    /// Asks for an account with a provider of models.
    Account(AccountContext),
}

/// What the form for an account remembers between its opening and its submission.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountContext {
    /// Where the button was.
    pub venue: Option<Venue>,
    /// The way back that came with the click.
    pub response_url: Option<String>,
}

/// What a form about a patch remembers between its opening and its submission, in its `private_metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormContext {
    /// The patch. Untrusted until looked up in the sender's tenant.
    pub patch: PatchId,
    /// The revision of the patch that the person saw.
    pub revision: u32,
    /// Where the card is.
    pub venue: Option<Venue>,
    /// The card's message.
    pub message: Option<String>,
    /// The way back that came with the click.
    pub response_url: Option<String>,
}

/// What a click happened on, read once for the kinds of clicks.
struct Spot {
    user: Option<String>,
    venue: Option<Venue>,
    message: Option<String>,
    response_url: Option<String>,
}

pub(super) fn receive(body: &[u8]) -> Result<Received, Unreadable> {
    let wrapper: Wrapper = form(body)?;
    let payload: Payload = json(&wrapper.payload)?;
    let id = |named: &Option<Named>| named.as_ref().map(|named| named.id.clone());
    let team = home(id(&payload.team), id(&payload.enterprise), flag(&payload.is_enterprise_install))
        .or_else(|| payload.user.as_ref().and_then(|user| user.team_id.clone()))
        .ok_or_else(|| Unreadable::new("the interaction names no team"))?;
    let reply =
        Reply { response_url: present(payload.response_url.clone()), trigger: present(payload.trigger_id.clone()) };
    let received = match payload.kind.as_str() {
        "block_actions" => pressed(&payload, &team, reply, body),
        "view_submission" => submitted(&payload, &team, reply, body),
        _ => {
            let sender = payload.user.map(|user| identity(&team, user.id));
            Ok(Received {
                team: team.clone(),
                dedupe_key: fingerprint(body),
                incoming: nothing(sender, None),
                reply,
                form: None,
            })
        }
    };
    received.map_err(|unreadable| Unreadable { team: Some(team), ..unreadable })
}

fn pressed(payload: &Payload, team: &str, reply: Reply, body: &[u8]) -> Result<Received, Unreadable> {
    let action = payload.actions.first().ok_or_else(|| Unreadable::new("the click names no action"))?;
    let spot = spot(payload, team, &reply);
    let dedupe_key = match (&spot.user, spot.message.as_ref().or(view_id(payload)), &action.action_ts) {
        (Some(user), Some(on), Some(at)) => format!("click:{team}:{user}:{on}:{}:{at}", action.action_id),
        _ => fingerprint(body),
    };
    let (event, form) = meaning(action, payload.state.as_ref(), &spot)?;
    Ok(Received {
        team: team.to_owned(),
        dedupe_key,
        incoming: Incoming {
            sender: spot.user.map(|user| identity(team, user)),
            venue: spot.venue,
            event,
            heard: None,
            is_private: false,
        },
        reply,
        form,
    })
}

fn spot(payload: &Payload, team: &str, reply: &Reply) -> Spot {
    let container = payload.container.as_ref();
    let message = container
        .and_then(|c| c.message_ts.clone())
        .or_else(|| payload.message.as_ref().and_then(|message| message.ts.clone()));
    let thread = container
        .and_then(|c| c.thread_ts.clone())
        .or_else(|| payload.message.as_ref().and_then(|message| message.thread_ts.clone()))
        // A message with replies carries its own ts as thread_ts: it is the parent, not in a thread.
        .filter(|thread| message.as_ref() != Some(thread));
    let channel = container
        .and_then(|c| c.channel_id.clone())
        .or_else(|| payload.channel.as_ref().map(|channel| channel.id.clone()));
    Spot {
        user: payload.user.as_ref().map(|user| user.id.clone()),
        venue: channel.map(|channel| venue(team, channel, thread)),
        message,
        response_url: reply.response_url.clone(),
    }
}

fn view_id(payload: &Payload) -> Option<&String> {
    payload.view.as_ref().map(|view| &view.id).or_else(|| payload.container.as_ref()?.view_id.as_ref())
}

fn meaning(action: &Pressed, state: Option<&State>, spot: &Spot) -> Result<(Event, Option<Form>), Unreadable> {
    match action.action_id.as_str() {
        id if id.starts_with(SAY) => {
            let line = action.value.clone().ok_or_else(|| Unreadable::new("the button says nothing"))?;
            return Ok((Event::Command(line), None));
        }
        id if id.starts_with(CHOOSE) => return Ok((chosen(action)?, None)),
        id if let Some(line) = id.strip_prefix(PICK) => {
            let chosen = action.selected_option.as_ref().map(|option| option.value.trim());
            let chosen =
                chosen.filter(|value| !value.is_empty()).ok_or_else(|| Unreadable::new("nothing was chosen"))?;
            return Ok((Event::Command(format!("{line} {chosen}")), None));
        }
        STOP => {
            let delivery = action.value.as_deref().and_then(|value| value.parse().ok());
            let delivery = delivery.ok_or_else(|| Unreadable::new("the button names no draft"))?;
            return Ok((Event::Stop { delivery }, None));
        }
        ADD_ACCOUNT => {
            let context = AccountContext { venue: spot.venue.clone(), response_url: spot.response_url.clone() };
            return Ok((Event::Nothing, Some(Form::Account(context))));
        }
        _ => {}
    }
    let Some(kind) = action.action_id.strip_prefix("patch.").and_then(Action::from_word) else {
        return Ok((Event::Nothing, None));
    };
    let (patch, revision) = action
        .value
        .as_deref()
        .and_then(|value| value.split_once(':'))
        .and_then(|(patch, revision)| Some((patch.parse().ok()?, revision.parse().ok()?)))
        .ok_or_else(|| Unreadable::new("the button names no patch"))?;
    Ok(match kind {
        Action::Reject | Action::RequestChanges | Action::Object => {
            let context = FormContext {
                patch,
                revision,
                venue: spot.venue.clone(),
                message: spot.message.clone(),
                response_url: spot.response_url.clone(),
            };
            (Event::Nothing, Some(Form::Patch { action: kind, context }))
        }
        Action::Approve | Action::Details | Action::Undo | Action::Rebase | Action::Renew | Action::Withdraw => {
            let steps = if kind == Action::Approve { ticked(state)? } else { None };
            (Event::Click(Click { action: kind, patch, revision, steps, words: None }), None)
        }
    })
}

/// A choice among meanings: its words and the command they were chosen to mean, as a JSON list.
fn chosen(action: &Pressed) -> Result<Event, Unreadable> {
    let value = action.value.as_deref().filter(|value| value.chars().count() <= VALUE);
    match value.and_then(|value| serde_json::from_str::<(String, String)>(value).ok()) {
        Some((words, line)) if !words.trim().is_empty() && !line.trim().is_empty() && is_offered(&line) => {
            Ok(Event::Chosen { words, line })
        }
        _ => Err(Unreadable::new("the button names no choice")),
    }
}

/// The ticked steps; `None` where the card has no boxes.
fn ticked(state: Option<&State>) -> Result<Option<BTreeSet<usize>>, Unreadable> {
    let Some(boxes) = state.and_then(|state| state.values.values().find_map(|block| block.get(STEPS))) else {
        return Ok(None);
    };
    let selected = boxes.get("selected_options").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let step = |option: &Value| option.get("value")?.as_str()?.parse().ok();
    let steps: Option<BTreeSet<usize>> = selected.iter().map(step).collect();
    steps.map(Some).ok_or_else(|| Unreadable::new("a tick box has no step"))
}

fn submitted(payload: &Payload, team: &str, reply: Reply, body: &[u8]) -> Result<Received, Unreadable> {
    let view = payload.view.as_ref().ok_or_else(|| Unreadable::new("the submission has no view"))?;
    let user = payload.user.as_ref().map(|user| user.id.clone());
    if view.callback_id == ADD_ACCOUNT {
        return Ok(account_submitted(view, team, user, reply));
    }
    let action = view.callback_id.strip_prefix("patch.").and_then(Action::from_word);
    let Some(action @ (Action::Reject | Action::RequestChanges | Action::Object)) = action else {
        return Ok(Received {
            team: team.to_owned(),
            dedupe_key: fingerprint(body),
            incoming: nothing(user.map(|user| identity(team, user)), None),
            reply,
            form: None,
        });
    };
    let context: FormContext = json(&view.private_metadata)?;
    let words = words(view);
    // The same view can be sent again after its words were refused: the words are part of what was sent.
    let said = fingerprint(words.as_deref().unwrap_or_default().as_bytes());
    let hash = view.hash.as_deref().unwrap_or_default();
    Ok(Received {
        team: team.to_owned(),
        dedupe_key: format!(
            "view:{team}:{}:{}:{hash}:{}:{}",
            user.as_deref().unwrap_or("-"),
            view.id,
            view.callback_id,
            said.get(..16).unwrap_or_default(),
        ),
        incoming: Incoming {
            sender: user.map(|user| identity(team, user)),
            // The team is the verified one, whatever the form remembers.
            venue: context.venue.map(|at| venue(team, at.channel, at.thread)),
            event: Event::Click(Click { action, patch: context.patch, revision: context.revision, steps: None, words }),
            heard: None,
            is_private: false,
        },
        reply: Reply { response_url: context.response_url, ..reply },
        form: None,
    })
}

/// Never unreadable: a body that is can't be stored, because it may hold a key.
fn account_submitted(view: &View, team: &str, user: Option<String>, reply: Reply) -> Received {
    let context: AccountContext = serde_json::from_str(&view.private_metadata).unwrap_or_default();
    let sender = user.as_deref().unwrap_or("-");
    Received {
        team: team.to_owned(),
        // Nothing of what was filled in: a fingerprint of a key is a trace of it.
        dedupe_key: format!("view:{team}:{sender}:{}:{}:{ADD_ACCOUNT}", view.id, view.hash.as_deref().unwrap_or("")),
        incoming: Incoming {
            sender: user.map(|user| identity(team, user)),
            venue: context.venue.map(|at| venue(team, at.channel, at.thread)),
            event: Event::Account(account::form(view.state.as_ref())),
            heard: None,
            is_private: false,
        },
        reply: Reply { response_url: context.response_url, ..reply },
        form: None,
    }
}

fn words(view: &View) -> Option<String> {
    let typed = view.state.as_ref()?.values.get(WORDS)?.get(WORDS)?.get("value")?.as_str()?.trim();
    present(Some(typed.to_owned()))
}
