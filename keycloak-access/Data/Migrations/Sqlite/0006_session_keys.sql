-- A cookie holds a random key, and its session is here. Cookies of before held the session itself: who is signed in signs in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    -- SHA-256 of the key in the cookie, so that who reads the database can sign in as nobody.
    key_hash      TEXT NOT NULL UNIQUE,
    issuer        TEXT NOT NULL,
    -- Empty where the realm gave none (sid).
    session_id    TEXT NOT NULL,
    subject       TEXT NOT NULL,
    username      TEXT NOT NULL,
    -- When the ID token was asked for, by the clock of the service, and when it was issued (iat), by the realm's.
    started_at    TEXT NOT NULL,
    issued_at     TEXT NOT NULL,
    expires_at    TEXT NOT NULL,
    address       TEXT,
    user_agent    TEXT,
    -- Both are protected by the service's own keys: with this one, Keycloak ends its session too,
    refresh_token TEXT,
    -- and this is who somebody is, with the ID token.
    ticket        TEXT NOT NULL
);
CREATE INDEX sessions_by_start ON sessions (started_at, id);
CREATE INDEX sessions_by_subject ON sessions (issuer, subject, started_at, id);
CREATE INDEX sessions_by_session ON sessions (issuer, session_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Whose a session was that has ended: a form that comes with its cookie is kept for them. Soon gone.
CREATE TABLE former_sessions (
    key_hash TEXT PRIMARY KEY,
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    ended_at TEXT NOT NULL
);
CREATE INDEX former_sessions_by_end ON former_sessions (ended_at);

-- Logout tokens that have been taken (jti), until none so old is taken: each is good once (OpenID Connect Back-Channel Logout 1.0,
-- section 2.6).
CREATE TABLE logout_tokens (
    issuer     TEXT NOT NULL,
    token_id   TEXT NOT NULL,
    keep_until TEXT NOT NULL,
    PRIMARY KEY (issuer, token_id)
);
CREATE INDEX logout_tokens_by_keep_until ON logout_tokens (keep_until);
