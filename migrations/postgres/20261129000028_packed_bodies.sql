-- A body is stored packed where that saves something (see src/store/packing.rs). PostgreSQL does not try again.

ALTER TABLE deliveries ADD COLUMN is_packed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTERNAL;
