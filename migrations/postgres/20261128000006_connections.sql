-- Access to providers: connections, and apps that tenants made for themselves.

CREATE TABLE connections (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    provider TEXT NOT NULL, -- slack, discord, github, linear, coder
    realm TEXT NOT NULL, -- the organisation there, by the provider's own id
    owner TEXT, -- the member whose own it is; NULL for the tenant's
    name TEXT NOT NULL, -- what the provider calls the organisation
    account TEXT NOT NULL, -- as whom Docket acts there
    url TEXT NOT NULL, -- where it is, for people
    scopes TEXT NOT NULL, -- JSON list of what was granted
    access_sealed TEXT, -- the token, encrypted for "connection <provider> <id> access"; NULL where it is dead
    refresh_sealed TEXT, -- what fresh tokens are got with, encrypted for "connection <provider> <id> refresh"
    expires_at BIGINT, -- when the token ends; NULL where it does not
    state TEXT NOT NULL, -- live, broken, leaving
    trouble TEXT, -- why it is broken, for people
    broken_at BIGINT, -- since when
    version BIGINT NOT NULL, -- grows whenever the tokens change; guards that change
    lease_until BIGINT, -- who refreshes it has it until then
    connected_by TEXT NOT NULL, -- the member who connected it last
    connected_at BIGINT NOT NULL,
    refreshed_at BIGINT, -- NULL until it was refreshed for the first time
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner) REFERENCES members (tenant_id, id),
    FOREIGN KEY (tenant_id, connected_by) REFERENCES members (tenant_id, id)
);
-- A platform's organisation belongs to at most one tenant.
CREATE UNIQUE INDEX connections_by_realm ON connections (provider, realm) WHERE owner IS NULL;
CREATE UNIQUE INDEX connections_by_owner ON connections (tenant_id, provider, realm, owner) WHERE owner IS NOT NULL;

-- A tenant's own app at a provider, made by a button.
CREATE TABLE provider_apps (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    provider TEXT NOT NULL, -- github
    number BIGINT NOT NULL, -- the app's id there
    slug TEXT NOT NULL, -- its name in addresses
    name TEXT NOT NULL, -- what people call it
    url TEXT NOT NULL, -- its page
    client_id TEXT NOT NULL,
    client_sealed TEXT NOT NULL, -- the client secret, encrypted for "app <provider> client"
    key_sealed TEXT NOT NULL, -- the private key, encrypted for "app <provider> key"
    hook_sealed TEXT, -- the secret of its webhooks, encrypted for "app <provider> hook"
    made_by TEXT NOT NULL, -- the member who pressed the button
    made_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, provider),
    FOREIGN KEY (tenant_id, made_by) REFERENCES members (tenant_id, id)
);

SELECT keep_to_tenant('connections');
SELECT keep_to_tenant('provider_apps');
