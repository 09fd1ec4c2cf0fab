-- A body is stored packed where that saves something (see src/store/packing.rs).

ALTER TABLE deliveries ADD COLUMN is_packed BOOLEAN NOT NULL DEFAULT FALSE;
