-- Local groups carry permissions; role mappings say which role or group of Keycloak leads into which local group.
CREATE TABLE groups (
    id          uuid PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE,
    description text NOT NULL DEFAULT '',
    version     integer NOT NULL DEFAULT 1,
    -- Every account is in a default group.
    is_default  boolean NOT NULL DEFAULT false
);

-- A permission is model:action; * stands for every model or every action. What one group denies, no other grants.
CREATE TABLE group_permissions (
    group_id   uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission text NOT NULL,
    denied     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (group_id, permission)
);

-- client is empty for realm roles and Keycloak groups, so that realm and client roles never share a name.
CREATE TABLE role_mappings (
    id       uuid PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client   text NOT NULL DEFAULT '',
    name     text COLLATE "C" NOT NULL,
    group_id uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    version  integer NOT NULL DEFAULT 1,
    UNIQUE (kind, client, name, group_id),
    CHECK ((kind = 'client-role') = (client <> ''))
);
CREATE INDEX role_mappings_by_group ON role_mappings (group_id);

-- Direct members. Keycloak never takes them away.
CREATE TABLE group_members (
    group_id   uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_members_by_account ON group_members (account_id);

-- Every change of the rules raises this number, whoever makes it, so that each instance knows when to read them again. A command
-- raises it once, and says so with raised for as long as its transaction lasts.
CREATE TABLE access_version (
    version bigint NOT NULL,
    raised  boolean NOT NULL DEFAULT false
);
INSERT INTO access_version (version) VALUES (1);

CREATE FUNCTION raise_access_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_version SET version = version + 1 WHERE NOT raised;
    RETURN NULL;
END $$;
CREATE TRIGGER groups_changed AFTER INSERT OR UPDATE OR DELETE ON groups
    FOR EACH STATEMENT EXECUTE FUNCTION raise_access_version();
CREATE TRIGGER group_permissions_changed AFTER INSERT OR UPDATE OR DELETE ON group_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION raise_access_version();
CREATE TRIGGER role_mappings_changed AFTER INSERT OR UPDATE OR DELETE ON role_mappings
    FOR EACH STATEMENT EXECUTE FUNCTION raise_access_version();

-- The groups and mappings that a new installation starts with. They are data like any other: change or delete them.
INSERT INTO groups (id, name, description) VALUES
    ('f2deb40b-4fc1-565e-8c01-002db166d8de', 'superusers', 'Everything, on every model'),
    ('f4de8f6e-c83b-535c-bffe-39f72cd440cb', 'staff', 'May open the admin pages'),
    ('67e77d9c-17a9-5811-84d7-1553e4702997', 'account-managers', 'See accounts, enable and disable them'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'group-managers', 'Manage groups and role mappings');

INSERT INTO group_permissions (group_id, permission) VALUES
    ('f2deb40b-4fc1-565e-8c01-002db166d8de', '*:*'),
    ('f4de8f6e-c83b-535c-bffe-39f72cd440cb', 'admin:view'),
    ('67e77d9c-17a9-5811-84d7-1553e4702997', 'account:view'),
    ('67e77d9c-17a9-5811-84d7-1553e4702997', 'account:change'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'access:view'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'account:view'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'group:*'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'role-mapping:*');

-- @Resource is the client id of this API in Keycloak: the client that owns the client roles.
INSERT INTO role_mappings (id, kind, client, name, group_id) VALUES
    ('764cf386-869a-59dc-a184-cceefadd2e2b', 'realm-role', '', 'superuser', 'f2deb40b-4fc1-565e-8c01-002db166d8de'),
    ('d1fc3e97-8505-5833-bb9c-95be0f3c01d5', 'realm-role', '', 'staff', 'f4de8f6e-c83b-535c-bffe-39f72cd440cb'),
    ('f08f96e5-9a82-59e3-8c91-7ae8cd6b69fb', 'client-role', @Resource, 'group-manager', 'd46828cc-2a50-59a2-8646-c76d4591b6a8'),
    ('c084a1d4-0ade-5b51-92fe-eef4237eeadf', 'keycloak-group', '', '/operations/leads', '67e77d9c-17a9-5811-84d7-1553e4702997');
