-- Repositories that went missing, and what webhooks need.

-- From when a repository was noticed to be gone until it is back.
CREATE TABLE incidents (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    why TEXT NOT NULL, -- what broke, in words for people
    opened_at BIGINT NOT NULL,
    closed_at BIGINT, -- NULL while it lasts
    lifecycles TEXT NOT NULL, -- JSON: where the projects stood that it serves
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id)
);
CREATE UNIQUE INDEX incidents_once ON incidents (tenant_id, repository_id) WHERE closed_at IS NULL;

-- Which tenant knows a repository, asked before one is known.
CREATE INDEX repositories_by_number ON repositories (id);
-- Webhooks of GitHub are forgotten some time after they were dealt with.
CREATE INDEX deliveries_of_github ON deliveries (handled_at) WHERE source = 'github';

SELECT keep_to_tenant('incidents');
