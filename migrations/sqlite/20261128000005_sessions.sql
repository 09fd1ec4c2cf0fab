-- Who is signed in, the ways in, and who may read what in the console.

-- Browsers that are signed in.
CREATE TABLE sessions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL, -- names it on the page of sessions, and opens nothing
    token_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the token in the cookie, which is stored nowhere
    member_id TEXT NOT NULL,
    how TEXT NOT NULL, -- slack, oidc, ticket, …: the way in
    browser TEXT NOT NULL, -- what the browser calls itself, cut
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL, -- when it was last used, give or take some minutes
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX sessions_by_member ON sessions (tenant_id, member_id);
CREATE INDEX sessions_by_seen ON sessions (seen_at);

-- Round trips to a provider that were started and have not come back.
CREATE TABLE flows (
    state_hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the state in the address
    browser_hash TEXT NOT NULL, -- SHA-256 of the cookie of the browser that started it
    provider TEXT NOT NULL, -- slack, github, …, oidc
    purpose TEXT NOT NULL, -- sign_in, link, connect, own, app
    tenant_id TEXT REFERENCES tenants (id), -- NULL: nobody was signed in
    member_id TEXT, -- who started it
    verifier TEXT NOT NULL, -- of PKCE: worthless without the code that the provider sends to the browser
    nonce TEXT NOT NULL, -- what the provider has to repeat in its statement about the person
    detail TEXT NOT NULL, -- JSON: what the purpose has to remember
    return_to TEXT NOT NULL, -- the page to go on with
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX flows_by_end ON flows (expires_at);

-- How providers where nobody talks to Docket name people.
CREATE TABLE logins (
    tenant_id TEXT NOT NULL,
    provider TEXT NOT NULL, -- oidc, github, …
    realm TEXT NOT NULL, -- where the name counts: the issuer, the server
    subject TEXT NOT NULL, -- the person there, by a name that never passes to another
    member_id TEXT NOT NULL,
    name TEXT NOT NULL, -- what people call it there
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, provider, realm, subject),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX logins_by_member ON logins (tenant_id, member_id);

-- Private links from chat that sign a member in once.
CREATE TABLE tickets (
    tenant_id TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the token in the link, which is stored nowhere
    member_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX tickets_by_end ON tickets (expires_at);

ALTER TABLE entries ADD COLUMN reader TEXT; -- the member who alone sees it; NULL: everybody in the tenant

-- Until now one person sat at the console: what they were told stays theirs.
UPDATE entries SET reader = (
    SELECT i.member_id FROM identities i
    WHERE i.tenant_id = entries.tenant_id AND i.surface = 'console' AND i.team = 'local' AND i.user_id = 'local'
) WHERE content LIKE '{"type":"answered"%';
