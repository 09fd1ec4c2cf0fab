-- What trackers know: repositories, pull requests, issues, and what they mean for plans.

-- Repositories that a tenant's connections see, or saw.
CREATE TABLE repositories (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL, -- the tracker's own number: it stays when the name changes
    connection_id TEXT NOT NULL, -- which connection sees it; may be gone
    full_name TEXT NOT NULL, -- owner/name, as it was last
    seen TEXT NOT NULL, -- JSON: what was said of it last
    presence TEXT NOT NULL, -- here, unsure, missing
    trouble TEXT, -- why it is not there or can't be looked at, in words for people
    trouble_since BIGINT,
    strikes BIGINT NOT NULL, -- how many looks in a row failed
    offered_at BIGINT, -- when people were asked whether to plan a project for it
    found_at BIGINT NOT NULL,
    sync TEXT NOT NULL, -- JSON: how far it has been read
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX repositories_by_connection ON repositories (tenant_id, connection_id);
CREATE INDEX repositories_by_name ON repositories (tenant_id, full_name);

-- Which repositories a project's work happens in.
CREATE TABLE repository_links (
    tenant_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    linked_by TEXT NOT NULL, -- a member
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, project_id, repository_id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, linked_by) REFERENCES members (tenant_id, id)
);
CREATE INDEX repository_links_by_repository ON repository_links (tenant_id, repository_id);

-- Pull requests, as facts that merge.
CREATE TABLE pulls (
    tenant_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL, -- open, closed, merged
    head TEXT NOT NULL, -- the commit it ends with
    updated_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    ended_at BIGINT,
    facts TEXT NOT NULL, -- JSON: all of it
    PRIMARY KEY (tenant_id, repository_id, number),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id)
);
CREATE INDEX pulls_by_state ON pulls (tenant_id, state, updated_at);
CREATE INDEX pulls_by_head ON pulls (tenant_id, repository_id, head);

-- Which tasks a pull request is about, and what was proposed because of it.
CREATE TABLE pull_tasks (
    tenant_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    project_id TEXT NOT NULL,
    task BIGINT NOT NULL,
    is_closing BOOLEAN NOT NULL, -- merging it finishes the task
    proposed TEXT, -- the move that was proposed last because of it; it is not proposed again
    patch_id TEXT, -- the patch that proposed it
    PRIMARY KEY (tenant_id, repository_id, number, project_id, task),
    FOREIGN KEY (tenant_id, repository_id, number) REFERENCES pulls (tenant_id, repository_id, number),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CREATE INDEX pull_tasks_by_task ON pull_tasks (tenant_id, project_id, task);

-- Issues, as facts that merge, and the tasks that they stand for.
CREATE TABLE issues (
    tenant_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL, -- open, completed, not_planned
    updated_at BIGINT NOT NULL,
    facts TEXT NOT NULL, -- JSON: all of it
    project_id TEXT, -- the project of the task it stands for
    task BIGINT,
    proposed TEXT, -- JSON: what was proposed last because of it; it is not proposed again
    PRIMARY KEY (tenant_id, repository_id, number),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CREATE UNIQUE INDEX issues_by_task ON issues (tenant_id, project_id, task) WHERE project_id IS NOT NULL;

-- What people wrote under pull requests and issues.
CREATE TABLE remarks (
    tenant_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL, -- the tracker's own, with its kind in front
    author TEXT NOT NULL, -- JSON: the account
    url TEXT NOT NULL,
    text TEXT NOT NULL, -- cut
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, repository_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id)
);
CREATE INDEX remarks_by_number ON remarks (tenant_id, repository_id, number, at);
CREATE INDEX remarks_by_time ON remarks (tenant_id, at);

SELECT keep_to_tenant('repositories');
SELECT keep_to_tenant('repository_links');
SELECT keep_to_tenant('pulls');
SELECT keep_to_tenant('pull_tasks');
SELECT keep_to_tenant('issues');
SELECT keep_to_tenant('remarks');
