//! Members and how the platforms know them.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{limit, parse, word},
    engine::Session,
};
use crate::domain::{
    ids::MemberId,
    member::{Identity, Member, Role, Surface},
};

/// The member whom a platform knows by a name.
pub(super) const BY_IDENTITY: &str = "SELECT m.id, m.name, m.role, m.standing, m.time_zone FROM identities i \
     JOIN members m ON m.tenant_id = i.tenant_id AND m.id = i.member_id \
     WHERE i.tenant_id = $1 AND i.surface = $2 AND i.team = $3 AND i.user_id = $4";

#[derive(FromRow)]
struct MemberRow {
    id: String,
    name: String,
    role: String,
    standing: String,
    time_zone: String,
}

#[derive(FromRow)]
struct UserRow {
    user_id: String,
    #[sqlx(flatten)]
    member: MemberRow,
}

impl TryFrom<MemberRow> for Member {
    type Error = Error;

    fn try_from(row: MemberRow) -> Result<Self> {
        let MemberRow { id, name, role, standing, time_zone } = row;
        Ok(Self {
            id: parse("member", &id)?,
            name,
            role: word("role", &role)?,
            standing: word("standing", &standing)?,
            time_zone,
        })
    }
}

/// Adds or updates a member. A time zone that they chose themselves stays.
async fn upsert(session: &mut Session, tenant: &str, member: &Member) -> Result<()> {
    execute!(
        session,
        "INSERT INTO members (tenant_id, id, name, role, standing, time_zone) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, id) DO UPDATE SET \
         name = excluded.name, role = excluded.role, standing = excluded.standing, \
         time_zone = CASE WHEN EXISTS (SELECT 1 FROM work_hours h WHERE h.tenant_id = members.tenant_id \
         AND h.member_id = members.id AND h.zone IS NOT NULL) THEN members.time_zone ELSE excluded.time_zone END",
        tenant,
        member.id.to_string(),
        &member.name,
        member.role.as_str(),
        member.standing.as_str(),
        &member.time_zone
    );
    Ok(())
}

/// Adds or updates a member and one identity, which never passes from one member to another.
pub(super) async fn insert_member(
    session: &mut Session,
    tenant: &str,
    member: &Member,
    identity: &Identity,
) -> Result<()> {
    let id = member.id.to_string();
    upsert(session, tenant, member).await?;
    let Identity { surface, team, user } = identity;
    let written = execute!(
        session,
        "INSERT INTO identities (tenant_id, surface, team, user_id, member_id) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, surface, team, user_id) DO UPDATE SET member_id = excluded.member_id \
         WHERE identities.member_id = excluded.member_id",
        tenant,
        surface.as_str(),
        team,
        user,
        &id
    );
    if written == 0 {
        let why = format!("{} {team}/{user} is another member", surface.as_str());
        return Err(Error::Taken { what: "identity", why });
    }
    Ok(())
}

impl Tx {
    /// The member of this id.
    pub async fn member(&mut self, id: MemberId) -> Result<Option<Member>> {
        let row = first!(
            self.session,
            MemberRow,
            "SELECT id, name, role, standing, time_zone FROM members WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The member whom a platform knows by this name. The console knows everybody by their own id.
    pub async fn member_by_identity(&mut self, identity: &Identity) -> Result<Option<Member>> {
        if let (Surface::Console, Ok(id)) = (identity.surface, identity.user.parse()) {
            return self.member(id).await;
        }
        let row = first!(
            self.session,
            MemberRow,
            BY_IDENTITY,
            &self.key,
            identity.surface.as_str(),
            &identity.team,
            &identity.user
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Adds or updates a member and one of its identities.
    ///
    /// Fails with [`Error::Taken`] where the identity is another member already: two transactions met the
    /// same new person at once. Try again, and [`member_by_identity`](Self::member_by_identity) finds the first.
    pub async fn put_member(&mut self, member: &Member, identity: &Identity) -> Result<()> {
        insert_member(&mut self.session, &self.key, member, identity).await
    }

    /// Adds a member whom no surface knows: somebody who signed in with a provider where nobody talks to Docket.
    pub async fn add_member(&mut self, member: &Member) -> Result<()> {
        upsert(&mut self.session, &self.key, member).await
    }

    /// Every member, by name.
    pub async fn members(&mut self) -> Result<Vec<Member>> {
        let rows = all!(
            self.session,
            MemberRow,
            "SELECT id, name, role, standing, time_zone FROM members WHERE tenant_id = $1 ORDER BY name, id",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The members after the one of the id `after`, by id: in the order in which they came.
    pub async fn members_page(&mut self, after: Option<MemberId>, rows: usize) -> Result<Vec<Member>> {
        let rows = all!(
            self.session,
            MemberRow,
            "SELECT id, name, role, standing, time_zone FROM members WHERE tenant_id = $1 \
             AND (CAST($2 AS TEXT) IS NULL OR id > $2) ORDER BY id LIMIT $3",
            &self.key,
            after.map(|member| member.to_string()),
            limit(rows)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The members of one platform's organisation with their user ids there, by name.
    pub async fn members_at(&mut self, surface: Surface, team: &str) -> Result<Vec<(String, Member)>> {
        let rows = all!(
            self.session,
            UserRow,
            "SELECT i.user_id, m.id, m.name, m.role, m.standing, m.time_zone FROM identities i \
             JOIN members m ON m.tenant_id = i.tenant_id AND m.id = i.member_id \
             WHERE i.tenant_id = $1 AND i.surface = $2 AND i.team = $3 ORDER BY m.name, m.id",
            &self.key,
            surface.as_str(),
            team
        );
        rows.into_iter().map(|row| Ok((row.user_id, row.member.try_into()?))).collect()
    }

    /// The owners who count: full members, and not the person at the console whom nobody vouches for.
    pub async fn owners(&mut self) -> Result<Vec<Member>> {
        let rows = all!(
            self.session,
            MemberRow,
            "SELECT m.id, m.name, m.role, m.standing, m.time_zone FROM members m \
             WHERE m.tenant_id = $1 AND m.role = 'owner' AND m.standing = 'full' AND NOT (\
               EXISTS (SELECT 1 FROM identities i WHERE i.tenant_id = m.tenant_id AND i.member_id = m.id \
                       AND i.surface = 'console' AND i.user_id = 'local') \
               AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.tenant_id = m.tenant_id AND i.member_id = m.id \
                               AND i.surface <> 'console') \
               AND NOT EXISTS (SELECT 1 FROM logins l WHERE l.tenant_id = m.tenant_id AND l.member_id = m.id \
                               AND l.provider = 'oidc')) \
             ORDER BY m.name, m.id",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Gives a member a role. Ask behind [`lock_tenant`](Self::lock_tenant), so that there is always an owner.
    pub async fn set_role(&mut self, member: MemberId, role: Role) -> Result<()> {
        execute!(
            self.session,
            "UPDATE members SET role = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            member.to_string(),
            role.as_str()
        );
        Ok(())
    }

    /// How the platforms know this member.
    pub async fn identities(&mut self, member: MemberId) -> Result<Vec<Identity>> {
        let rows = all!(
            self.session,
            (String, String, String),
            "SELECT surface, team, user_id FROM identities WHERE tenant_id = $1 AND member_id = $2 \
             ORDER BY surface, team, user_id",
            &self.key,
            member.to_string()
        );
        rows.into_iter()
            .map(|(surface, team, user)| Ok(Identity { surface: word("surface", &surface)?, team, user }))
            .collect()
    }
}
