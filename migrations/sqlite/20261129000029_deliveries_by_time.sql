-- GitHub's delivery ids are UUIDs of version 1, which begin with the part of their time that changes fastest: sorted as they
-- are, each webhook belongs on another page of the index that tells a copy. With the slower parts before it, webhooks that come
-- in together stand together, and what is written for each is a row and not a page.

DROP INDEX deliveries_once;
CREATE UNIQUE INDEX deliveries_once ON deliveries (
    coalesce(tenant_id, ''), source, substr(dedupe_key, -22, 4) || substr(dedupe_key, -27, 4), dedupe_key
);
