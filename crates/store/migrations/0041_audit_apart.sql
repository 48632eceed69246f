-- The audit log stands in a schema of its own, apart from what the rest of the house writes (requirement E6): the bank may
-- give it to another owner, and back it up and watch it by itself. Who may not make a schema has its owner make it first.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'contactiq_audit') THEN
        CREATE SCHEMA contactiq_audit;
    END IF;
END $$;
REVOKE ALL ON SCHEMA contactiq_audit FROM PUBLIC;
ALTER TABLE audit_entries SET SCHEMA contactiq_audit;
ALTER TABLE audit_tiles SET SCHEMA contactiq_audit;
ALTER TABLE audit_checkpoints SET SCHEMA contactiq_audit;
ALTER TABLE audit_lease SET SCHEMA contactiq_audit;
ALTER FUNCTION audit_refuse() SET SCHEMA contactiq_audit;
ALTER FUNCTION audit_in_order() SET SCHEMA contactiq_audit;
-- The triggers look for the log where it is, whoever writes; a temporary table of the same name comes behind it.
ALTER FUNCTION contactiq_audit.audit_in_order() SET search_path = contactiq_audit, pg_temp;
