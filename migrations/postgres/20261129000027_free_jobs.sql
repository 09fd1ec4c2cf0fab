-- Jobs without an order are found also behind thousands that wait for each other.

CREATE INDEX jobs_free ON jobs (class, tenant_id, due_at, seq) WHERE ordering_key IS NULL;
