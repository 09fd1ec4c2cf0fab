-- What was said before Docket heard it: read once where somebody asks for it, and never kept where somebody wants it
-- forgotten.

-- What was said until an instant is not kept, should it still come: somebody had it forgotten, or it was said while nothing
-- was kept.
CREATE TABLE forgotten (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    subject TEXT NOT NULL, -- of whom or of where: a member, a channel, or a thread of one
    until BIGINT NOT NULL, -- what was said before this instant
    PRIMARY KEY (tenant_id, subject)
);

-- Channels of which the last hours are being read. A row is deleted when whoever asked is told.
CREATE TABLE backfills (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    identity TEXT NOT NULL, -- JSON: who asked for it, and is told
    since BIGINT NOT NULL, -- what was said from this instant on is kept
    until BIGINT NOT NULL, -- when it was asked for: what comes later is heard anyway
    pages BIGINT NOT NULL DEFAULT 0, -- how many were read
    progress TEXT NOT NULL, -- JSON: where it goes on, and what it found
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, surface, team, channel) REFERENCES heard_channels (tenant_id, surface, team, channel)
);
CREATE UNIQUE INDEX backfills_by_channel ON backfills (tenant_id, surface, team, channel);

SELECT keep_to_tenant('forgotten');
SELECT keep_to_tenant('backfills');
