-- Whom each digest told of, and what members say of their part beforehand.

-- The next digest of the same schedule begins for a member where this one ended.
CREATE TABLE digest_people (
    tenant_id TEXT NOT NULL,
    digest_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, digest_id, member_id),
    FOREIGN KEY (tenant_id, digest_id) REFERENCES digests (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

-- Private drafts of what a digest will tell of a member: at most one for each and slot.
CREATE TABLE drafts (
    tenant_id TEXT NOT NULL,
    schedule_id TEXT NOT NULL, -- no foreign key, a draft may outlive its schedule
    slot BIGINT NOT NULL, -- the instant that the digest is for
    member_id TEXT NOT NULL,
    channel TEXT, -- the surface's id of the conversation in which it was offered; NULL until it was
    message TEXT, -- the surface's id of the message there; NULL until it was offered
    shown TEXT NOT NULL, -- JSON: what its numbered lines are about, in order
    says TEXT NOT NULL, -- JSON: what the member wants to be different
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, schedule_id, slot, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX drafts_by_member ON drafts (tenant_id, member_id, slot);

CREATE INDEX audit_by_time ON audit (tenant_id, at);

SELECT keep_to_tenant('digest_people');
SELECT keep_to_tenant('drafts');
