-- Jobs that somebody waits for come first.

ALTER TABLE jobs ADD COLUMN class BIGINT NOT NULL DEFAULT 0; -- 0: somebody waits for it; 1: it is due at a time; 2: it has time

DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (class, tenant_id, due_at, seq);
DROP INDEX jobs_next;
CREATE INDEX jobs_next ON jobs (class, due_at);
