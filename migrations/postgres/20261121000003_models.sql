-- Language models: accounts, calls, what is being drafted, what words mean, what became of proposals.

ALTER TABLE tenants ADD COLUMN models TEXT; -- JSON: the choice of models and the daily budget; NULL for the default

-- Is a thread in which somebody speaks one that a card stands in?
CREATE INDEX cards_by_thread ON cards (tenant_id, surface, team, channel, thread) WHERE thread IS NOT NULL;

-- Accounts with providers of models.
CREATE TABLE llm_accounts (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL, -- what people call it
    folded TEXT NOT NULL, -- the name in lower case, by which it is unique
    base_url TEXT NOT NULL,
    key_sealed TEXT, -- encrypted for this tenant and account; NULL where the provider wants no key
    models TEXT NOT NULL, -- JSON list of the enabled models, the account's default first
    json_mode TEXT NOT NULL, -- schema, object, text: how its answers can be held to a shape
    position BIGINT NOT NULL, -- failover goes from lower to higher
    member_id TEXT NOT NULL, -- who added it
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, folded),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

-- Calls of models: what they were for and what they cost. Nothing of what was said.
CREATE TABLE llm_calls (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    delivery_id TEXT, -- the delivery that was being handled; no foreign key, a call outlives it
    purpose TEXT NOT NULL, -- route, plan, break, refine
    account TEXT NOT NULL, -- the account's name at that time
    model TEXT NOT NULL,
    prompt TEXT NOT NULL, -- the version of the prompt
    reserved BIGINT NOT NULL, -- tokens set aside before the call
    prompt_tokens BIGINT NOT NULL,
    answer_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL, -- tokens it counts in the budget: reserved while it runs, used afterwards
    outcome TEXT NOT NULL, -- running, answered, invalid, …
    at BIGINT NOT NULL,
    millis BIGINT NOT NULL, -- how long it took
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX llm_calls_by_time ON llm_calls (tenant_id, at);
CREATE INDEX llm_calls_by_delivery ON llm_calls (tenant_id, delivery_id);

-- Drafts that are being made, shown while they take long.
CREATE TABLE progress (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    delivery_id TEXT NOT NULL,
    venue TEXT NOT NULL, -- JSON: where it was asked for
    surface TEXT NOT NULL, -- the venue's
    what TEXT NOT NULL, -- what is being made, for people
    started_at BIGINT NOT NULL,
    message TEXT, -- the surface's id of the message that shows it
    stopped_by TEXT, -- the member who stopped it
    is_over BOOLEAN NOT NULL, -- the work is over without a card, and the message has to go
    PRIMARY KEY (tenant_id, delivery_id)
);

-- What words were chosen to mean in a channel.
CREATE TABLE routes (
    tenant_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    phrase TEXT NOT NULL, -- the words in lower case without punctuation
    line TEXT NOT NULL, -- the command they mean
    member_id TEXT NOT NULL, -- who chose
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, surface, team, channel, phrase),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

-- What was proposed first and what was approved in the end, for each decision.
CREATE TABLE lessons (
    tenant_id TEXT NOT NULL,
    patch_id TEXT NOT NULL, -- the patch that was decided
    first_id TEXT NOT NULL, -- the proposal that it goes back to
    purpose TEXT NOT NULL, -- plan, break, refine; set or undo where no model could have drafted it
    model TEXT, -- account/model; NULL where no model drafted it
    prompt TEXT, -- the version of its prompt
    verdict TEXT NOT NULL, -- approved, edited, rejected, expired
    proposed BIGINT NOT NULL, -- operations of the first proposal
    approved BIGINT NOT NULL, -- operations that were applied
    distance BIGINT NOT NULL, -- edits between the two, operation by operation
    edits TEXT NOT NULL, -- JSON list: the distance of each operation
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, patch_id),
    FOREIGN KEY (tenant_id, patch_id) REFERENCES patches (tenant_id, id)
);
CREATE INDEX lessons_by_time ON lessons (tenant_id, at);
