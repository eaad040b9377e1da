-- A group may be for everybody, and may deny: what a group denies, no other group grants.
ALTER TABLE groups ADD COLUMN for_everybody INTEGER NOT NULL DEFAULT 0;
ALTER TABLE group_permissions ADD COLUMN denied INTEGER NOT NULL DEFAULT 0;

-- What Keycloak said last about an account, so that "who may do this?" can be answered without them calling. Calls are
-- decided by their own token, never by this. The newest token that carries roles counts.
ALTER TABLE accounts ADD COLUMN roles_hash TEXT;
ALTER TABLE accounts ADD COLUMN roles_issued_at TEXT;

-- Every role and Keycloak group that a token has ever shown.
CREATE TABLE seen_roles (
    id            INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client        TEXT NOT NULL DEFAULT '',
    name          TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    UNIQUE (kind, client, name)
);
CREATE TABLE account_roles (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role_id    INTEGER NOT NULL REFERENCES seen_roles (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, role_id)
);
CREATE INDEX account_roles_by_role ON account_roles (role_id, account_id);
