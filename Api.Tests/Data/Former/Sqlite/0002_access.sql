-- Local groups carry permissions; role mappings say which role or group of Keycloak puts somebody into which local group.
CREATE TABLE groups (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1
);

-- A permission is model:action; * stands for every model or every action.
CREATE TABLE group_permissions (
    group_id   TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (group_id, permission)
);

-- client is empty for realm roles and Keycloak groups, so that realm and client roles never share a name.
CREATE TABLE role_mappings (
    id       TEXT PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client   TEXT NOT NULL DEFAULT '',
    name     TEXT NOT NULL,
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    UNIQUE (kind, client, name, group_id),
    CHECK ((kind = 'client-role') = (client <> ''))
);
CREATE INDEX role_mappings_by_group ON role_mappings (group_id);

-- Memberships given by hand. Keycloak never takes them away.
CREATE TABLE group_members (
    group_id   TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_members_by_account ON group_members (account_id);

-- Every change of the rules raises this number, whoever made it, so that each instance knows when to read them again.
CREATE TABLE access_version (version INTEGER NOT NULL);
INSERT INTO access_version (version) VALUES (1);

CREATE TRIGGER groups_insert AFTER INSERT ON groups BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER groups_update AFTER UPDATE ON groups BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER groups_delete AFTER DELETE ON groups BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER group_permissions_insert AFTER INSERT ON group_permissions BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER group_permissions_update AFTER UPDATE ON group_permissions BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER group_permissions_delete AFTER DELETE ON group_permissions BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER role_mappings_insert AFTER INSERT ON role_mappings BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER role_mappings_update AFTER UPDATE ON role_mappings BEGIN UPDATE access_version SET version = version + 1; END;
CREATE TRIGGER role_mappings_delete AFTER DELETE ON role_mappings BEGIN UPDATE access_version SET version = version + 1; END;
