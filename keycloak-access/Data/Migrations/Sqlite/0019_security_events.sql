-- Security event tokens (RFC 8417) that have been taken, so that no instance acts on one again, until none would take it anyway.
CREATE TABLE security_events (
    -- A hash of the issuer and the jti.
    id         TEXT PRIMARY KEY NOT NULL,
    keep_until TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX security_events_by_end ON security_events (keep_until);

-- Who asks a transmitter for events now, and until when nobody else does.
CREATE TABLE event_polls (
    endpoint      TEXT PRIMARY KEY NOT NULL,
    claimed_by    TEXT NOT NULL,
    claimed_until TEXT NOT NULL
) WITHOUT ROWID;

-- An event may name somebody by e-mail.
CREATE INDEX accounts_by_email ON accounts (lower(email));
