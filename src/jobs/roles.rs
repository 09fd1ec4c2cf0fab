//! Giving members their roles.

use serde_json::json;

use crate::{
    domain::{
        audit::AuditEntry,
        event::Venue,
        ids::MemberId,
        member::{Member, NamingRefusal, Role, may_name},
        message::Message,
    },
    error::{Result, UserError},
    jobs::{Desk, handle::Talk},
    review::{decide::as_stored, words::list},
    store::{self, Tx},
};

/// A role for somebody.
pub(super) struct RoleWish {
    pub(super) member: MemberId,
    pub(super) role: Role,
}

/// Gives somebody a role; says what it lets them do.
pub(super) async fn set_role(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &RoleWish) -> Result<Message> {
    // Two owners who unmake each other at once would otherwise leave none.
    tx.lock_tenant().await?;
    let by = as_stored(tx, talk.member).await?;
    let Some(whom) = tx.member(wish.member).await? else {
        return Err(UserError::new("That member is gone. /docket role lists those there are.").into());
    };
    let owners = tx.owners().await?;
    let others = owners.iter().filter(|owner| owner.id != whom.id).count();
    if let Err(refusal) = may_name(&by, &whom, wish.role, others) {
        let members = tx.members().await?;
        return Err(UserError::new(refused(refusal, &by, &members)).into());
    }
    if whom.role == wish.role {
        return Ok(Message::text(format!("{} is {} already.", whom.name, wish.role.with_article())));
    }
    tx.set_role(whom.id, wish.role).await?;
    let named = Member { role: wish.role, ..whom.clone() };
    record(desk, tx, &named, whom.role, Some(by.id), Some(talk.venue)).await?;
    let counts = if named.effective_role() == named.role {
        named.role.may().to_owned()
    } else {
        "It counts once they are a full member of the workspace; until then they are a viewer.".to_owned()
    };
    Ok(Message::text(format!("{} is {} now. {counts}", named.name, named.role.with_article())))
}

fn refused(refusal: NamingRefusal, by: &Member, members: &[Member]) -> String {
    let able = |member: &&Member| match refusal {
        NamingRefusal::NotInCharge => member.is_in_charge(),
        NamingRefusal::NotOwner => member.effective_role() == Role::Owner,
        NamingRefusal::LastOwner => false,
    };
    let names: Vec<&str> =
        members.iter().filter(able).filter(|member| member.id != by.id).map(|member| member.name.as_str()).collect();
    let names = names.get(..5).unwrap_or(&names);
    let can = if names.is_empty() { String::new() } else { format!(" {} can.", list(names, "or")) };
    format!("Nothing was changed: {refusal}.{can}")
}

/// Writes down that a member has another role. `by` is `None` where a rule gave it.
pub(super) async fn record(
    desk: &Desk,
    tx: &mut Tx,
    member: &Member,
    before: Role,
    by: Option<MemberId>,
    venue: Option<&Venue>,
) -> store::Result<()> {
    let entry = AuditEntry {
        id: desk.chance.id(),
        at: desk.chance.now(),
        actor: by,
        action: "member.role".to_owned(),
        subject: member.id.to_string(),
        venue: venue.cloned(),
        before: json!({ "role": before }),
        after: json!({ "role": member.role }),
    };
    tx.record(&entry).await
}
