//! What changes something: done in one transaction, and done once however often it is sent.
//!
//! With an `Idempotency-Key` the claim of the key, the change and its answer are committed together. The same request
//! again gets the first answer, also after a restart; sent at the same time, it waits for it. Only what failed on our
//! side is not kept.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header::IF_MATCH},
};
use sha2::{Digest, Sha256};

use super::{
    super::Web,
    answer::Answer,
    ask::whole,
    caller::Caller,
    decide,
    problem::{Kind, Problem},
    propose,
};
use crate::{
    domain::{
        ids::TenantId,
        member::{Standing, Surface},
        policy::Group,
    },
    review::circle::Circles,
    store::{Kept, Request as Repeatable, Tx},
};

/// The header with the caller's name for a request (draft-ietf-httpapi-idempotency-key-header).
pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// Characters of a key.
const MAX_KEY: usize = 255;
/// How often a change is made again because the world moved before it was stored.
const TRIES: usize = 5;

/// A request that is to change something.
pub(super) struct Order {
    method: Method,
    uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl FromRequest<Web> for Order {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
        let body = whole(Bytes::from_request(request, web).await)?;
        Ok(Self { method, uri, headers, body })
    }
}

/// What is to be done.
pub(super) enum Deed {
    /// Propose a change.
    Propose(propose::Wanted),
    /// Approve or reject.
    Decide(decide::Wanted),
    /// Propose to take an applied patch back.
    Undo(decide::Wanted),
}

/// Whether a deed came to its end.
pub(super) enum Turn {
    /// It did, or was refused in a way that is to be kept: commit.
    Done(Answer),
    /// The world moved: do it again.
    Again,
    /// Slack has to be asked who is in this group, and then it is done again.
    Circle(Group),
}

impl Deed {
    async fn carry_out(&self, web: &Web, tx: &mut Tx, caller: &Caller, circles: &Circles) -> Result<Turn, Problem> {
        match self {
            Self::Propose(wanted) => propose::propose(web, tx, caller, wanted, circles).await,
            Self::Decide(wanted) => decide::decide(web, tx, caller, wanted, circles).await,
            Self::Undo(wanted) => decide::undo(web, tx, caller, wanted, circles).await,
        }
    }
}

impl Order {
    /// Does it, or says again what was answered when it was done.
    pub(super) async fn once(&self, web: &Web, caller: &Caller, deed: &Deed) -> Result<Answer, Problem> {
        let request = self.repeatable(caller)?;
        let caller = &as_they_are_now(web, caller).await?;
        let mut circles = Circles::default();
        for _ in 0..TRIES {
            let mut tx = web.store.write(caller.tenant).await?;
            if let Some(kept) = claim(web, &mut tx, request.as_ref()).await? {
                return replay(kept, request.as_ref());
            }
            match deed.carry_out(web, &mut tx, caller, &circles).await {
                Ok(Turn::Done(answer)) => {
                    keep(&mut tx, request.as_ref(), &answer).await?;
                    tx.commit().await?;
                    return Ok(answer);
                }
                Ok(Turn::Again) => {}
                Ok(Turn::Circle(group)) => {
                    // No transaction waits for a network.
                    drop(tx);
                    let users = users_in(web, caller.tenant, &group).await;
                    circles.put(group, users, web.chance.now());
                }
                Err(problem) if request.is_none() || problem.is_ours() => return Err(problem),
                Err(problem) => {
                    // What was written up to here goes; that it was refused stays.
                    drop(tx);
                    let mut tx = web.store.write(caller.tenant).await?;
                    if let Some(kept) = claim(web, &mut tx, request.as_ref()).await? {
                        return replay(kept, request.as_ref());
                    }
                    let answer = problem.tell(web);
                    keep(&mut tx, request.as_ref(), &answer).await?;
                    tx.commit().await?;
                    return Ok(answer);
                }
            }
        }
        let words = "The plan kept changing while it was being changed, so nothing was done. Send it again.";
        Err(Problem::new(Kind::Unavailable, words))
    }

