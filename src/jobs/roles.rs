//! Giving members their roles.

use serde_json::json;

use crate::{
    domain::{
        ids::MemberId,
        member::{Member, NamingRefusal, Role, may_name},
        message::Message,
    },
    error::{Result, UserError},
    jobs::{Desk, handle::Talk, trail},
    review::{change::in_charge, decide::as_stored, words::list},
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
    changed(desk, tx, &named, whom.role, Some((by.id, talk.venue))).await?;
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

/// Refuses whoever is neither owner nor admin, in these words, and names those who are.
pub(super) async fn only_in_charge(tx: &mut Tx, member: &Member, words: &str) -> Result<()> {
    if member.is_in_charge() {
        return Ok(());
    }
    Err(UserError::new(format!("{words}{}", in_charge(tx).await?)).into())
}

/// Writes down that a member has another role.
pub(super) async fn changed(
    desk: &Desk,
    tx: &mut Tx,
    member: &Member,
    before: Role,
    by: trail::By<'_>,
) -> store::Result<()> {
    let states = (json!({ "role": before }), json!({ "role": member.role }));
    trail::record(desk, tx, by, ("member.role", member.id.to_string()), states).await
}
