-- Local groups carry permissions; role mappings say which role or group of Keycloak leads into which local group.
CREATE TABLE groups (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    -- Every account is in a default group.
    is_default  INTEGER NOT NULL DEFAULT 0
);

-- A permission is model:action; * stands for every model or every action. What one group denies, no other grants.
CREATE TABLE group_permissions (
    group_id   TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    denied     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (group_id, permission)
);

-- client is empty for realm roles and Keycloak groups, so that realm and client roles never share a name.
CREATE TABLE role_mappings (
    id       TEXT PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client   TEXT NOT NULL DEFAULT '',
    name     TEXT NOT NULL,
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    version  INTEGER NOT NULL DEFAULT 1,
    UNIQUE (kind, client, name, group_id),
    CHECK ((kind = 'client-role') = (client <> ''))
);
CREATE INDEX role_mappings_by_group ON role_mappings (group_id);

-- Direct members. Keycloak never takes them away.
CREATE TABLE group_members (
    group_id   TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_members_by_account ON group_members (account_id);

-- Every change of the rules raises this number, whoever makes it, so that each instance knows when to read them again. A command
-- raises it once, and says so with raised for as long as its transaction lasts.
CREATE TABLE access_version (
    version INTEGER NOT NULL,
    raised  INTEGER NOT NULL DEFAULT 0
);
INSERT INTO access_version (version) VALUES (1);

CREATE TRIGGER groups_insert AFTER INSERT ON groups
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER groups_update AFTER UPDATE ON groups
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER groups_delete AFTER DELETE ON groups
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER group_permissions_insert AFTER INSERT ON group_permissions
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER group_permissions_update AFTER UPDATE ON group_permissions
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER group_permissions_delete AFTER DELETE ON group_permissions
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER role_mappings_insert AFTER INSERT ON role_mappings
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER role_mappings_update AFTER UPDATE ON role_mappings
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER role_mappings_delete AFTER DELETE ON role_mappings
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;

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
