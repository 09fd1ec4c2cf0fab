-- What became of conversations: which tasks they are about, what was proposed because of them, and how far they were read.

-- One line for each time that something was made of a conversation, by the rules or by somebody. It holds no text of it.
CREATE TABLE matches (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    thread_id TEXT NOT NULL, -- the conversation, which may be gone
    number BIGINT NOT NULL, -- what people call it by: 7 of T-7
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    root TEXT NOT NULL, -- the surface's id of the message that it began with
    is_private BOOLEAN NOT NULL, -- whether only those may know of it who are in the channel
    read_until BIGINT NOT NULL, -- when the last thing was said in it that counted
    verdict TEXT NOT NULL,
    tasks TEXT NOT NULL, -- JSON: the tasks that it may be about with their scores, the likeliest first
    finding TEXT, -- what was found for a task; NULL: nothing to propose
    project_id TEXT, -- that task's project
    task BIGINT, -- that task; NULL: a new one
    message TEXT, -- the surface's id of the message that says so
    patch_id TEXT, -- what was proposed
    member_id TEXT, -- who decided it; NULL: the rules
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
    FOREIGN KEY (tenant_id, patch_id) REFERENCES patches (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX matches_by_thread ON matches (tenant_id, thread_id, at);
CREATE INDEX matches_by_time ON matches (tenant_id, at);

-- How far the conversations of each tenant were read.
CREATE TABLE readings (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    read_until BIGINT NOT NULL, -- what was said until then was read
    night_at BIGINT NOT NULL, -- when they were read last because it was night
    PRIMARY KEY (tenant_id)
);
