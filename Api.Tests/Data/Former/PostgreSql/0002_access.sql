-- Local groups carry permissions; role mappings say which role or group of Keycloak puts somebody into which local group.
CREATE TABLE groups (
    id          uuid PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE,
    description text NOT NULL DEFAULT '',
    version     integer NOT NULL DEFAULT 1
);

-- A permission is model:action; * stands for every model or every action.
CREATE TABLE group_permissions (
    group_id   uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission text NOT NULL,
    PRIMARY KEY (group_id, permission)
);

-- client is empty for realm roles and Keycloak groups, so that realm and client roles never share a name.
CREATE TABLE role_mappings (
    id       uuid PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client   text NOT NULL DEFAULT '',
    name     text COLLATE "C" NOT NULL,
    group_id uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    UNIQUE (kind, client, name, group_id),
    CHECK ((kind = 'client-role') = (client <> ''))
);
CREATE INDEX role_mappings_by_group ON role_mappings (group_id);

-- Memberships given by hand. Keycloak never takes them away.
CREATE TABLE group_members (
    group_id   uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_members_by_account ON group_members (account_id);

-- Every change of the rules raises this number, whoever made it, so that each instance knows when to read them again.
CREATE TABLE access_version (version bigint NOT NULL);
INSERT INTO access_version (version) VALUES (1);

CREATE FUNCTION raise_access_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER groups_changed AFTER INSERT OR UPDATE OR DELETE ON groups FOR EACH STATEMENT EXECUTE FUNCTION raise_access_version();
CREATE TRIGGER group_permissions_changed AFTER INSERT OR UPDATE OR DELETE ON group_permissions FOR EACH STATEMENT EXECUTE FUNCTION raise_access_version();
CREATE TRIGGER role_mappings_changed AFTER INSERT OR UPDATE OR DELETE ON role_mappings FOR EACH STATEMENT EXECUTE FUNCTION raise_access_version();
