-- Who decides: a project's own rules, proposed changes of the rules, objections of lazy consensus.

ALTER TABLE projects ADD COLUMN policy TEXT; -- JSON: what it sets otherwise than its tenant; NULL for nothing

-- When the clock of lazy consensus began to run for the patch as it is now; NULL for its creation.
ALTER TABLE patches ADD COLUMN clock_from BIGINT;

-- Who objects to one revision of a patch.
CREATE TABLE objections (
    tenant_id TEXT NOT NULL,
    patch_id TEXT NOT NULL,
    revision BIGINT NOT NULL, -- the patch's revision that the person saw
    member_id TEXT NOT NULL,
    reason TEXT NOT NULL, -- in their words; may be empty
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, patch_id, revision, member_id),
    FOREIGN KEY (tenant_id, patch_id) REFERENCES patches (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX objections_by_member ON objections (tenant_id, member_id);

-- Proposed changes of the rules for decisions, and what became of them.
CREATE TABLE policy_changes (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    code BIGINT NOT NULL, -- 7 for R-7
    revision BIGINT NOT NULL, -- how many changes had been approved when it was made
    project_id TEXT, -- whose rules; NULL for the tenant's
    before_rules TEXT NOT NULL, -- JSON: the rules it was made against
    after_rules TEXT NOT NULL, -- JSON: the rules it makes
    author TEXT NOT NULL, -- a member
    words TEXT NOT NULL, -- what asked for it
    state TEXT NOT NULL, -- open, approved, rejected, stale, expired
    outcome TEXT NOT NULL, -- JSON: the state with who and when
    venue TEXT NOT NULL, -- JSON: where its card stands
    message TEXT, -- the surface's id of the card
    shown TEXT, -- a fingerprint of what the card says
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, author) REFERENCES members (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CREATE INDEX policy_changes_open ON policy_changes (tenant_id) WHERE state = 'open';

SELECT keep_to_tenant('objections');
SELECT keep_to_tenant('policy_changes');
