-- The path of a Keycloak group may be longer than a row of a B-tree index (some 2,700 bytes). A hash index takes texts of any length, and
-- the constraint compares the names themselves.
ALTER TABLE observed_roles
    DROP CONSTRAINT observed_roles_kind_client_name_key,
    ADD CONSTRAINT observed_roles_once
        EXCLUDE USING hash ((kind || ' ' || length(client) || ' ' || client || name) WITH =);
CREATE INDEX observed_roles_by_name ON observed_roles USING hash (name);
