-- Access tokens that are refused although they have not expired: one of them (by its jti), those of a client, or all. With an instant,
-- those that were issued until then. A token's row is kept until it would have expired, the others until somebody takes them back.
CREATE TABLE revocations (
    id           uuid NOT NULL,
    issuer       text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('token', 'client', 'everything')),
    value        text NOT NULL,
    issued_until timestamptz,
    revoked_at   timestamptz NOT NULL,
    keep_until   timestamptz,
    PRIMARY KEY (issuer, kind, value)
);
CREATE INDEX revocations_by_id ON revocations (id);
CREATE INDEX revocations_by_time ON revocations (revoked_at, id);
CREATE INDEX revocations_by_end ON revocations (keep_until);

-- As note_access_change does it for the other tables: at the end of the transaction, so that the row of access_version is held for that
-- moment alone.
CREATE FUNCTION note_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    UPDATE access_version SET changes = changes + 1 RETURNING changes INTO number;
    INSERT INTO access_changes (version, key) VALUES (number, CASE NEW.kind
        -- Two bytes: others that end so are checked once more.
        WHEN 'token' THEN 'token ' || upper(encode(substring(
            convert_to(NEW.value, 'UTF8') FROM greatest(octet_length(NEW.value) - 1, 1)), 'hex'))
        WHEN 'client' THEN 'client ' || NEW.value
        ELSE 'everything' END);
    DELETE FROM access_changes WHERE version <= number - 10000;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER revocations_changed AFTER INSERT OR UPDATE ON revocations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION note_revocation();
