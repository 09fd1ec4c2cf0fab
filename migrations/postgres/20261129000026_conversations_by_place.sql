-- The conversations of a channel, and what was made of one by its number.

CREATE INDEX threads_by_channel ON threads (tenant_id, surface, team, channel, last_at);
CREATE INDEX matches_by_number ON matches (tenant_id, number, at);
