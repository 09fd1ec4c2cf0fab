-- What digests say, so that posting may be tried again and again.

-- What a model made of the facts, asked once.
ALTER TABLE digests ADD COLUMN wording TEXT; -- JSON; NULL: none was asked, or it is on its way no more
-- A fingerprint of what its messages say.
ALTER TABLE digests ADD COLUMN shown TEXT; -- NULL: none is posted, or they say different things
