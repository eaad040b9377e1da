-- A group may be for everybody, and may deny: what a group denies, no other group grants.
ALTER TABLE groups ADD COLUMN for_everybody boolean NOT NULL DEFAULT false;
ALTER TABLE group_permissions ADD COLUMN denied boolean NOT NULL DEFAULT false;

-- What Keycloak said last about an account, so that "who may do this?" can be answered without them calling. Calls are
-- decided by their own token, never by this. The newest token that carries roles counts.
ALTER TABLE accounts ADD COLUMN roles_hash text;
ALTER TABLE accounts ADD COLUMN roles_issued_at timestamptz;

-- Every role and Keycloak group that a token has ever shown.
CREATE TABLE seen_roles (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client        text NOT NULL DEFAULT '',
    name          text COLLATE "C" NOT NULL,
    first_seen_at timestamptz NOT NULL,
    UNIQUE (kind, client, name)
);
CREATE TABLE account_roles (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role_id    bigint NOT NULL REFERENCES seen_roles (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, role_id)
);
CREATE INDEX account_roles_by_role ON account_roles (role_id, account_id);
