-- A tenant may leave, with everything that is stored of it.

ALTER TABLE tenants ADD COLUMN is_leaving BOOLEAN NOT NULL DEFAULT FALSE; -- being deleted: nobody gets in any more

-- The trail stays append-only for everybody else.
DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant_id AND is_leaving)
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
