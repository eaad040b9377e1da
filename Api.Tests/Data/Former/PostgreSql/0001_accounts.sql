-- People and service accounts alike, known by issuer and subject (OpenID Connect Core 5.7): nothing else is stable.
CREATE TABLE accounts (
    id           uuid PRIMARY KEY,
    issuer       text NOT NULL,
    subject      text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('person', 'service')),
    username     text COLLATE "C" NOT NULL,
    email        text,
    name         text,
    active       boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX accounts_by_username ON accounts (username, id);

-- Sessions that Keycloak reported as ended (OpenID Connect Back-Channel Logout 1.0). A row without a session id ends
-- every session of the subject that began before ended_at. Rows are kept until no cookie or token can still carry the id.
CREATE TABLE ended_sessions (
    issuer     text NOT NULL,
    session_id text NOT NULL DEFAULT '',
    subject    text NOT NULL DEFAULT '',
    ended_at   timestamptz NOT NULL,
    keep_until timestamptz NOT NULL,
    PRIMARY KEY (issuer, session_id, subject)
);
CREATE INDEX ended_sessions_by_keep_until ON ended_sessions (keep_until);
