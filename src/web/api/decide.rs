//! Deciding: what a press on a card does, asked for by a program.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::IF_MATCH},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::Web,
    answer::Answer,
    ask::{Named, json_or_nothing},
    caller::Caller,
    once::{Deed, Order, Turn},
    patch::Patch,
    patches,
    problem::{Kind, Mistake, Problem, Told},
    propose::{card_venue, made},
};
use crate::{
    domain::{
        event::{Action, Click, Venue},
        message::Message,
        patch::{self, PatchCode, PatchState},
        policy::{Circle, Refusal},
        token::Scope,
    },
    review::{
        circle::Circles,
        decide::{Decided, decide as take_decision, expire, refuse},
        facts::Facts,
        propose::{Proposal, Proposed, propose},
        replies,
        take_back::take_back,
    },
    store::Tx,
};

/// Characters of a reason.
const MAX_REASON: usize = 2000;

/// An approval.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// The revision of the patch that was read; not needed with `If-Match`.
    #[schema(example = 1)]
    revision: Option<u32>,
    /// The steps to approve, where it is a part; what they need comes along.
    steps: Option<Vec<usize>>,
}

/// A rejection.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rejection {
    /// The revision of the patch that was read; not needed with `If-Match`.
    #[schema(example = 1)]
    revision: Option<u32>,
    /// Why: it stands on the card.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// A wish to take a patch back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Undoing {
    /// The revision of the patch that was read; whatever it is where nothing is said.
    #[schema(example = 1)]
    revision: Option<u32>,
    /// Why: it stands on the card.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decided)]
pub(super) struct Outcome {
    /// In a sentence or two.
    #[schema(example = "✓ P-41 is applied. AUTH is at revision 4.")]
    message: String,
    /// The patch as it is now: it stays `proposed` where more approvals are needed.
    patch: Patch,
}

/// What is to be decided.
pub(super) struct Wanted {
    code: PatchCode,
    action: Action,
    /// The revision that the caller read.
    revision: Option<u32>,
    steps: Option<BTreeSet<usize>>,
    words: String,
}

