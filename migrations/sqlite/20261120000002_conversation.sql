-- What comes in, what goes out, what is left to do, and what was done.

-- Messages that show a patch and are kept true.
CREATE TABLE cards (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    patch_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    thread TEXT, -- the parent message, where it stands in a thread
    message TEXT, -- the surface's id of the message, once posted
    shown TEXT, -- a fingerprint of what it says now
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, patch_id) REFERENCES patches (tenant_id, id)
);
CREATE INDEX cards_by_patch ON cards (tenant_id, patch_id);
CREATE INDEX cards_by_message ON cards (tenant_id, surface, team, channel, message);

-- Private answers on their way to one person.
CREATE TABLE answers (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    delivery_id TEXT, -- the delivery it answers; no foreign key, an answer may outlive it
    recipient TEXT NOT NULL, -- JSON: the identity it is for
    venue TEXT NOT NULL, -- JSON: where they asked
    message TEXT NOT NULL, -- JSON: what it says
    created_at BIGINT NOT NULL,
    sent_at BIGINT, -- when it reached its reader
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX answers_by_delivery ON answers (tenant_id, delivery_id);

-- Lines of the console's conversation.
CREATE TABLE entries (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    seq BIGINT NOT NULL, -- grows in the order of commits, counted in tenants.last_entry
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    content TEXT NOT NULL, -- JSON: what it is
    PRIMARY KEY (tenant_id, seq)
);

-- Verified inbound requests, stored before they are acknowledged.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT REFERENCES tenants (id), -- NULL: kept for inspection, nobody could tell whose it is
    source TEXT NOT NULL, -- the door it came in by
    dedupe_key TEXT NOT NULL, -- a second delivery of the same key is the same request again
    body BLOB NOT NULL, -- exactly as it was signed
    received_at BIGINT NOT NULL,
    handled_at BIGINT, -- when it was dealt with, once
    outcome TEXT -- how
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (coalesce(tenant_id, ''), source, dedupe_key);

-- Background work. A finished job is deleted.
CREATE TABLE jobs (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- the order in which jobs were queued
    id TEXT NOT NULL UNIQUE,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    kind TEXT NOT NULL,
    payload TEXT NOT NULL, -- JSON: the job, ids only
    state TEXT NOT NULL, -- waiting, running, dead
    run_at BIGINT NOT NULL, -- not before this instant
    due_at BIGINT, -- when it may be claimed: run_at while waiting, the end of the lease while running
    attempts BIGINT NOT NULL DEFAULT 0, -- started and counted; fences off a worker that lost its lease
    max_attempts BIGINT NOT NULL, -- dead after so many failures
    unique_key TEXT, -- while a job of this key waits, another is not queued
    ordering_key TEXT, -- jobs of one key run one after the other, as queued
    owner TEXT, -- the worker that holds the lease
    last_error TEXT,
    dead_at BIGINT
);
CREATE INDEX jobs_due ON jobs (tenant_id, due_at, seq);
CREATE INDEX jobs_next ON jobs (due_at);
CREATE INDEX jobs_in_state ON jobs (state, due_at);
CREATE INDEX jobs_owned ON jobs (owner) WHERE state = 'running';
CREATE INDEX jobs_in_order ON jobs (tenant_id, ordering_key, seq) WHERE ordering_key IS NOT NULL AND state <> 'dead';
CREATE UNIQUE INDEX jobs_unique ON jobs (tenant_id, unique_key) WHERE state = 'waiting' AND unique_key IS NOT NULL;

-- Who did what, when, from where, and what it changed. Append-only.
CREATE TABLE audit (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    actor TEXT, -- a member; NULL for Docket itself
    action TEXT NOT NULL, -- noun.verb
    subject TEXT NOT NULL, -- what it was done to: an id
    venue TEXT, -- JSON: from where
    before TEXT NOT NULL, -- JSON: how it was
    after TEXT NOT NULL -- JSON: how it is since
);
CREATE INDEX audit_by_subject ON audit (tenant_id, subject, seq);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
