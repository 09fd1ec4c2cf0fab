//! What decisions taught.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, limit, parse, parse_opt, small, to_json, word},
};
use crate::domain::{ids::PatchId, lesson::Lesson, time::Timestamp};

/// The lessons of tenant `$1` since `$2`.
pub(super) const LESSONS_SINCE: &str = "SELECT patch_id, first_id, purpose, model, prompt, verdict, proposed, \
     approved, edits, at FROM lessons WHERE tenant_id = $1 AND at >= $2 ORDER BY at, patch_id";

#[derive(FromRow)]
struct LessonRow {
    patch_id: String,
    first_id: String,
    purpose: String,
    model: Option<String>,
    prompt: Option<String>,
    verdict: String,
    proposed: i64,
    approved: i64,
    edits: String,
    at: i64,
}

impl TryFrom<LessonRow> for Lesson {
    type Error = Error;

    fn try_from(row: LessonRow) -> Result<Self> {
        Ok(Self {
            patch: parse("patch", &row.patch_id)?,
            first: parse("patch", &row.first_id)?,
            purpose: word("purpose", &row.purpose)?,
            model: parse_opt("model", row.model.as_deref())?,
            prompt: row.prompt,
            verdict: word("verdict", &row.verdict)?,
            proposed: small("operations", row.proposed)?,
            approved: small("operations", row.approved)?,
            edits: from_json("edits", &row.edits)?,
            at: Timestamp::from_millis(row.at),
        })
    }
}

impl Tx {
    /// Stores what the decision on a patch taught, in the transaction of that decision. What was stored first stays.
    pub async fn insert_lesson(&mut self, lesson: &Lesson) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO lessons (tenant_id, patch_id, first_id, purpose, model, prompt, verdict, proposed, approved, \
             distance, edits, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
            &self.key,
            lesson.patch.to_string(),
            lesson.first.to_string(),
            lesson.purpose.as_str(),
            lesson.model.as_ref().map(ToString::to_string),
            &lesson.prompt,
            lesson.verdict.as_str(),
            i64::from(lesson.proposed),
            i64::from(lesson.approved),
            limit(lesson.distance()),
            to_json("edits", &lesson.edits)?,
            lesson.at.as_millis()
        );
        Ok(())
    }

    /// Forgets what a patch taught that can be decided again, since it was renewed.
    pub async fn forget_lesson(&mut self, patch: PatchId) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM lessons WHERE tenant_id = $1 AND patch_id = $2",
            &self.key,
            patch.to_string()
        );
        Ok(())
    }

    /// What was decided since `at`, oldest first.
    pub async fn lessons_since(&mut self, at: Timestamp) -> Result<Vec<Lesson>> {
        let rows = all!(self.session, LessonRow, LESSONS_SINCE, &self.key, at.as_millis());
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