/// Approve a patch, wholly or in part.
///
/// With the last approval that the policy asks for, it is applied.
#[utoipa::path(
    post, path = "/patches/{code}/approve", operation_id = "approve_patch", tag = "patches", security(("token" = ["decide"])),
    params(("code" = String, Path, description = "The patch's code.", example = "P-41")),
    request_body(content = Option<Approval>, example = json!({ "revision": 1 })),
    responses(
        (status = 200, description = "It counts.", body = Outcome),
        (status = 403, description = "The policy does not let you.", body = Told, content_type = "application/problem+json"),
        (status = 404, description = "There is no such patch.", body = Told, content_type = "application/problem+json"),
        (status = 409, description = "It was decided before, has a newer text, or the plan has moved under it.", body = Told,
            content_type = "application/problem+json"),
        (status = 428, description = "Neither `revision` nor `If-Match` says which text was read.", body = Told,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn approve(
    State(web): State<Web>,
    caller: Caller,
    Named(code): Named,
    order: Order,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Decide)?;
    let Approval { revision, steps } = json_or_nothing(&order.headers, &order.body)?;
    let revision = Some(required(read_revision(&order.headers, revision)?)?);
    let steps = steps.map(|steps| steps.into_iter().collect());
    let wanted = Wanted { code: read_code(&code)?, action: Action::Approve, revision, steps, words: String::new() };
    order.once(&web, &caller, &Deed::Decide(wanted)).await
}

/// Reject a patch.
#[utoipa::path(
    post, path = "/patches/{code}/reject", operation_id = "reject_patch", tag = "patches", security(("token" = ["decide"])),
    params(("code" = String, Path, description = "The patch's code.", example = "P-41")),
    request_body(content = Option<Rejection>, example = json!({ "revision": 1, "reason": "Not before the audit." })),
    responses(
        (status = 200, description = "It is rejected.", body = Outcome),
        (status = 403, description = "The policy does not let you.", body = Told, content_type = "application/problem+json"),
        (status = 404, description = "There is no such patch.", body = Told, content_type = "application/problem+json"),
        (status = 409, description = "It was decided before, or has a newer text.", body = Told,
            content_type = "application/problem+json"),
        (status = 428, description = "Neither `revision` nor `If-Match` says which text was read.", body = Told,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn reject(
    State(web): State<Web>,
    caller: Caller,
    Named(code): Named,
    order: Order,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Decide)?;
    let Rejection { revision, reason } = json_or_nothing(&order.headers, &order.body)?;
    let revision = Some(required(read_revision(&order.headers, revision)?)?);
    let words = short(reason)?;
    let wanted = Wanted { code: read_code(&code)?, action: Action::Reject, revision, steps: None, words };
    order.once(&web, &caller, &Deed::Decide(wanted)).await
}

/// Propose to take an applied patch back.
///
/// That is a patch of its own, which waits for a decision like any other.
#[utoipa::path(
    post, path = "/patches/{code}/undo", operation_id = "undo_patch", tag = "patches", security(("token" = ["propose"])),
    params(("code" = String, Path, description = "The applied patch's code.", example = "P-41")),
    request_body(content = Option<Undoing>, example = json!({ "reason": "It was meant for another project." })),
    responses(
        (status = 201, description = "The patch that takes it back.", body = Patch),
        (status = 403, description = "The policy does not let you.", body = Told, content_type = "application/problem+json"),
        (status = 404, description = "There is no such patch.", body = Told, content_type = "application/problem+json"),
        (status = 409, description = "It is not applied, or nothing of it is in effect any more.", body = Told,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn take_it_back(
    State(web): State<Web>,
    caller: Caller,
    Named(code): Named,
    order: Order,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Propose)?;
    let Undoing { revision, reason } = json_or_nothing(&order.headers, &order.body)?;
    let revision = read_revision(&order.headers, revision)?;
    let wanted = Wanted { code: read_code(&code)?, action: Action::Undo, revision, steps: None, words: short(reason)? };
    order.once(&web, &caller, &Deed::Undo(wanted)).await
}

/// Takes a decision.
pub(super) async fn decide(
    web: &Web,
    tx: &mut Tx,
    caller: &Caller,
    wanted: &Wanted,
    circles: &Circles,
) -> Result<Turn, Problem> {
    let patch = locked(web, tx, wanted.code).await?;
    if patch.state != PatchState::Proposed {
        return Ok(told(web, Kind::Conflict, &replies::already_decided(&facts(web, tx, &patch).await?)));
    }
    let click = wanted.click(&patch)?;
    let policy = tx.policy_of(patch.project).await?;
    let is_approval = wanted.action == Action::Approve;
    let circle = if is_approval {
        match circles.of(tx, &policy, web.chance.now()).await? {
            Ok(circle) => circle,
            Err(group) => return Ok(Turn::Circle(group)),
        }
    } else {
        Circle::Unknown
    };
    if is_approval && policy.may_approve(&caller.member, &patch, &circle) == Err(Refusal::GroupUnknown) {
        // It may be different in a minute, so it is no answer to keep.
        let words = "Slack did not say who is in the user group that approves here, so nothing was done. Send it again \
            in a minute.";
        return Err(Problem::new(Kind::Unavailable, words));
    }
    // Everything else that could be refused is ruled out above: what is left is the policy.
    let venue = Venue::api();
    if let Some(refusal) = refuse(tx, &patch, &click, &caller.member, (&venue, &circle), &web.chance).await? {
        return Ok(told(web, Kind::Forbidden, &refusal));
    }
    let decided = take_decision(tx, &click, &caller.member, &venue, circles, &web.chance).await?;
    let message = match decided {
        Decided::Lost => return Ok(Turn::Again),
        Decided::Ask(group) => return Ok(Turn::Circle(group)),
        Decided::Done(message) => message,
        Decided::Told(message) => {
            let now = facts(web, tx, &patch).await?;
            let counts = now.approvals.contains(&caller.member.id) && now.stale.is_empty();
            if !counts {
                return Ok(told(web, Kind::Conflict, &message));
            }
            message
        }
    };
    let patch = tx.patch(patch.id).await?.ok_or_else(patches::no_patch)?;
    let shown = patches::shown(web, tx, &patch).await?;
    tracing::info!(patch = %patch.code, state = patch.state.as_str(), "decided through the API");
    let outcome = Outcome { message: message.summary, patch: shown };
    Ok(Turn::Done(Answer::revised(StatusCode::OK, &outcome, patch.revision)?))
}

/// Proposes to take a patch back.
pub(super) async fn undo(
    web: &Web,
    tx: &mut Tx,
    caller: &Caller,
    wanted: &Wanted,
    circles: &Circles,
) -> Result<Turn, Problem> {
    let patch = locked(web, tx, wanted.code).await?;
    let PatchState::Applied { revision: made_revision, .. } = patch.state else {
        return Ok(told(web, Kind::Conflict, &replies::already_decided(&facts(web, tx, &patch).await?)));
    };
    let click = wanted.click(&patch)?;
    if let Some(open) = tx.open_patches_of(patch.project).await?.iter().find(|open| open.undoes == Some(patch.id)) {
        return Ok(told(web, Kind::Conflict, &replies::undo_proposed(open.code, patch.code)));
    }
    let venue = Venue::api();
    if let Some(refusal) = refuse(tx, &patch, &click, &caller.member, (&venue, &Circle::Unknown), &web.chance).await? {
        return Ok(told(web, Kind::Forbidden, &refusal));
    }
    let Some((mut draft, target)) = take_back(tx, &patch, made_revision).await? else {
        return Ok(told(web, Kind::Conflict, &replies::nothing_to_undo(patch.code)));
    };
    draft.method = caller.method();
    let card = card_venue(tx, Some(patch.project)).await?;
    let proposal = Proposal {
        draft,
        author: &caller.member,
        venue: &venue,
        card: &card,
        message: None,
        words: &wanted.words,
        delivery: None,
        target,
        supersedes: None,
        undoes: Some(patch.id),
        waits: !caller.decides(),
        moves: BTreeSet::new(),
    };
    match propose(tx, proposal, circles, &web.chance).await? {
        Proposed::Stored(patch) => Ok(Turn::Done(made(web, tx, &patch).await?)),
        Proposed::Lost => Ok(Turn::Again),
        Proposed::Ask(group) => Ok(Turn::Circle(group)),
    }
}

impl Wanted {
    /// The press on a card that says the same.
    fn click(&self, patch: &patch::Patch) -> Result<Click, Problem> {
        let revision = self.revision.unwrap_or(patch.revision);
        if revision != patch.revision {
            let words = format!(
                "{} has revision {} by now, and you read revision {revision}. Read it again, then decide.",
                patch.code, patch.revision
            );
            return Err(Problem::new(Kind::OldRevision, words));
        }
        let last = patch.steps.len().saturating_sub(1);
        let wrong = |step: usize| Mistake {
            pointer: "/steps".to_owned(),
            detail: format!("{} has no step {step}: they are numbered 0 to {last}.", patch.code),
        };
        let steps = self.steps.iter().flatten().copied();
        let mut mistakes: Vec<_> = steps.filter(|step| *step > last).map(wrong).collect();
        if self.steps.as_ref().is_some_and(BTreeSet::is_empty) {
            let detail = "No step is approved. Name some, leave `steps` out for all, or reject it.".to_owned();
            mistakes.push(Mistake { pointer: "/steps".to_owned(), detail });
        }
        if !mistakes.is_empty() {
            return Err(Problem::mistakes(mistakes));
        }
        let words = Some(self.words.clone()).filter(|words| !words.is_empty());
        Ok(Click { action: self.action, patch: patch.id, revision, steps: self.steps.clone(), words })
    }
}

/// The patch, kept from every other decision, and lapsed where its time has come.
async fn locked(web: &Web, tx: &mut Tx, code: PatchCode) -> Result<patch::Patch, Problem> {
    let id = tx.patch_by_code(code).await?.ok_or_else(patches::no_patch)?.id;
    let patch = tx.lock_patch(id).await?.ok_or_else(patches::no_patch)?;
    if patch.state == PatchState::Proposed && patch.expires_at <= web.chance.now() {
        expire(tx, &patch, &web.chance).await?;
        return tx.patch(id).await?.ok_or_else(patches::no_patch);
    }
    Ok(patch)
}

async fn facts(web: &Web, tx: &mut Tx, patch: &patch::Patch) -> Result<Facts, Problem> {
    Ok(Facts::load(tx, patch, web.chance.now()).await?)
}

/// A refusal that is kept, as everything that was written on its way: an attempt in the trail, a patch that lapsed.
fn told(web: &Web, kind: Kind, message: &Message) -> Turn {
    Turn::Done(Problem::new(kind, message.summary.clone()).tell(web))
}

fn read_code(code: &str) -> Result<PatchCode, Problem> {
    code.parse().map_err(|()| patches::no_patch())
}

/// The revision that the caller read, from the body or from the `ETag` of the patch in `If-Match`, which begins with it.
fn read_revision(headers: &HeaderMap, said: Option<u32>) -> Result<Option<u32>, Problem> {
    let Some(tag) = headers.get(IF_MATCH) else { return Ok(said) };
    let tag = tag.to_str().unwrap_or_default().trim().trim_start_matches("W/");
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let shown = inner
        .and_then(|tag| tag.split('-').next()?.parse::<u32>().ok())
        .ok_or_else(|| Problem::new(Kind::Malformed, "The If-Match has to be the ETag of the patch as you read it."))?;
    if said.is_some_and(|said| said != shown) {
        return Err(Problem::new(
            Kind::Malformed,
            "The revision and If-Match name two revisions: send one of the two.",
        ));
    }
    Ok(Some(shown))
}

fn required(revision: Option<u32>) -> Result<u32, Problem> {
    revision.ok_or_else(|| {
        let words = "Say which text you read: send its `revision`, or the ETag of the patch as If-Match.";
        Problem::new(Kind::Condition, words)
    })
}

fn short(reason: Option<String>) -> Result<String, Problem> {
    let reason = reason.unwrap_or_default().trim().to_owned();
    if reason.chars().count() > MAX_REASON {
        let detail = format!("The reason is too long: at most {MAX_REASON} characters fit.");
        return Err(Problem::mistakes(vec![Mistake { pointer: "/reason".to_owned(), detail }]));
    }
    Ok(reason)
}
