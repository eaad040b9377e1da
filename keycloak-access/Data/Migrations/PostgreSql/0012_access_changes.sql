-- What has changed of those who call, so that each instance keeps them in memory until it hears that they have: an account (its switch,
-- its identity, its groups), a session in the browser, a session or all sessions of a subject at Keycloak. The newest 10,000 are kept;
-- who has missed more forgets everybody.
ALTER TABLE access_version ADD COLUMN changes bigint NOT NULL DEFAULT 0;

CREATE TABLE access_changes (
    version bigint PRIMARY KEY,
    key     text NOT NULL
);

-- The row of access_version is held until the commit, so that numbers come in the order of commits: who has seen one has missed none
-- before it. At the end of the transaction, so that it is held for that moment alone.
CREATE FUNCTION note_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    number bigint;
    noted  text;
BEGIN
    -- Whoever deletes a group changes the rules.
    IF TG_TABLE_NAME = 'group_members' AND TG_OP = 'DELETE'
        AND NOT EXISTS (SELECT 1 FROM groups WHERE id = (before ->> 'group_id')::uuid) THEN
        RETURN NULL;
    END IF;

    FOR noted IN
        SELECT DISTINCT CASE TG_TABLE_NAME
            WHEN 'accounts' THEN 'account ' || (changed ->> 'id')
            WHEN 'group_members' THEN 'account ' || (changed ->> 'account_id')
            WHEN 'sessions' THEN 'browser ' || (changed ->> 'id')
            ELSE CASE changed ->> 'session_id'
                -- Two bytes, so that nobody is named here whose account is deleted: others who end so are checked once more.
                WHEN '' THEN 'subject ' || upper(encode(substring(
                    convert_to(changed ->> 'subject', 'UTF8') FROM greatest(octet_length(changed ->> 'subject') - 1, 1)), 'hex'))
                ELSE 'session ' || (changed ->> 'session_id') END
            END
        FROM unnest(ARRAY[before, after]) AS changed
        WHERE changed IS NOT NULL
    LOOP
        UPDATE access_version SET changes = changes + 1 RETURNING changes INTO number;
        INSERT INTO access_changes (version, key) VALUES (number, noted);
        DELETE FROM access_changes WHERE version <= number - 10000;
    END LOOP;

    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER accounts_changed AFTER UPDATE ON accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.issuer, OLD.subject, OLD.enabled) IS DISTINCT FROM ROW (NEW.id, NEW.issuer, NEW.subject, NEW.enabled))
    EXECUTE FUNCTION note_access_change();
CREATE CONSTRAINT TRIGGER accounts_deleted AFTER DELETE ON accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION note_access_change();
CREATE CONSTRAINT TRIGGER group_members_changed AFTER INSERT OR UPDATE OR DELETE ON group_members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_access_change();
CREATE CONSTRAINT TRIGGER sessions_changed AFTER UPDATE OR DELETE ON sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION note_access_change();
CREATE CONSTRAINT TRIGGER ended_sessions_changed AFTER INSERT OR UPDATE ON ended_sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION note_access_change();

-- Both numbers are in one row, and whoever changes it wakes those who listen.
CREATE FUNCTION tell_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('access_changes', '');
    RETURN NULL;
END $$;
CREATE TRIGGER access_version_changed AFTER UPDATE ON access_version FOR EACH STATEMENT EXECUTE FUNCTION tell_access_change();
