-- What people are told of pull requests: where, by which messages, and who is mentioned.

ALTER TABLE projects ADD COLUMN announce TEXT; -- JSON: what its channel is told; NULL: as it comes
ALTER TABLE cards ADD COLUMN pull_card_id TEXT; -- the message of a pull request in whose thread it stands

CREATE INDEX pull_tasks_by_patch ON pull_tasks (tenant_id, patch_id) WHERE patch_id IS NOT NULL;

-- The messages that show a pull request: one in each channel that is told of it.
CREATE TABLE pull_cards (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    project_id TEXT NOT NULL, -- whose channel it stands in
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT, -- the surface's id of it, once it is posted
    shown TEXT, -- a fingerprint of what it says now
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id, number) REFERENCES pulls (tenant_id, repository_id, number),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CREATE UNIQUE INDEX pull_cards_by_pull ON pull_cards (tenant_id, repository_id, number, surface, team, channel);
CREATE INDEX pull_cards_by_message ON pull_cards (tenant_id, surface, team, channel, message);
CREATE INDEX pull_cards_by_project ON pull_cards (tenant_id, project_id);

-- Lines about what happened, in the thread of such a message or in the channel.
CREATE TABLE notices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    about TEXT NOT NULL, -- what it tells of: each thing is told once in a channel
    surface TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    pull_card_id TEXT, -- in whose thread; NULL: in none
    message TEXT NOT NULL, -- JSON: what it says
    posted TEXT, -- the surface's id of it, once it is posted
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pull_card_id) REFERENCES pull_cards (tenant_id, id)
);
CREATE UNIQUE INDEX notices_by_about ON notices (tenant_id, surface, team, channel, about);
CREATE INDEX notices_by_card ON notices (tenant_id, pull_card_id, created_at);

-- The members who want to be mentioned when something at a tracker waits for them.
CREATE TABLE mentions (
    tenant_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    wanted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

SELECT keep_to_tenant('pull_cards');
SELECT keep_to_tenant('notices');
SELECT keep_to_tenant('mentions');
