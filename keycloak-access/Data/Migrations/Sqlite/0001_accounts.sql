-- People and service accounts alike, known by issuer and subject (OpenID Connect Core 5.7): nothing else is stable.
CREATE TABLE accounts (
    id              TEXT PRIMARY KEY,
    issuer          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    username        TEXT NOT NULL,
    email           TEXT,
    name            TEXT,
    enabled         INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    created_at      TEXT NOT NULL,
    last_seen_at    TEXT NOT NULL,
    -- Of the newest token that carries roles. Calls are decided by their own token, never by this.
    roles_hash      TEXT,
    roles_issued_at TEXT,
    -- When the token was issued that the names are from. An older one, or another of that second, changes none.
    names_issued_at TEXT,
    UNIQUE (issuer, subject)
);
-- One order for each list of accounts, so that a page costs what a page is long.
CREATE INDEX accounts_by_username ON accounts (username, id);
CREATE INDEX accounts_by_kind ON accounts (kind, enabled, username, id);
CREATE INDEX accounts_by_last_seen ON accounts (kind, enabled, last_seen_at, id);

-- The beginnings that a search finds: the words of user name, e-mail and name, in lower case, with the kind of the account, so that a
-- search among services alone costs what its page is long too.
CREATE TABLE account_search_index (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    term       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    PRIMARY KEY (account_id, term)
);
CREATE INDEX account_search_index_by_term ON account_search_index (term, account_id);
CREATE INDEX account_search_index_by_kind ON account_search_index (kind, term, account_id);

-- Every role and Keycloak group that a token has ever carried.
CREATE TABLE observed_roles (
    id                INTEGER PRIMARY KEY,
    kind              TEXT NOT NULL CHECK (kind IN ('realm-role', 'client-role', 'keycloak-group')),
    client            TEXT NOT NULL DEFAULT '',
    name              TEXT NOT NULL,
    first_observed_at TEXT NOT NULL,
    UNIQUE (kind, client, name)
);
CREATE TABLE account_roles (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role_id    INTEGER NOT NULL REFERENCES observed_roles (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, role_id)
);
CREATE INDEX account_roles_by_role ON account_roles (role_id, account_id);
