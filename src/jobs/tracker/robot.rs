//! In whose name rules propose.

use crate::{
    clock::Chance,
    domain::{
        member::{Member, Role, Standing},
        session::{Login, Party},
    },
    store::{Result, Tx},
};

/// The realm of logins that no provider gave: those of Docket itself.
const REALM: &str = "docket";
/// What the rules for GitHub are called there.
const RULES: &str = "rules";
/// What those for conversations are.
const CONVERSATIONS: &str = "conversations";

/// The member in whose name rules propose because of what happened at GitHub, made on demand. Being a bot, it never
/// counts where people decide.
pub(in crate::jobs) async fn robot(tx: &mut Tx, chance: &Chance) -> Result<Member> {
    called(tx, chance, RULES, Party::GitHub.name()).await
}

/// The member in whose name Docket proposes what people said to each other. It never counts either.
pub(in crate::jobs) async fn docket(tx: &mut Tx, chance: &Chance) -> Result<Member> {
    called(tx, chance, CONVERSATIONS, "Docket").await
}

async fn called(tx: &mut Tx, chance: &Chance, subject: &str, name: &str) -> Result<Member> {
    if let Some(known) = known(tx, subject).await? {
        return Ok(known);
    }
    // Two deliveries at once would otherwise each make one.
    tx.lock_tenant().await?;
    if let Some(known) = known(tx, subject).await? {
        return Ok(known);
    }
    let robot = Member {
        id: chance.id(),
        name: name.to_owned(),
        role: Role::Member,
        standing: Standing::Bot,
        time_zone: "UTC".to_owned(),
    };
    tx.add_member(&robot).await?;
    let login = Login {
        party: Party::GitHub,
        realm: REALM.to_owned(),
        subject: subject.to_owned(),
        member: robot.id,
        name: robot.name.clone(),
        linked_at: chance.now(),
    };
    tx.put_login(&login).await?;
    Ok(robot)
}

async fn known(tx: &mut Tx, subject: &str) -> Result<Option<Member>> {
    match tx.login(Party::GitHub, REALM, subject).await? {
        Some(login) => tx.member(login.member).await,
        None => Ok(None),
    }
}
