-- Tenants, people, plans and patches.
-- Everywhere: ids are prefixed ULIDs as TEXT, instants are unix milliseconds, JSON is TEXT.
-- Every table of a tenant has `tenant_id` first in its key, and its foreign keys carry it along, so
-- that a row can only ever refer to rows of its own tenant.

-- One customer organisation each.
CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL, -- for people
    policy TEXT, -- JSON: who may decide on a patch; NULL for the default
    next_patch BIGINT NOT NULL DEFAULT 1, -- the number of the next patch code
    last_entry BIGINT NOT NULL DEFAULT 0, -- the seq of the newest line of the console's conversation
    created_at BIGINT NOT NULL
);

-- Platform organisations, each of at most one tenant.
CREATE TABLE installations (
    surface TEXT NOT NULL, -- slack, console
    team TEXT NOT NULL, -- the organisation there
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL, -- what the platform calls it
    bot_user TEXT NOT NULL, -- our own user there
    removed TEXT, -- why it no longer works; NULL while it does
    PRIMARY KEY (surface, team)
);
CREATE INDEX installations_by_tenant ON installations (tenant_id);

-- People.
CREATE TABLE members (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL, -- shown on cards
    role TEXT NOT NULL, -- owner, member
    standing TEXT NOT NULL, -- full, guest, bot, gone, unknown: as the platform last said
    time_zone TEXT NOT NULL, -- IANA name
    PRIMARY KEY (tenant_id, id)
);

-- How the platforms name people.
CREATE TABLE identities (
    tenant_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL, -- the organisation there
    user_id TEXT NOT NULL, -- the person there
    member_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, surface, team, user_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX identities_by_member ON identities (tenant_id, member_id);

-- Roots of task trees.
CREATE TABLE projects (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    key TEXT NOT NULL, -- in front of task numbers, such as AUTH
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    lifecycle TEXT NOT NULL,
    revision BIGINT NOT NULL, -- how often the plan has changed; guards every change of it
    next_number BIGINT NOT NULL, -- the first task number that no task has and no patch reserved
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key)
);

-- Nodes of task trees.
CREATE TABLE tasks (
    tenant_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    parent BIGINT, -- the number of the task it belongs to; NULL at the top
    rank TEXT NOT NULL, -- its place among siblings: hexadecimal, sorts as text
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    acceptance TEXT NOT NULL, -- JSON list of sentences
    status TEXT NOT NULL,
    assignee TEXT, -- a member
    estimate BIGINT, -- minutes of work
    priority TEXT NOT NULL,
    due TEXT, -- a day, YYYY-MM-DD
    links TEXT NOT NULL, -- JSON list of {label, url}
    version BIGINT NOT NULL, -- the plan's revision that last changed it
    PRIMARY KEY (tenant_id, project_id, number),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
    FOREIGN KEY (tenant_id, assignee) REFERENCES members (tenant_id, id),
    -- Checked at commit, so that a patch may be written in any order.
    FOREIGN KEY (tenant_id, project_id, parent) REFERENCES tasks (tenant_id, project_id, number)
        DEFERRABLE INITIALLY DEFERRED
);
-- No second index may begin like the key: before there are statistics PostgreSQL takes either for a lookup by
-- number, foreign keys' own checks included, and reads the whole plan at each.
CREATE INDEX tasks_in_tree ON tasks (tenant_id, parent, project_id, rank, number);
CREATE INDEX tasks_by_assignee ON tasks (tenant_id, assignee) WHERE assignee IS NOT NULL;

-- Which task waits for which.
CREATE TABLE task_dependencies (
    tenant_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    task BIGINT NOT NULL, -- the one that waits
    depends_on BIGINT NOT NULL, -- the one that comes first
    PRIMARY KEY (tenant_id, project_id, task, depends_on),
    FOREIGN KEY (tenant_id, project_id, task) REFERENCES tasks (tenant_id, project_id, number)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant_id, project_id, depends_on) REFERENCES tasks (tenant_id, project_id, number)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX task_dependencies_by_first ON task_dependencies (tenant_id, depends_on, project_id);

-- Which project a channel is about.
CREATE TABLE channels (
    tenant_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    project_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, surface, team, channel),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);

-- Proposed changes of a plan, and what became of them.
CREATE TABLE patches (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    code BIGINT NOT NULL, -- 41 for P-41
    revision BIGINT NOT NULL, -- counts its rebases and renewals from 1
    project_id TEXT NOT NULL, -- no foreign key: a first plan's project is created when it is applied
    founding_key TEXT, -- the key of the project to create
    founding TEXT, -- JSON: the project to create
    base BIGINT NOT NULL, -- the plan's revision it was made against
    mode TEXT NOT NULL, -- JSON: how much it may shape
    title TEXT NOT NULL,
    steps TEXT NOT NULL, -- JSON list of operations with reasons
    before_tasks TEXT NOT NULL, -- JSON: the existing tasks it touches, as they were at base
    author TEXT NOT NULL, -- a member
    origin TEXT NOT NULL, -- JSON: where and how it came to be
    confidence TEXT NOT NULL,
    state TEXT NOT NULL, -- proposed, applied, rejected, superseded, expired, undone
    outcome TEXT NOT NULL, -- JSON: the state with who, when and why
    inverse TEXT, -- JSON list of the operations that take it back, once applied
    supersedes TEXT, -- the patch whose place it took
    undoes TEXT, -- the patch that it takes back
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, author) REFERENCES members (tenant_id, id)
);
CREATE INDEX patches_by_state ON patches (tenant_id, state, code);
CREATE INDEX patches_by_project ON patches (tenant_id, project_id, code);
CREATE INDEX patches_open ON patches (tenant_id, project_id) WHERE state = 'proposed';
CREATE INDEX patches_in_state ON patches (state);

-- Approvals given so far to one revision of a patch.
CREATE TABLE approvals (
    tenant_id TEXT NOT NULL,
    patch_id TEXT NOT NULL,
    revision BIGINT NOT NULL, -- the patch's revision that the person saw
    member_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, patch_id, revision, member_id),
    FOREIGN KEY (tenant_id, patch_id) REFERENCES patches (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
