-- When channels get their digests, and these digests.

CREATE TABLE schedules (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL, -- standup, weekly
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    projects TEXT NOT NULL, -- JSON: ids; empty for those of the channel
    recurrence TEXT NOT NULL, -- JSON: when, on the clocks of the zone
    zone TEXT NOT NULL,
    late_hours BIGINT, -- how late a missed one may be made up for; NULL: not at all
    pause TEXT, -- JSON: how long it rests; NULL: it does not
    skipped TEXT NOT NULL, -- JSON: days that are left out
    has_drafts BOOLEAN NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_run_at BIGINT, -- its next slot; NULL: there is none
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, made_by) REFERENCES members (tenant_id, id)
);
CREATE INDEX schedules_by_channel ON schedules (tenant_id, surface, team, channel, created_at, id);
CREATE INDEX schedules_due ON schedules (next_run_at) WHERE next_run_at IS NOT NULL;

-- Digests that are to be posted, or were.
CREATE TABLE digests (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    schedule_id TEXT, -- NULL: somebody asked for it; no foreign key, a digest may outlive its schedule
    kind TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    projects TEXT NOT NULL, -- JSON: as in schedules
    slot BIGINT NOT NULL, -- the instant it is for
    state TEXT NOT NULL, -- due, posted, skipped, failed
    why TEXT, -- why it was left out or could not be posted, in words
    asked_by TEXT, -- the member who asked for it
    message TEXT, -- the surface's id of it, once it is posted
    details TEXT NOT NULL, -- JSON: the surface's ids of the messages in its thread, as far as they are posted
    posted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX digests_once ON digests (tenant_id, schedule_id, slot) WHERE schedule_id IS NOT NULL;
