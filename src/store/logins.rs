//! How providers where nobody talks to Docket name members.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{parse, word},
};
use crate::domain::{
    ids::MemberId,
    session::{Login, Party},
    time::Timestamp,
};

#[derive(FromRow)]
struct LoginRow {
    provider: String,
    realm: String,
    subject: String,
    member_id: String,
    name: String,
    linked_at: i64,
}

impl TryFrom<LoginRow> for Login {
    type Error = Error;

    fn try_from(row: LoginRow) -> Result<Self> {
        Ok(Self {
            party: word("party", &row.provider)?,
            realm: row.realm,
            subject: row.subject,
            member: parse("member", &row.member_id)?,
            name: row.name,
            linked_at: Timestamp::from_millis(row.linked_at),
        })
    }
}

impl Tx {
    /// The login by which a provider names this person.
    pub async fn login(&mut self, party: Party, realm: &str, subject: &str) -> Result<Option<Login>> {
        let row = first!(
            self.session,
            LoginRow,
            "SELECT provider, realm, subject, member_id, name, linked_at FROM logins \
             WHERE tenant_id = $1 AND provider = $2 AND realm = $3 AND subject = $4",
            &self.key,
            party.as_str(),
            realm,
            subject
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Adds a login to a member, or updates its name. Fails with [`Error::Taken`] where it is another member's: a login
    /// never passes from one to another.
    pub async fn put_login(&mut self, login: &Login) -> Result<()> {
        let Login { party, realm, subject, member, name, linked_at } = login;
        let written = execute!(
            self.session,
            "INSERT INTO logins (tenant_id, provider, realm, subject, member_id, name, linked_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (tenant_id, provider, realm, subject) DO UPDATE SET name = excluded.name \
             WHERE logins.member_id = excluded.member_id",
            &self.key,
            party.as_str(),
            realm,
            subject,
            member.to_string(),
            name,
            linked_at.as_millis()
        );
        if written == 0 {
            let why = format!("{} {realm}/{subject} is another member", party.as_str());
            return Err(Error::Taken { what: "login", why });
        }
        Ok(())
    }

    /// The logins of a member.
    pub async fn logins_of(&mut self, member: MemberId) -> Result<Vec<Login>> {
        let rows = all!(
            self.session,
            LoginRow,
            "SELECT provider, realm, subject, member_id, name, linked_at FROM logins \
             WHERE tenant_id = $1 AND member_id = $2 ORDER BY provider, realm, subject",
            &self.key,
            member.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Everybody's logins, member by member.
    pub async fn logins(&mut self) -> Result<Vec<Login>> {
        let rows = all!(
            self.session,
            LoginRow,
            "SELECT provider, realm, subject, member_id, name, linked_at FROM logins \
             WHERE tenant_id = $1 ORDER BY member_id, provider, realm, subject",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Takes a login from its member. False where they have no such login.
    pub async fn remove_login(&mut self, member: MemberId, party: Party, realm: &str, subject: &str) -> Result<bool> {
        let removed = execute!(
            self.session,
            "DELETE FROM logins WHERE tenant_id = $1 AND member_id = $2 AND provider = $3 AND realm = $4 AND subject = $5",
            &self.key,
            member.to_string(),
            party.as_str(),
            realm,
            subject
        );
        Ok(removed > 0)
    }
}
