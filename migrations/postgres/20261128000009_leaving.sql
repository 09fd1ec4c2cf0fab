-- A tenant may leave, with everything that is stored of it.

ALTER TABLE tenants ADD COLUMN is_leaving BOOLEAN NOT NULL DEFAULT FALSE; -- being deleted: nobody gets in any more

-- The trail stays append-only for everybody else.
CREATE FUNCTION refuse_change_unless_leaving() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant_id AND is_leaving) THEN
        RAISE EXCEPTION 'the % trail is append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END;
$$;
DROP TRIGGER audit_append_only ON audit;
-- Per statement, so that TRUNCATE and a change of no row are refused, too.
CREATE TRIGGER audit_append_only BEFORE UPDATE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_goes_with_its_tenant BEFORE DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_leaving();
