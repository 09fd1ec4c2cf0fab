-- PostgreSQL gets its second wall between tenants here. SQLite has no row-level security: there, as on PostgreSQL,
-- every statement names its tenant, and one process serves one file.
SELECT 1;
