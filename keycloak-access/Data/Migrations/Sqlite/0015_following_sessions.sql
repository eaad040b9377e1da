-- A session follows Keycloak: its tokens are asked for anew before the access token ends, by one instance at a time.
CREATE TABLE following_sessions (
    id                TEXT PRIMARY KEY,
    -- SHA-256 of the key in the cookie, so that who reads the database can sign in as nobody.
    key_hash          TEXT NOT NULL UNIQUE,
    issuer            TEXT NOT NULL,
    -- Empty where the realm gave none (sid).
    session_id        TEXT NOT NULL,
    subject           TEXT NOT NULL,
    username          TEXT NOT NULL,
    -- When the ID token of the sign-in was asked for, by the clock of the service, and when it was issued (iat), by the realm's.
    started_at        TEXT NOT NULL,
    issued_at         TEXT NOT NULL,
    -- Whatever is done with it. It ends before, where nobody has used it for a time.
    expires_at        TEXT NOT NULL,
    -- To the minute.
    used_at           TEXT NOT NULL,
    address           TEXT,
    user_agent        TEXT,
    -- Both are protected by the service's own keys: with this one, Keycloak gives newer tokens and ends its session too,
    refresh_token     TEXT,
    -- and this is who somebody is, with the ID token.
    ticket            TEXT NOT NULL,
    -- When the newest tokens were asked for, and until when the access token and the refresh token are good. Keycloak may not say the last.
    tokens_at         TEXT NOT NULL,
    tokens_until      TEXT NOT NULL,
    refreshable_until TEXT,
    -- Who asks for newer ones now, and until when nobody else does.
    refreshing_by     TEXT,
    refreshing_until  TEXT
);
INSERT INTO following_sessions (
    id, key_hash, issuer, session_id, subject, username, started_at, issued_at, expires_at, used_at, address, user_agent, refresh_token,
    ticket, tokens_at, tokens_until)
SELECT id, key_hash, issuer, session_id, subject, username, started_at, issued_at, expires_at,
    strftime('%Y-%m-%dT%H:%M:%f0000+00:00', 'now'), address, user_agent, refresh_token, ticket, started_at, started_at
FROM sessions;
DROP TABLE sessions;
ALTER TABLE following_sessions RENAME TO sessions;
CREATE INDEX sessions_by_start ON sessions (started_at, id);
CREATE INDEX sessions_by_subject ON sessions (issuer, subject, started_at, id);
CREATE INDEX sessions_by_session ON sessions (issuer, session_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- That it is used or about to be refreshed changes nothing that others keep in memory.
CREATE TRIGGER sessions_changed AFTER UPDATE OF
    id, key_hash, issuer, session_id, subject, username, started_at, issued_at, expires_at, refresh_token, ticket, tokens_at, tokens_until,
    refreshable_until
    ON sessions
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'browser ' || lower(OLD.id) FROM access_version;
    END;
CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'browser ' || lower(OLD.id) FROM access_version;
    END;

-- Sessions that have ended here and of which Keycloak has not been told yet. Nobody is named; a row goes when Keycloak has answered, and
-- after a day.
CREATE TABLE realm_logouts (
    -- That of the session's row.
    id            TEXT PRIMARY KEY,
    issuer        TEXT NOT NULL,
    -- Protected by the service's own keys: with it, Keycloak ends its session.
    refresh_token TEXT NOT NULL,
    queued_at     TEXT NOT NULL,
    next_at       TEXT NOT NULL,
    tries         INTEGER NOT NULL
);
CREATE INDEX realm_logouts_by_next ON realm_logouts (issuer, next_at);
