-- The path of a Keycloak group may be longer than a row of a B-tree index (some 2,700 bytes). A hash index takes texts of any length, and
-- the constraint compares the names themselves. The one before has another name in a database of before there were two histories.
DO $$
DECLARE former text;
BEGIN
    SELECT conname INTO former FROM pg_constraint WHERE conrelid = 'observed_roles'::regclass AND contype = 'u';
    EXECUTE format('ALTER TABLE observed_roles DROP CONSTRAINT %I', former);
END $$;
ALTER TABLE observed_roles ADD CONSTRAINT observed_roles_once
    EXCLUDE USING hash ((kind || ' ' || length(client) || ' ' || client || name) WITH =);
CREATE INDEX observed_roles_by_name ON observed_roles USING hash (name);
