-- What people say in channels where Docket is a member: kept for some days, and only what is there still.

-- Channels whose messages come to Docket, whether or not a project is bound to them, and what may be kept of each.
CREATE TABLE heard_channels (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    is_private BOOLEAN, -- whether only those see it who were invited; NULL until the surface has told
    is_kept BOOLEAN NOT NULL DEFAULT TRUE, -- whether what is said there is kept
    set_by TEXT, -- the member who decided that last
    PRIMARY KEY (tenant_id, surface, team, channel),
    FOREIGN KEY (tenant_id, set_by) REFERENCES members (tenant_id, id)
);

-- Messages that belong together. One without messages is deleted.
CREATE TABLE threads (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    number BIGINT NOT NULL, -- what people call it by: 7 of T-7
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    root TEXT NOT NULL, -- the surface's id of the message that it began with, which may not be kept
    messages BIGINT NOT NULL, -- how many are kept
    last_at BIGINT NOT NULL, -- when the last of them was said
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, surface, team, channel) REFERENCES heard_channels (tenant_id, surface, team, channel)
);
CREATE UNIQUE INDEX threads_by_number ON threads (tenant_id, number);
CREATE UNIQUE INDEX threads_by_root ON threads (tenant_id, surface, team, channel, root);
CREATE INDEX threads_by_time ON threads (tenant_id, last_at);

-- What was said, and not taken back.
CREATE TABLE messages (
    tenant_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL, -- the surface's id of it
    thread_id TEXT NOT NULL,
    member_id TEXT NOT NULL, -- who said it
    text TEXT NOT NULL, -- what it says now, cut
    since BIGINT NOT NULL, -- since when it says so, in microseconds
    at BIGINT NOT NULL, -- when it was said
    PRIMARY KEY (tenant_id, surface, team, channel, message),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX messages_by_thread ON messages (tenant_id, thread_id, at);
CREATE INDEX messages_by_member ON messages (tenant_id, member_id);
CREATE INDEX messages_by_time ON messages (tenant_id, at);

-- Messages that were taken back or forgotten, by their ids alone, so that they don't come again.
CREATE TABLE withdrawn_messages (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    at BIGINT NOT NULL, -- when it was said
    PRIMARY KEY (tenant_id, surface, team, channel, message)
);
CREATE INDEX withdrawn_messages_by_time ON withdrawn_messages (tenant_id, at);

-- What is forgotten of deliveries: what they said, and in time that they came.
CREATE INDEX deliveries_with_words ON deliveries (received_at)
WHERE source <> 'github' AND source <> 'console' AND length(body) > 0;
CREATE INDEX deliveries_heard ON deliveries (handled_at) WHERE outcome = 'heard';

ALTER TABLE tenants ADD COLUMN last_thread BIGINT NOT NULL DEFAULT 0; -- the number of the newest thread
ALTER TABLE tenants ADD COLUMN kept_days BIGINT; -- how many days messages are kept; NULL for the default

SELECT keep_to_tenant('heard_channels');
SELECT keep_to_tenant('threads');
SELECT keep_to_tenant('messages');
SELECT keep_to_tenant('withdrawn_messages');
