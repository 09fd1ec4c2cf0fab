-- Wishes that issues stand for tasks, which jobs carry out at the tracker.

CREATE TABLE issue_orders (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL, -- a new issue carries it out of sight, so that it is opened once
    project_id TEXT NOT NULL,
    task BIGINT NOT NULL,
    repository_id BIGINT NOT NULL, -- where the issue is, or is to be
    number BIGINT, -- of the issue that is there already; NULL: open one
    member_id TEXT NOT NULL, -- who wishes it
    identity TEXT NOT NULL, -- JSON: as whom they said so
    venue TEXT NOT NULL, -- JSON: where
    delivery_id TEXT NOT NULL, -- in which delivery
    made_at BIGINT NOT NULL,
    done_at BIGINT, -- when it was carried out, or given up
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
-- One at a time for each task.
CREATE UNIQUE INDEX issue_orders_open ON issue_orders (tenant_id, project_id, task) WHERE done_at IS NULL;
