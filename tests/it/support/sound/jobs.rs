//! What becomes of jobs, noted by the database itself: whatever a program did, or was kept from doing, by its death.

use crate::support::db::TestDb;

/// A note for each job that is queued, started and gone. A start is bad where another one still has the job by its
/// lease, or has one of the same order; an end is bad where nobody had started it.
const NOTES: &str = "CREATE TABLE job_notes (job TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT, what TEXT NOT NULL, \
                     at BIGINT NOT NULL)";

/// Whether a start comes while somebody else has the job.
const HELD: &str = "OLD.state = 'running' AND OLD.due_at > {now}";
/// Whether a start comes beside that of a job of the same order.
const BESIDE: &str = "NEW.ordering_key IS NOT NULL AND EXISTS (SELECT 1 FROM jobs o WHERE o.tenant_id = \
                      NEW.tenant_id AND o.ordering_key = NEW.ordering_key AND o.seq <> NEW.seq AND o.state = 'running')";
/// Whether an update is a start.
const STARTS: &str = "NEW.state = 'running' AND (OLD.state <> 'running' OR OLD.attempts <> NEW.attempts)";

/// From now on the database notes what becomes of jobs.
pub(super) async fn watch(db: &TestDb) {
    let start = format!("CASE WHEN {HELD} THEN 'held' WHEN {BESIDE} THEN 'beside' ELSE 'started' END");
    let end = "CASE OLD.state WHEN 'running' THEN 'done' WHEN 'dead' THEN 'dropped' ELSE 'unrun' END";
    let note = |row: &str, what: &str| {
        format!("INSERT INTO job_notes VALUES ({row}.id, {row}.kind, {row}.owner, {what}, {{now}})")
    };
    let (queued, started, gone) = (note("NEW", "'queued'"), note("NEW", &start), note("OLD", end));
    let mut statements = vec![NOTES.to_owned()];
    if db.store.engine() == "sqlite" {
        let now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
        for (name, when, note) in [
            ("queued", "AFTER INSERT ON jobs", &queued),
            ("started", &*format!("AFTER UPDATE ON jobs WHEN {STARTS}"), &started),
            ("gone", "AFTER DELETE ON jobs", &gone),
        ] {
            let trigger = format!("CREATE TRIGGER note_{name} {when} BEGIN {note}; END");
            statements.push(trigger.replace("{now}", now));
        }
    } else {
        let body = format!(
            "CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_OP = 'INSERT' THEN {queued}; \
             ELSIF TG_OP = 'DELETE' THEN {gone}; \
             ELSIF {STARTS} THEN {started}; END IF; RETURN NULL; END $$"
        );
        statements.push(body.replace("{now}", "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"));
        let when = "AFTER INSERT OR UPDATE OR DELETE ON jobs FOR EACH ROW";
        statements.push(format!("CREATE TRIGGER note_job {when} EXECUTE FUNCTION note_job()"));
    }
    for sql in statements {
        db.raw(&sql).await.unwrap();
    }
}

/// No job is dead, none was run by two at once or beside one of its order, and none went away without having run. It is
/// asked of a database that was [watched](watch).
pub(super) async fn jobs(db: &TestDb) {
    let dead: Vec<(String, String)> =
        db.rows("SELECT kind, COALESCE(last_error, '') FROM jobs WHERE state = 'dead' ORDER BY seq").await;
    assert!(dead.is_empty(), "jobs are dead: {dead:?}");
    let bad = "SELECT job, kind || ' ' || what FROM job_notes WHERE what IN ('held', 'beside', 'unrun')";
    let bad: Vec<(String, String)> = db.rows(bad).await;
    assert!(bad.is_empty(), "{bad:?}");
    let lost = "SELECT job, kind FROM job_notes q WHERE what = 'queued' \
                AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = q.job) \
                AND NOT EXISTS (SELECT 1 FROM job_notes e WHERE e.job = q.job AND e.what IN ('done', 'dropped'))";
    let lost: Vec<(String, String)> = db.rows(lost).await;
    assert!(lost.is_empty(), "jobs are lost: {lost:?}");
    assert!(db.count("job_notes WHERE what = 'started'").await > 0, "nothing was noted");
}
