-- What people want to be reminded of. A reminder is deleted when it is told or taken back.
CREATE TABLE reminders (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    member_id TEXT NOT NULL, -- whose it is
    identity TEXT NOT NULL, -- JSON: as whom they asked for it, and are told
    project_id TEXT, -- the project of the task that it is about; NULL: none
    task BIGINT, -- that task; no foreign key, it may leave the plan
    words TEXT NOT NULL, -- of what; may be empty where there is a task
    at BIGINT NOT NULL, -- when it is told
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CREATE INDEX reminders_by_member ON reminders (tenant_id, member_id, at);

SELECT keep_to_tenant('reminders');
