-- People and service accounts alike, known by issuer and subject (OpenID Connect Core 5.7): nothing else is stable.
CREATE TABLE accounts (
    id           TEXT PRIMARY KEY,
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    username     TEXT NOT NULL,
    email        TEXT,
    name         TEXT,
    active       INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at   TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX accounts_by_username ON accounts (username, id);

-- Sessions that Keycloak reported as ended (OpenID Connect Back-Channel Logout 1.0). A row without a session id ends
-- every session of the subject that began before ended_at. Rows are kept until no cookie or token can still carry the id.
CREATE TABLE ended_sessions (
    issuer     TEXT NOT NULL,
    session_id TEXT NOT NULL DEFAULT '',
    subject    TEXT NOT NULL DEFAULT '',
    ended_at   TEXT NOT NULL,
    keep_until TEXT NOT NULL,
    PRIMARY KEY (issuer, session_id, subject)
);
CREATE INDEX ended_sessions_by_keep_until ON ended_sessions (keep_until);
