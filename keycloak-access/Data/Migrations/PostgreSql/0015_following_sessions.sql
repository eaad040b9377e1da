-- That a session is used or about to be refreshed changes nothing that others keep in memory.
DROP TRIGGER sessions_changed ON sessions;

-- A session follows Keycloak: its tokens are asked for anew before the access token ends, by one instance at a time.
ALTER TABLE sessions
    -- To the minute: a session ends where nobody has used it for a time, and at expires_at whatever is done with it.
    ADD COLUMN used_at           timestamptz NOT NULL DEFAULT now(),
    -- When the newest tokens were asked for, and until when the access token and the refresh token are good. Keycloak may not say the last.
    ADD COLUMN tokens_at         timestamptz,
    ADD COLUMN tokens_until      timestamptz,
    ADD COLUMN refreshable_until timestamptz,
    -- Who asks for newer ones now, and until when nobody else does.
    ADD COLUMN refreshing_by     text,
    ADD COLUMN refreshing_until  timestamptz;
UPDATE sessions SET tokens_at = started_at, tokens_until = started_at;
ALTER TABLE sessions
    ALTER COLUMN used_at DROP DEFAULT,
    ALTER COLUMN tokens_at SET NOT NULL,
    ALTER COLUMN tokens_until SET NOT NULL;

CREATE CONSTRAINT TRIGGER sessions_changed AFTER DELETE OR UPDATE OF
    id, key_hash, issuer, session_id, subject, username, started_at, issued_at, expires_at, refresh_token, ticket, tokens_at, tokens_until,
    refreshable_until
    ON sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_access_change();

-- Sessions that have ended here and of which Keycloak has not been told yet. Nobody is named; a row goes when Keycloak has answered, and
-- after a day.
CREATE TABLE realm_logouts (
    -- That of the session's row.
    id            uuid PRIMARY KEY,
    issuer        text NOT NULL,
    -- Protected by the service's own keys: with it, Keycloak ends its session.
    refresh_token text NOT NULL,
    queued_at     timestamptz NOT NULL,
    next_at       timestamptz NOT NULL,
    tries         integer NOT NULL
);
CREATE INDEX realm_logouts_by_next ON realm_logouts (issuer, next_at);
