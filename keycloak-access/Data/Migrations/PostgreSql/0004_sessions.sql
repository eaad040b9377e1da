-- Sign-ins in the browser that are still good: who is signed in, since when, from where. A row goes when its session ends.
CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    issuer        text NOT NULL,
    session_id    text NOT NULL,
    subject       text NOT NULL,
    username      text NOT NULL,
    started_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    address       text,
    user_agent    text,
    -- Protected by the service's own keys: with it, Keycloak ends its session too.
    refresh_token text
);
CREATE INDEX sessions_by_start ON sessions (started_at, id);
CREATE INDEX sessions_by_subject ON sessions (issuer, subject, started_at, id);
CREATE INDEX sessions_by_session ON sessions (issuer, session_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

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

-- Forms that were sent when their session had ended, until their author has signed in again. Protected, and soon gone.
CREATE TABLE form_drafts (
    id       uuid PRIMARY KEY,
    issuer   text NOT NULL,
    subject  text NOT NULL,
    path     text NOT NULL,
    fields   text NOT NULL,
    saved_at timestamptz NOT NULL
);
CREATE INDEX form_drafts_by_subject ON form_drafts (issuer, subject, saved_at);
CREATE INDEX form_drafts_by_time ON form_drafts (saved_at);

-- The keys that the realm has shown, so that a rotation can be seen afterwards.
CREATE TABLE realm_keys (
    issuer        text NOT NULL,
    key_id        text NOT NULL,
    algorithm     text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (issuer, key_id)
);

-- How the newest token of each client looked, taken or refused.
CREATE TABLE client_tokens (
    issuer           text NOT NULL,
    client_id        text COLLATE "C" NOT NULL,
    code             text NOT NULL,
    audiences        text NOT NULL,
    scopes           text NOT NULL,
    roles            integer NOT NULL,
    has_role_claims  boolean NOT NULL,
    lifetime_seconds integer NOT NULL,
    algorithm        text NOT NULL,
    seen_at          timestamptz NOT NULL,
    PRIMARY KEY (issuer, client_id)
);
CREATE INDEX client_tokens_by_time ON client_tokens (issuer, seen_at DESC, client_id);
