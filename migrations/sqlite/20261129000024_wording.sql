-- What a model made of the facts of a digest, asked once however often posting is tried.

ALTER TABLE digests ADD COLUMN wording TEXT; -- JSON; NULL: none was asked, or it is on its way no more
