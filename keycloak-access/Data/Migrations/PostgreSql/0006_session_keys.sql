-- A cookie holds a random key, and its session is here. Cookies of before held the session itself: who is signed in signs in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    -- SHA-256 of the key in the cookie, so that who reads the database can sign in as nobody.
    key_hash      text NOT NULL UNIQUE,
    issuer        text NOT NULL,
    -- Empty where the realm gave none (sid).
    session_id    text NOT NULL,
    subject       text NOT NULL,
    username      text NOT NULL,
    -- When the ID token was asked for, by the clock of the service, and when it was issued (iat), by the realm's.
    started_at    timestamptz NOT NULL,
    issued_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    address       text,
    user_agent    text,
    -- Both are protected by the service's own keys: with this one, Keycloak ends its session too,
    refresh_token text,
    -- and this is who somebody is, with the ID token.
    ticket        text NOT NULL
);
CREATE INDEX sessions_by_start ON sessions (started_at, id);
CREATE INDEX sessions_by_subject ON sessions (issuer, subject, started_at, id);
CREATE INDEX sessions_by_session ON sessions (issuer, session_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Whose a session was that has ended: a form that comes with its cookie is kept for them. Soon gone.
CREATE TABLE former_sessions (
    key_hash text PRIMARY KEY,
    issuer   text NOT NULL,
    subject  text NOT NULL,
    ended_at timestamptz NOT NULL
);
CREATE INDEX former_sessions_by_end ON former_sessions (ended_at);

-- Logout tokens that have been taken (jti), until none so old is taken: each is good once (OpenID Connect Back-Channel Logout 1.0,
-- section 2.6).
CREATE TABLE logout_tokens (
    issuer     text NOT NULL,
    token_id   text NOT NULL,
    keep_until timestamptz NOT NULL,
    PRIMARY KEY (issuer, token_id)
);
CREATE INDEX logout_tokens_by_keep_until ON logout_tokens (keep_until);
