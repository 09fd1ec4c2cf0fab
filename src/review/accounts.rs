//! Who is who at GitHub: only by accounts that members have linked themselves, never by name.

use std::collections::BTreeMap;

use crate::{
    domain::{
        ids::MemberId,
        message::Span,
        session::{Login, Party},
        tracker::Account,
    },
    store::{self, Tx},
};

/// The members behind the accounts that are linked, by the account's number.
#[derive(Debug, Clone, Default)]
pub struct Accounts(BTreeMap<u64, (MemberId, String)>);

impl Accounts {
    /// Everybody who has linked an account.
    pub async fn load(tx: &mut Tx) -> store::Result<Self> {
        let logins = tx.logins().await?;
        let names: BTreeMap<MemberId, String> =
            tx.members().await?.into_iter().map(|member| (member.id, member.name)).collect();
        Ok(Self::of(&logins, &names))
    }

    /// Those of these logins that are accounts at GitHub.
    pub fn of(logins: &[Login], names: &BTreeMap<MemberId, String>) -> Self {
        // A robot's login is no number.
        let linked = logins
            .iter()
            .filter(|login| login.party == Party::GitHub)
            .filter_map(|login| Some((login.subject.parse().ok()?, (login.member, names.get(&login.member)?.clone()))));
        Self(linked.collect())
    }

    /// The member behind an account.
    pub fn member(&self, account: &Account) -> Option<MemberId> {
        self.0.get(&account.id).map(|(member, _)| *member)
    }

    /// What to call whoever has an account: a member by name, anybody else by their login.
    pub fn name<'a>(&'a self, account: &'a Account) -> &'a str {
        self.0.get(&account.id).map_or(account.login.as_str(), |(_, name)| name)
    }

    /// The same as a span.
    pub fn person(&self, account: &Account) -> Span {
        match self.0.get(&account.id) {
            Some((member, name)) => Span::Person { member: *member, name: name.clone() },
            None => Span::plain(&account.login),
        }
    }
}
