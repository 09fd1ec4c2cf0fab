//! Who sent a delivery, as the platform tells us now.

use crate::{
    chat::slack::{SlackClient, SlackError},
    domain::{
        ids::TenantId,
        job::JobError,
        member::{Identity, Member, Role, Standing, Surface},
    },
    jobs::Desk,
};

/// The member behind an identity, made on first sight.
///
/// The platform is asked even about somebody we know: a decision counts only for who the person is now.
/// Where it does not answer, the standing is `Unknown`, which never decides anything.
pub(super) async fn recognise(desk: &Desk, tenant: TenantId, identity: &Identity) -> Result<Member, JobError> {
    let known = desk.store.read(tenant).await?.member_by_identity(identity).await?;
    let mut member = known.clone().unwrap_or_else(|| stranger(desk, identity));
    let at_slack = match (identity.surface, &known) {
        (Surface::Slack, _) => Some(identity.clone()),
        // Whoever Slack vouches for is on the pages who they are in Slack, now.
        (Surface::Console, Some(known)) => slack_identity(desk, tenant, known).await?,
        (Surface::Console, None) => None,
    };
    let asked = match &at_slack {
        None => Ok(()),
        Some(identity) => match desk.slack(tenant, &identity.team).await {
            Ok(slack) => look_up(&slack, identity, &mut member).await,
            Err(error) => Err(error),
        },
    };
    if let Err(SlackError::RateLimited(pause)) = asked {
        return Err(JobError::Wait(pause));
    }
    if let Err(error) = asked {
        // Whoever proposes need not be known; whoever decides does, and is told so.
        tracing::warn!(%error, "Slack does not say who a user is; the person can't decide until it does");
        member.standing = Standing::Unknown;
        if known.is_some() {
            return Ok(member);
        }
    }
    if known.as_ref() == Some(&member) {
        return Ok(member);
    }
    remember(desk, tenant, identity, &member).await
}

/// How Slack knows a member, where it does.
async fn slack_identity(desk: &Desk, tenant: TenantId, member: &Member) -> Result<Option<Identity>, JobError> {
    let identities = desk.store.read(tenant).await?.identities(member.id).await?;
    Ok(identities.into_iter().find(|identity| identity.surface == Surface::Slack))
}

/// Makes members of the people that a line mentions, so that work can be given to somebody who never
/// spoke to Docket. Somebody whom the platform does not know is left out; the line then says so itself.
pub(super) async fn meet(desk: &Desk, tenant: TenantId, sender: &Identity, line: &str) -> Result<(), JobError> {
    let users = line.split("<@").skip(1).filter_map(|rest| rest.split_once('>')).map(|(user, _)| user);
    for user in users.take(MENTIONS) {
        let identity = Identity { user: user.to_owned(), ..sender.clone() };
        let is_known = desk.store.read(tenant).await?.member_by_identity(&identity).await?.is_some();
        if is_known || sender.surface != Surface::Slack {
            continue;
        }
        let mut member = stranger(desk, &identity);
        let asked = match desk.slack(tenant, &identity.team).await {
            Ok(slack) => look_up(&slack, &identity, &mut member).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(()) => drop(remember(desk, tenant, &identity, &member).await?),
            Err(error) => tracing::warn!(%error, "Slack does not say who a mentioned user is"),
        }
    }
    Ok(())
}

/// People looked up for one line at most.
const MENTIONS: usize = 20;

/// Takes over what Slack says about the person.
async fn look_up(slack: &SlackClient, identity: &Identity, member: &mut Member) -> Result<(), SlackError> {
    let user = slack.user(&identity.user, &identity.team).await?;
    member.name = user.name;
    member.standing = user.standing;
    // Until owners are named here, those who administer the workspace are.
    member.role = if user.is_admin { Role::Owner } else { Role::Member };
    member.time_zone = user.time_zone.unwrap_or_else(|| member.time_zone.clone());
    Ok(())
}

fn stranger(desk: &Desk, identity: &Identity) -> Member {
    Member {
        id: desk.chance.id(),
        name: identity.user.clone(),
        role: Role::Member,
        standing: Standing::Unknown,
        time_zone: "UTC".to_owned(),
    }
}

/// Stores the member, unless another job has made one for the same identity in the meantime: then that
/// one takes over what we learned.
async fn remember(desk: &Desk, tenant: TenantId, identity: &Identity, member: &Member) -> Result<Member, JobError> {
    let mut tx = desk.store.write(tenant).await?;
    // Two first messages of one new person are handled at the same time, if they come from two channels.
    tx.lock_tenant().await?;
    let stored = match tx.member_by_identity(identity).await? {
        Some(other) => Member { id: other.id, role: other.role, ..member.clone() },
        None => member.clone(),
    };
    tx.put_member(&stored, identity).await?;
    tx.commit().await?;
    Ok(stored)
}
