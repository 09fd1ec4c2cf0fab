-- When members work, when they are away, and the days on which nobody works.

CREATE TABLE work_hours (
    tenant_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    hours TEXT, -- JSON: days, from, to; NULL: as everybody
    zone TEXT, -- NULL: as their profile says
    told_zone TEXT NOT NULL, -- what the profile said when they chose
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

CREATE TABLE leaves (
    tenant_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    first_day TEXT NOT NULL, -- as 2026-12-24; leaves of one member never overlap
    last_day TEXT NOT NULL, -- the last one away
    PRIMARY KEY (tenant_id, member_id, first_day),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

-- Where holidays come from.
CREATE TABLE calendars (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    country TEXT, -- its code, such as FR; NULL for a feed
    address TEXT, -- of a feed that is open to everybody; NULL for a country
    name TEXT NOT NULL, -- what people call it
    member_id TEXT NOT NULL, -- who wants it
    venue TEXT, -- JSON: where they wait to hear whether the feed could be read; NULL when they were told
    identity TEXT, -- JSON: as whom
    added_at BIGINT NOT NULL,
    read_at BIGINT, -- when it was last read wholly
    trouble TEXT, -- why it could not be read since, in words
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, country),
    UNIQUE (tenant_id, address),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

CREATE TABLE holidays (
    tenant_id TEXT NOT NULL,
    calendar_id TEXT NOT NULL,
    day TEXT NOT NULL, -- as 2026-12-24
    name TEXT NOT NULL,
    PRIMARY KEY (tenant_id, calendar_id, day),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES calendars (tenant_id, id)
);

SELECT keep_to_tenant('work_hours');
SELECT keep_to_tenant('leaves');
SELECT keep_to_tenant('calendars');
SELECT keep_to_tenant('holidays');
