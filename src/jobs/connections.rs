//! Keeping connections alive, telling owners of those that broke, and taking back what was disconnected.

use crate::{
    chat::console,
    connect::vault::Unusable,
    domain::{
        connection::{Condition, Connection},
        ids::{ConnectionId, MemberId, TenantId},
        job::JobError,
        member::{Member, Role, Surface},
        message::{Block, Button, ButtonStyle, Line, Message, Press, Span},
        provider::Provider,
        tenant::Installation,
        time::Timestamp,
    },
    jobs::{
        Desk,
        cards::{Tries, write_to},
    },
    store::Tx,
};

/// How long a provider that stays away is left alone before it is asked again, once the usual attempts are used up.
const LONG_PAUSE: std::time::Duration = std::time::Duration::from_mins(10);

/// The page where everything is connected.
const PAGE: &str = "/connect";

/// Refreshes a connection ahead of its token's end, and queues the next time.
pub(super) async fn refresh(desk: &Desk, tenant: TenantId, id: ConnectionId, tries: Tries) -> Result<(), JobError> {
    let Some(before) = desk.store.read(tenant).await?.connection(id).await? else { return Ok(()) };
    if before.condition != Condition::Live {
        return Ok(());
    }
    let life = before
        .expires_at
        .map_or_else(Default::default, |end| end.since(before.refreshed_at.unwrap_or(before.connected_at)));
    let current = match desk.vault.renew(tenant, id, Connection::ahead(life)).await {
        Ok(current) => current,
        // Its owners are told by a job of its own.
        Err(Unusable::Broken(_) | Unusable::Gone) => return Ok(()),
        // A provider that is away for long breaks nothing: what it gave works until it ends, and then it is asked again.
        Err(error) if tries.is_last => {
            tracing::warn!(connection = %id, %error, "a token could not be refreshed yet");
            return Err(JobError::Wait(LONG_PAUSE));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(current) = current.filter(|current| current.condition == Condition::Live) else { return Ok(()) };
    let mut tx = desk.store.write(tenant).await?;
    desk.vault.schedule(&mut tx, &current).await?;
    Ok(tx.commit().await?)
}

/// Takes back what a provider granted to a connection that was disconnected.
pub(super) async fn revoke(desk: &Desk, tenant: TenantId, id: ConnectionId, tries: Tries) -> Result<(), JobError> {
    Ok(desk.vault.revoke(tenant, id, tries.is_last).await?)
}

/// Slack says that the app was taken out of a team, or its token revoked: that team's connection is broken, and no
/// other's. The team is that of the verified sender.
pub(super) async fn removed(desk: &Desk, tx: &mut Tx, team: &str, what: &str) -> crate::store::Result<()> {
    if let Some(installation) = tx.installation(Surface::Slack, team).await? {
        tracing::warn!(team, what, "Docket was removed from a Slack workspace");
        tx.put_installation(&Installation { removed: Some(what.to_owned()), ..installation }).await?;
    }
    if let Some(connection) = tx.connection_to(Provider::Slack, team, None).await? {
        let why = match what {
            "app_uninstalled" => "The app was uninstalled in Slack.",
            _ => "The app's token was revoked in Slack.",
        };
        desk.vault.break_in(tx, &connection, why).await?;
    }
    Ok(())
}

/// Tells those who can mend it that a connection no longer works: its owner, or the owners of the tenant.
pub(super) async fn tell_broken(desk: &Desk, tenant: TenantId, id: ConnectionId) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    let Some(connection) = tx.connection(id).await? else { return Ok(()) };
    let Some((why, since)) = connection.trouble.clone() else { return Ok(()) };
    tell_owners(desk, &mut tx, &connection, &incident(&connection, &why, since)).await?;
    Ok(tx.commit().await?)
}

/// Tells something about a connection to its owner, or to the owners of the tenant.
pub(super) async fn tell_owners(
    desk: &Desk,
    tx: &mut Tx,
    connection: &Connection,
    message: &Message,
) -> crate::store::Result<()> {
    for member in tx.members().await? {
        let is_told = match connection.owner {
            Some(owner) => member.id == owner,
            None => member.effective_role() == Role::Owner,
        };
        if is_told {
            tell(desk, tx, &member, connection, message).await?;
        }
    }
    Ok(())
}

/// Wherever the person can still be reached.
async fn tell(
    desk: &Desk,
    tx: &mut Tx,
    member: &Member,
    connection: &Connection,
    message: &Message,
) -> crate::store::Result<()> {
    let everywhere = tx.identities(member.id).await?.into_iter().filter(|identity| identity.surface == Surface::Slack);
    for identity in everywhere.chain([console::receive::identity(member.id)]) {
        let is_cut_off = connection.provider == Provider::Slack && identity.team == connection.realm;
        if !is_cut_off {
            write_to(desk, tx, identity, message.clone()).await?;
        }
    }
    Ok(())
}

/// Tells something to every owner, wherever they can be reached.
pub(super) async fn tell_in_charge(desk: &Desk, tx: &mut Tx, message: &Message) -> crate::store::Result<()> {
    let members = tx.members().await?;
    for owner in members.iter().filter(|member| member.effective_role() == Role::Owner) {
        tell_member(desk, tx, owner.id, message).await?;
    }
    Ok(())
}

/// Tells something to a member, wherever they can be reached.
pub(super) async fn tell_member(
    desk: &Desk,
    tx: &mut Tx,
    member: MemberId,
    message: &Message,
) -> crate::store::Result<()> {
    let everywhere = tx.identities(member).await?.into_iter().filter(|identity| identity.surface == Surface::Slack);
    for identity in everywhere.chain([console::receive::identity(member)]) {
        write_to(desk, tx, identity, message.clone()).await?;
    }
    Ok(())
}

/// What broke, why, since when, what does not work meanwhile, and what to press.
fn incident(connection: &Connection, why: &str, since: Timestamp) -> Message {
    let name = connection.provider.name();
    let line = |label: &str, span: Span| Line::plain(vec![Span::Strong(format!("{label}: ")), span]);
    let reconnect =
        Button { label: "Reconnect".to_owned(), style: ButtonStyle::Primary, press: Press::Open(PAGE.to_owned()) };
    Message {
        summary: format!("Docket lost its access to {name} ({}).", connection.name),
        blocks: vec![
            Block::Header(format!("{name} needs to be connected again")),
            Block::Text(vec![Span::plain(format!("Docket lost its access to {name} ({}).", connection.name))]),
            Block::Lines {
                lines: vec![
                    line("Why", Span::plain(why)),
                    line("Since", Span::Time(since)),
                    line("Meanwhile", Span::plain(meanwhile(connection.provider))),
                ],
                more: None,
            },
            Block::Buttons(vec![reconnect]),
        ],
    }
}

/// What does not work while a connection is broken.
const fn meanwhile(provider: Provider) -> &'static str {
    match provider {
        Provider::Slack => {
            "nothing is posted there: cards and answers in that workspace wait, and commands go unanswered. The console works."
        }
        Provider::Discord => "nothing is posted in that server. Slack and the console work.",
        Provider::GitHub => "nothing is read from GitHub or written there. Plans and decisions work.",
        Provider::Linear => "nothing is read from Linear or written there. Plans and decisions work.",
        Provider::Coder => "no workspace is opened or stopped there. Plans and decisions work.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Chance;

    #[test]
    fn an_incident_says_what_broke_why_since_when_and_what_to_press() {
        let chance = Chance::system();
        let connection = Connection {
            id: chance.id(),
            provider: Provider::Linear,
            realm: "org".to_owned(),
            owner: None,
            name: "Acme".to_owned(),
            account: "Docket".to_owned(),
            url: "https://linear.app/acme".to_owned(),
            scopes: Vec::new(),
            access: None,
            refresh: None,
            expires_at: None,
            condition: Condition::Broken,
            trouble: None,
            version: 3,
            by: chance.id(),
            connected_at: chance.now(),
            refreshed_at: None,
        };
        let why = "Linear no longer takes the token that fresh ones are got with (invalid_grant): it was revoked there, or used twice.";
        insta::assert_snapshot!(incident(&connection, why, Timestamp::from_millis(1_795_000_000_000)).to_plain(), @r"
        Linear needs to be connected again
        Docket lost its access to Linear (Acme).
        Why: Linear no longer takes the token that fresh ones are got with (invalid_grant): it was revoked there, or used twice.
        Since: Wed 18 Nov 11:06 UTC
        Meanwhile: nothing is read from Linear or written there. Plans and decisions work.
        [Reconnect]
        ");
    }
}
