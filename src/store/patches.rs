//! Patches, the approvals they gathered, and what takes them back.

use std::{cmp::Reverse, collections::BTreeSet};

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, from_json_opt, limit, parse, parse_opt, small, to_json, word},
};
use crate::domain::{
    event::Venue,
    ids::{MemberId, PatchId, ProjectId},
    patch::{Operation, Patch, PatchCode, PatchState},
    project::Revision,
    time::Timestamp,
};

#[derive(FromRow)]
struct PatchRow {
    id: String,
    code: i64,
    revision: i64,
    project_id: String,
    founding: Option<String>,
    base: i64,
    mode: String,
    title: String,
    steps: String,
    before_tasks: String,
    author: String,
    origin: String,
    confidence: String,
    outcome: String,
    supersedes: Option<String>,
    undoes: Option<String>,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<PatchRow> for Patch {
    type Error = Error;

    fn try_from(row: PatchRow) -> Result<Self> {
        Ok(Self {
            id: parse("patch", &row.id)?,
            code: PatchCode(small("patch code", row.code)?),
            revision: small("patch revision", row.revision)?,
            project: parse("project", &row.project_id)?,
            founding: from_json_opt("founding", row.founding.as_deref())?,
            base: Revision(small("base revision", row.base)?),
            mode: from_json("mode", &row.mode)?,
            title: row.title,
            steps: from_json("steps", &row.steps)?,
            before: from_json("touched tasks", &row.before_tasks)?,
            author: parse("author", &row.author)?,
            origin: from_json("origin", &row.origin)?,
            confidence: word("confidence", &row.confidence)?,
            state: from_json("patch state", &row.outcome)?,
            supersedes: parse_opt("superseded patch", row.supersedes.as_deref())?,
            undoes: parse_opt("undone patch", row.undoes.as_deref())?,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

/// A query of patches as [`PatchRow`]s, tenant first.
macro_rules! select_patches {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.code, p.revision, p.project_id, p.founding, p.base, p.mode, p.title, p.steps, \
             p.before_tasks, p.author, p.origin, p.confidence, p.outcome, p.supersedes, p.undoes, p.created_at, \
             p.expires_at FROM patches p WHERE p.tenant_id = $1 ",
            $rest
        )
    };
}

/// The open patches of project `$2`, in no order: to spare itself sorting them SQLite would read all of the project. The
/// state is a literal, as in the condition of the index.
pub(super) const OPEN_OF: &str = select_patches!("AND p.project_id = $2 AND p.state = 'proposed'");

/// Which patches are wanted; those that match everything that is set.
#[derive(Debug, Clone, Default)]
pub struct PatchFilter {
    /// In the state of this word.
    pub state: Option<&'static str>,
    /// Of this project.
    pub project: Option<ProjectId>,
}

/// The parts of a patch that are stored as JSON.
struct Stored {
    founding: Option<String>,
    mode: String,
    steps: String,
    before: String,
    origin: String,
    outcome: String,
}

impl Stored {
    fn of(patch: &Patch) -> Result<Self> {
        Ok(Self {
            founding: patch.founding.as_ref().map(|founding| to_json("founding", founding)).transpose()?,
            mode: to_json("mode", &patch.mode)?,
            steps: to_json("steps", &patch.steps)?,
            before: to_json("touched tasks", &patch.before)?,
            origin: to_json("origin", &patch.origin)?,
            outcome: to_json("patch state", &patch.state)?,
        })
    }
}

fn patches(rows: Vec<PatchRow>) -> Result<Vec<Patch>> {
    rows.into_iter().map(TryInto::try_into).collect()
}

impl Tx {
    /// The next patch code of the tenant. Others who want one wait until this transaction ends.
    pub async fn next_patch_code(&mut self) -> Result<PatchCode> {
        let row = first!(
            self.session,
            (i64,),
            "UPDATE tenants SET next_patch = next_patch + 1 WHERE id = $1 RETURNING next_patch - 1",
            &self.key
        );
        self.session.wrote = true;
        let (code,) = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(PatchCode(small("patch code", code)?))
    }

    /// Stores a new patch.
    pub async fn insert_patch(&mut self, patch: &Patch) -> Result<()> {
        let stored = Stored::of(patch)?;
        execute!(
            self.session,
            "INSERT INTO patches (tenant_id, id, code, revision, project_id, founding_key, founding, base, mode, \
             title, steps, before_tasks, author, origin, confidence, state, outcome, supersedes, undoes, created_at, \
             expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
             $19, $20, $21)",
            &self.key,
            patch.id.to_string(),
            i64::from(patch.code.0),
            i64::from(patch.revision),
            patch.project.to_string(),
            patch.founding.as_ref().map(|founding| founding.key.as_str()),
            &stored.founding,
            i64::from(patch.base.0),
            &stored.mode,
            &patch.title,
            &stored.steps,
            &stored.before,
            patch.author.to_string(),
            &stored.origin,
            patch.confidence.as_str(),
            patch.state.as_str(),
            &stored.outcome,
            patch.supersedes.map(|id| id.to_string()),
            patch.undoes.map(|id| id.to_string()),
            patch.created_at.as_millis(),
            patch.expires_at.as_millis()
        );
        Ok(())
    }

    /// The patch of this id.
    pub async fn patch(&mut self, id: PatchId) -> Result<Option<Patch>> {
        let row = first!(self.session, PatchRow, select_patches!("AND p.id = $2"), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The patch of this id, kept from every other decision until this transaction ends.
    ///
    /// What is read after this is what everybody who decided before has left: without it, two people who
    /// approve at the same moment would each count only themselves on PostgreSQL.
    pub async fn lock_patch(&mut self, id: PatchId) -> Result<Option<Patch>> {
        execute!(
            self.session,
            "UPDATE patches SET revision = revision WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        self.patch(id).await
    }

    /// The patch that people call by this code.
    pub async fn patch_by_code(&mut self, code: PatchCode) -> Result<Option<Patch>> {
        let code = i64::from(code.0);
        let row = first!(self.session, PatchRow, select_patches!("AND p.code = $2"), &self.key, code);
        row.map(TryInto::try_into).transpose()
    }

    /// Stores what became of a patch: everything but its id, code, author and birth.
    ///
    /// Guarded by the state's word and the revision it was read with: false means that somebody was first
    /// and nothing was written.
    pub async fn update_patch(&mut self, patch: &Patch, from_state: &PatchState, from_revision: u32) -> Result<bool> {
        let stored = Stored::of(patch)?;
        let rows = execute!(
            self.session,
            "UPDATE patches SET revision = $3, project_id = $4, founding_key = $5, founding = $6, base = $7, \
             mode = $8, title = $9, steps = $10, before_tasks = $11, origin = $12, confidence = $13, state = $14, \
             outcome = $15, supersedes = $16, undoes = $17, expires_at = $18 \
             WHERE tenant_id = $1 AND id = $2 AND state = $19 AND revision = $20",
            &self.key,
            patch.id.to_string(),
            i64::from(patch.revision),
            patch.project.to_string(),
            patch.founding.as_ref().map(|founding| founding.key.as_str()),
            &stored.founding,
            i64::from(patch.base.0),
            &stored.mode,
            &patch.title,
            &stored.steps,
            &stored.before,
            &stored.origin,
            patch.confidence.as_str(),
            patch.state.as_str(),
            &stored.outcome,
            patch.supersedes.map(|id| id.to_string()),
            patch.undoes.map(|id| id.to_string()),
            patch.expires_at.as_millis(),
            from_state.as_str(),
            i64::from(from_revision)
        );
        Ok(rows == 1)
    }

    /// Patches that wait for a decision, newest first.
    pub async fn open_patches(&mut self) -> Result<Vec<Patch>> {
        patches(all!(
            self.session,
            PatchRow,
            select_patches!("AND p.state = 'proposed' ORDER BY p.code DESC"),
            &self.key
        ))
    }

    /// Those of one project. Costs by these.
    pub async fn open_patches_of(&mut self, project: ProjectId) -> Result<Vec<Patch>> {
        let mut open = patches(all!(self.session, PatchRow, OPEN_OF, &self.key, project.to_string()))?;
        open.sort_by_key(|patch| Reverse(patch.code));
        Ok(open)
    }

    /// A project's patches, newest first.
    pub async fn patches_of(&mut self, project: ProjectId, rows: usize) -> Result<Vec<Patch>> {
        patches(all!(
            self.session,
            PatchRow,
            select_patches!("AND p.project_id = $2 ORDER BY p.code DESC LIMIT $3"),
            &self.key,
            project.to_string(),
            limit(rows)
        ))
    }

    /// The tenant's patches, newest first.
    pub async fn recent_patches(&mut self, rows: usize) -> Result<Vec<Patch>> {
        patches(all!(self.session, PatchRow, select_patches!("ORDER BY p.code DESC LIMIT $2"), &self.key, limit(rows)))
    }

    /// The patches that were applied, rejected or taken back at `since` or later, newest first.
    pub async fn patches_decided_since(&mut self, since: Timestamp, rows: usize) -> Result<Vec<Patch>> {
        patches(all!(
            self.session,
            PatchRow,
            select_patches!(
                "AND p.id IN (SELECT a.subject FROM audit a WHERE a.tenant_id = $1 AND a.at >= $2 \
                 AND a.action IN ('patch.applied', 'patch.rejected', 'patch.undone')) ORDER BY p.code DESC LIMIT $3"
            ),
            &self.key,
            since.as_millis(),
            limit(rows)
        ))
    }

    /// The patches that match, newest first, from below the code `below` on.
    pub async fn patches_page(
        &mut self,
        filter: &PatchFilter,
        below: Option<PatchCode>,
        rows: usize,
    ) -> Result<Vec<Patch>> {
        patches(all!(
            self.session,
            PatchRow,
            select_patches!(
                "AND (CAST($2 AS TEXT) IS NULL OR p.state = $2) AND (CAST($3 AS TEXT) IS NULL OR p.project_id = $3) \
                 AND (CAST($4 AS BIGINT) IS NULL OR p.code < $4) ORDER BY p.code DESC LIMIT $5"
            ),
            &self.key,
            filter.state,
            filter.project.map(|project| project.to_string()),
            below.map(|code| i64::from(code.0)),
            limit(rows)
        ))
    }

    /// The newest patch that waits for a decision and has a card in this channel. Where the venue is a
    /// thread, the card must stand in it or be the message that it hangs from; elsewhere, somebody must have asked for
    /// it: what rules propose is not what people talk about.
    pub async fn open_patch_at(&mut self, venue: &Venue) -> Result<Option<Patch>> {
        let rows = all!(
            self.session,
            PatchRow,
            select_patches!(
                "AND p.state = 'proposed' AND EXISTS (SELECT 1 FROM cards c WHERE c.tenant_id = p.tenant_id \
                 AND c.patch_id = p.id AND c.surface = $2 AND c.team = $3 AND c.channel = $4 \
                 AND (CAST($5 AS TEXT) IS NULL OR c.thread = $5 OR c.message = $5)) ORDER BY p.code DESC"
            ),
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            &venue.thread
        );
        Ok(patches(rows)?.into_iter().find(|patch| venue.thread.is_some() || !patch.is_by_rule()))
    }

    /// Counts a member's approval of this revision of a patch, once.
    pub async fn add_approval(&mut self, patch: PatchId, revision: u32, by: MemberId, at: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO approvals (tenant_id, patch_id, revision, member_id, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            &self.key,
            patch.to_string(),
            i64::from(revision),
            by.to_string(),
            at.as_millis()
        );
        Ok(())
    }

    /// Forgets the approval of somebody who lost the right to it.
    pub async fn remove_approval(&mut self, patch: PatchId, revision: u32, by: MemberId) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM approvals WHERE tenant_id = $1 AND patch_id = $2 AND revision = $3 AND member_id = $4",
            &self.key,
            patch.to_string(),
            i64::from(revision),
            by.to_string()
        );
        Ok(())
    }

    /// Who approved this revision of a patch so far.
    pub async fn approvals(&mut self, patch: PatchId, revision: u32) -> Result<BTreeSet<MemberId>> {
        let rows = all!(
            self.session,
            (String,),
            "SELECT member_id FROM approvals WHERE tenant_id = $1 AND patch_id = $2 AND revision = $3 \
             ORDER BY member_id",
            &self.key,
            patch.to_string(),
            i64::from(revision)
        );
        rows.iter().map(|(member,)| parse("member", member)).collect()
    }

    /// Remembers the operations that take an applied patch back.
    pub async fn set_inverse(&mut self, patch: PatchId, operations: &[Operation]) -> Result<()> {
        execute!(
            self.session,
            "UPDATE patches SET inverse = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            patch.to_string(),
            to_json("inverse", operations)?
        );
        Ok(())
    }

    /// The operations that take a patch back, once it was applied.
    pub async fn inverse(&mut self, patch: PatchId) -> Result<Option<Vec<Operation>>> {
        let row = first!(
            self.session,
            (Option<String>,),
            "SELECT inverse FROM patches WHERE tenant_id = $1 AND id = $2",
            &self.key,
            patch.to_string()
        );
        from_json_opt("inverse", row.and_then(|(inverse,)| inverse).as_deref())
    }
}
