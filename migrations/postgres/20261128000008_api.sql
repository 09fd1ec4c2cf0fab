-- The JSON API: tokens, and the answers to requests that are sent again.

-- What programs may do in a member's name. Revoked by deletion.
CREATE TABLE api_tokens (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    hash TEXT NOT NULL, -- SHA-256 of the token's text in hexadecimal; the text itself is nowhere
    name TEXT NOT NULL, -- what its maker calls it
    scopes TEXT NOT NULL, -- JSON list: read, propose, decide
    member_id TEXT NOT NULL, -- who made it, and in whose name it acts
    created_at BIGINT NOT NULL,
    expires_at BIGINT, -- NULL where it does not end
    used_at BIGINT, -- when it was last used, to within minutes; NULL before the first time
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE UNIQUE INDEX api_tokens_by_hash ON api_tokens (hash);

-- Requests with an Idempotency-Key, and what was answered.
CREATE TABLE api_requests (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    caller TEXT NOT NULL, -- the token, or the member of a session; no foreign key, an answer outlives a token
    key TEXT NOT NULL, -- what the caller calls the request
    fingerprint TEXT NOT NULL, -- SHA-256 of its method, address, condition and body
    status BIGINT, -- of the answer; NULL while the transaction that makes it is open
    headers TEXT, -- JSON list of names and values
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, caller, key)
);
CREATE INDEX api_requests_by_time ON api_requests (tenant_id, created_at);

-- Where does the card of a proposal for this project go?
CREATE INDEX channels_by_project ON channels (tenant_id, project_id);

SELECT keep_to_tenant('api_tokens');
SELECT keep_to_tenant('api_requests');
