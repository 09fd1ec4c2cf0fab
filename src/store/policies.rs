//! Rules for decisions, and proposed changes of them.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, from_json_opt, parse, small, to_json},
};
use crate::domain::{
    ids::{ChangeId, ProjectId},
    policy::{ChangeCode, Override, Policy, PolicyChange},
    time::Timestamp,
};

#[derive(FromRow)]
struct ChangeRow {
    id: String,
    code: i64,
    revision: i64,
    project_id: Option<String>,
    before_rules: String,
    after_rules: String,
    author: String,
    words: String,
    outcome: String,
    venue: String,
    message: Option<String>,
    shown: Option<String>,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<ChangeRow> for PolicyChange {
    type Error = Error;

    fn try_from(row: ChangeRow) -> Result<Self> {
        Ok(Self {
            id: parse("change of the policy", &row.id)?,
            code: ChangeCode(small("code", row.code)?),
            revision: small("revision", row.revision)?,
            project: row.project_id.map(|project| parse("project", &project)).transpose()?,
            before: from_json("policy", &row.before_rules)?,
            after: from_json("policy", &row.after_rules)?,
            author: parse("member", &row.author)?,
            words: row.words,
            state: from_json("outcome", &row.outcome)?,
            venue: from_json("venue", &row.venue)?,
            message: row.message,
            shown: row.shown,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

/// The columns of a change, and a condition behind them.
macro_rules! select_changes {
    ($where:literal) => {
        concat!(
            "SELECT id, code, revision, project_id, before_rules, after_rules, author, words, outcome, venue, ",
            "message, shown, created_at, expires_at FROM policy_changes WHERE tenant_id = $1 ",
            $where
        )
    };
}

impl Tx {
    /// The tenant's rules for decisions; the default ones where it set none.
    pub async fn policy(&mut self) -> Result<Policy> {
        let row = first!(self.session, (Option<String>,), "SELECT policy FROM tenants WHERE id = $1", &self.key);
        let (policy,) = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(from_json_opt("policy", policy.as_deref())?.unwrap_or_default())
    }

    /// Replaces the tenant's rules for decisions.
    pub async fn set_policy(&mut self, policy: &Policy) -> Result<()> {
        let policy = to_json("policy", policy)?;
        execute!(self.session, "UPDATE tenants SET policy = $2 WHERE id = $1", &self.key, policy);
        Ok(())
    }

    /// What a project sets otherwise; nothing where there is no such project, as for a first plan.
    pub async fn own_policy(&mut self, project: ProjectId) -> Result<Override> {
        let row = first!(
            self.session,
            (Option<String>,),
            "SELECT policy FROM projects WHERE tenant_id = $1 AND id = $2",
            &self.key,
            project.to_string()
        );
        Ok(from_json_opt("policy", row.and_then(|(policy,)| policy).as_deref())?.unwrap_or_default())
    }

    /// Replaces what a project sets otherwise.
    pub async fn set_own_policy(&mut self, project: ProjectId, own: &Override) -> Result<()> {
        let policy = if *own == Override::default() { None } else { Some(to_json("policy", own)?) };
        execute!(
            self.session,
            "UPDATE projects SET policy = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            project.to_string(),
            policy
        );
        Ok(())
    }

    /// The rules that hold for a project's patches.
    pub async fn policy_of(&mut self, project: ProjectId) -> Result<Policy> {
        Ok(self.policy().await?.with(&self.own_policy(project).await?))
    }

    /// The code and the revision of the next change of the policy. Ask behind [`lock_tenant`](Self::lock_tenant).
    pub async fn next_change(&mut self) -> Result<(ChangeCode, u32)> {
        let row = first!(
            self.session,
            (i64, i64),
            "SELECT COALESCE(MAX(code), 0) + 1, COUNT(CASE WHEN state = 'approved' THEN 1 END) FROM policy_changes \
             WHERE tenant_id = $1",
            &self.key
        );
        let (code, revision) = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok((ChangeCode(small("code", code)?), small("revision", revision)?))
    }

    /// Stores a new change of the policy.
    pub async fn insert_change(&mut self, change: &PolicyChange) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO policy_changes (tenant_id, id, code, revision, project_id, before_rules, after_rules, author, \
             words, state, outcome, venue, message, shown, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            &self.key,
            change.id.to_string(),
            i64::from(change.code.0),
            i64::from(change.revision),
            change.project.map(|project| project.to_string()),
            to_json("policy", &change.before)?,
            to_json("policy", &change.after)?,
            change.author.to_string(),
            &change.words,
            change.state.as_str(),
            to_json("outcome", &change.state)?,
            to_json("venue", &change.venue)?,
            &change.message,
            &change.shown,
            change.created_at.as_millis(),
            change.expires_at.as_millis()
        );
        Ok(())
    }

    /// The change of the policy of this id.
    pub async fn change(&mut self, id: ChangeId) -> Result<Option<PolicyChange>> {
        let row = first!(self.session, ChangeRow, select_changes!("AND id = $2"), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The change of the policy that people call by this code.
    pub async fn change_by_code(&mut self, code: ChangeCode) -> Result<Option<PolicyChange>> {
        let row = first!(self.session, ChangeRow, select_changes!("AND code = $2"), &self.key, i64::from(code.0));
        row.map(TryInto::try_into).transpose()
    }

    /// Changes of the policy that wait for an owner, oldest first.
    pub async fn open_changes(&mut self) -> Result<Vec<PolicyChange>> {
        let rows = all!(self.session, ChangeRow, select_changes!("AND state = 'open' ORDER BY code"), &self.key);
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Stores what became of a change that is open at this revision. False where it is not any more, and nothing was
    /// written.
    pub async fn decide_change(&mut self, change: &PolicyChange) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE policy_changes SET state = $4, outcome = $5 \
             WHERE tenant_id = $1 AND id = $2 AND revision = $3 AND state = 'open'",
            &self.key,
            change.id.to_string(),
            i64::from(change.revision),
            change.state.as_str(),
            to_json("outcome", &change.state)?
        );
        Ok(rows == 1)
    }

    /// Stores where a change's card is and what it says; nothing else of it changes.
    pub async fn update_change_card(&mut self, change: &PolicyChange) -> Result<()> {
        execute!(
            self.session,
            "UPDATE policy_changes SET message = $3, shown = $4 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            change.id.to_string(),
            &change.message,
            &change.shown
        );
        Ok(())
    }
}