    /// The request as it is recognised again, where the caller gave it a name.
    fn repeatable(&self, caller: &Caller) -> Result<Option<Repeatable>, Problem> {
        let Some(key) = self.headers.get(KEY) else { return Ok(None) };
        let key = key.to_str().ok().filter(|key| (1..=MAX_KEY).contains(&key.len()));
        let key = key.ok_or_else(|| {
            let words = format!("The Idempotency-Key has to be 1 to {MAX_KEY} plain characters, such as a UUID.");
            Problem::new(Kind::Malformed, words)
        })?;
        let condition = self.headers.get(IF_MATCH).map(|tag| tag.as_bytes().to_vec()).unwrap_or_default();
        let address = self.uri.path_and_query().map_or("", |address| address.as_str());
        let mut digest = Sha256::new();
        for part in [self.method.as_str().as_bytes(), address.as_bytes(), &condition, &self.body] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let fingerprint = hex::encode(digest.finalize());
        Ok(Some(Repeatable { caller: caller.key(), key: key.to_owned(), fingerprint }))
    }
}

/// The caller as Slack says now, where it vouches for them: what changes something counts for who the person is in this
/// moment. Where Slack is silent they are unknown, and decide nothing.
async fn as_they_are_now(web: &Web, caller: &Caller) -> Result<Caller, Problem> {
    let mut member = caller.member.clone();
    let identities = web.store.read(caller.tenant).await?.identities(member.id).await?;
    let at_slack = identities.into_iter().find(|identity| identity.surface == Surface::Slack);
    if let (Some(teams), Some(identity)) = (&web.teams, at_slack) {
        let asked = match teams.client(caller.tenant, &identity.team).await {
            Ok(slack) => slack.user(&identity.user, &identity.team).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(profile) if profile.standing != member.standing => {
                member.standing = profile.standing;
                let mut tx = web.store.write(caller.tenant).await?;
                tx.put_member(&member, &identity).await?;
                tx.commit().await?;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "Slack does not say who a caller is; they can't decide until it does");
                if member.standing == Standing::Full {
                    member.standing = Standing::Unknown;
                }
            }
        }
    }
    Ok(Caller { tenant: caller.tenant, member, token: caller.token.clone() })
}

/// The user ids that are in a group, as Slack says now; `None` where it does not.
async fn users_in(web: &Web, tenant: TenantId, group: &Group) -> Option<BTreeSet<String>> {
    let slack = web.teams.as_ref()?.client(tenant, &group.team).await;
    let asked = match slack {
        Ok(slack) => slack.group(&group.id).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(users) => Some(users),
        Err(error) => {
            tracing::warn!(%error, "Slack does not say who is in a user group; nobody decides for it until it does");
            None
        }
    }
}

async fn claim(web: &Web, tx: &mut Tx, request: Option<&Repeatable>) -> Result<Option<Kept>, Problem> {
    let Some(request) = request else { return Ok(None) };
    let now = web.chance.now();
    Ok(tx.claim_request(request, now, now.minus(KEPT_FOR)).await?)
}

async fn keep(tx: &mut Tx, request: Option<&Repeatable>, answer: &Answer) -> Result<(), Problem> {
    let Some(request) = request else { return Ok(()) };
    let kept = Kept {
        fingerprint: request.fingerprint.clone(),
        status: answer.status.as_u16(),
        headers: answer.headers.clone(),
        body: answer.body.clone(),
    };
    Ok(tx.answer_request(request, &kept).await?)
}

/// The first answer again, or why it can't be that.
fn replay(kept: Kept, request: Option<&Repeatable>) -> Result<Answer, Problem> {
    if request.is_none_or(|request| request.fingerprint != kept.fingerprint) {
        let words = "Another request was sent with this Idempotency-Key in the last 24 hours. Give each its own key.";
        return Err(Problem::new(Kind::KeyReused, words));
    }
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let answer = Answer { status, headers: kept.headers, body: kept.body };
    Ok(answer.with(REPLAYED.as_str(), "true"))
}
