-- The second wall between tenants: a transaction sees and writes the rows of the tenant that it is set to, whatever
-- its statements say. The store sets `docket.tenant` at the start of each; `*` is everybody's. Where nothing is set,
-- nothing is seen. A superuser, or a role with BYPASSRLS, is not held back: Docket says so at its start.

-- Every table with a `tenant_id` calls it once; a test fails where one does not.
CREATE FUNCTION keep_to_tenant(name regclass, owner text DEFAULT 'tenant_id') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    mine text := format('%I = current_setting(''docket.tenant'', true)', owner);
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    -- Also for the owner of the table, which Docket mostly is.
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'CREATE POLICY of_its_tenant ON %s USING (%s OR current_setting(''docket.tenant'', true) = ''*'')', name, mine
    );
END;
$$;

SELECT keep_to_tenant('tenants', 'id');
SELECT keep_to_tenant('installations');
SELECT keep_to_tenant('members');
SELECT keep_to_tenant('identities');
SELECT keep_to_tenant('projects');
SELECT keep_to_tenant('tasks');
SELECT keep_to_tenant('task_dependencies');
SELECT keep_to_tenant('channels');
SELECT keep_to_tenant('patches');
SELECT keep_to_tenant('approvals');
SELECT keep_to_tenant('cards');
SELECT keep_to_tenant('answers');
SELECT keep_to_tenant('entries');
SELECT keep_to_tenant('deliveries');
SELECT keep_to_tenant('jobs');
SELECT keep_to_tenant('audit');
SELECT keep_to_tenant('llm_accounts');
SELECT keep_to_tenant('llm_calls');
SELECT keep_to_tenant('progress');
SELECT keep_to_tenant('routes');
SELECT keep_to_tenant('lessons');
