-- Looking after what webhooks may have lost.

-- How far each connection to a tracker has been looked through.
CREATE TABLE looks (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    connection_id TEXT NOT NULL, -- may be gone
    state TEXT NOT NULL, -- JSON: what was listed, where a look that is under way stands, how many failed in a row
    PRIMARY KEY (tenant_id, connection_id)
);

-- Which failed deliveries of each GitHub App were asked for again. An App may serve many tenants: these are nobody's.
CREATE TABLE app_sweeps (
    number BIGINT NOT NULL PRIMARY KEY, -- the App's own
    due_at BIGINT NOT NULL, -- whoever moves it into the future looks through the deliveries
    state TEXT NOT NULL -- JSON: up to when they were looked through, and what still fails
);

SELECT keep_to_tenant('looks');
