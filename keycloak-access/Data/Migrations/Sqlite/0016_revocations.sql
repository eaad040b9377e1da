-- Access tokens that are refused although they have not expired: one of them (by its jti), those of a client, or all. With an instant,
-- those that were issued until then. A token's row is kept until it would have expired, the others until somebody takes them back.
CREATE TABLE revocations (
    id           TEXT NOT NULL,
    issuer       TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('token', 'client', 'everything')),
    value        TEXT NOT NULL,
    issued_until TEXT,
    revoked_at   TEXT NOT NULL,
    keep_until   TEXT,
    PRIMARY KEY (issuer, kind, value)
);
CREATE INDEX revocations_by_id ON revocations (id);
CREATE INDEX revocations_by_time ON revocations (revoked_at, id);
CREATE INDEX revocations_by_end ON revocations (keep_until);

-- Of a token's id two bytes: others that end so are checked once more.
CREATE TRIGGER revocations_added AFTER INSERT ON revocations
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key)
        SELECT changes, CASE NEW.kind
            WHEN 'token' THEN 'token ' || hex(substr(CAST(NEW.value AS BLOB), -2))
            WHEN 'client' THEN 'client ' || NEW.value
            ELSE 'everything' END
        FROM access_version;
    END;
CREATE TRIGGER revocations_changed AFTER UPDATE ON revocations
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key)
        SELECT changes, CASE NEW.kind
            WHEN 'token' THEN 'token ' || hex(substr(CAST(NEW.value AS BLOB), -2))
            WHEN 'client' THEN 'client ' || NEW.value
            ELSE 'everything' END
        FROM access_version;
    END;
