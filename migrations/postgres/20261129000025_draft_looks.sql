-- A draft is looked up by the message in which it was offered, and forgotten a while after its digest.

CREATE INDEX drafts_by_message ON drafts (tenant_id, channel, message);
CREATE INDEX drafts_by_slot ON drafts (slot);
