-- What has changed of those who call, so that each instance keeps them in memory until it hears that they have: an account (its switch,
-- its identity, its groups), a session in the browser, a session or all sessions of a subject at Keycloak. The newest 10,000 are kept;
-- who has missed more forgets everybody.
ALTER TABLE access_version ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE access_changes (
    version INTEGER PRIMARY KEY,
    key     TEXT NOT NULL
);

CREATE TRIGGER access_changes_bounded AFTER INSERT ON access_changes
    BEGIN DELETE FROM access_changes WHERE version <= NEW.version - 10000; END;

CREATE TRIGGER accounts_changed AFTER UPDATE OF id, issuer, subject, enabled ON accounts
    WHEN OLD.id <> NEW.id OR OLD.issuer <> NEW.issuer OR OLD.subject <> NEW.subject OR OLD.enabled <> NEW.enabled
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'account ' || lower(OLD.id) FROM access_version;
    END;
CREATE TRIGGER accounts_deleted AFTER DELETE ON accounts
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'account ' || lower(OLD.id) FROM access_version;
    END;

CREATE TRIGGER group_members_joined AFTER INSERT ON group_members
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'account ' || lower(NEW.account_id) FROM access_version;
    END;
CREATE TRIGGER group_members_moved AFTER UPDATE ON group_members
    BEGIN
        UPDATE access_version SET changes = changes + 2;
        INSERT INTO access_changes (version, key) SELECT changes - 1, 'account ' || lower(OLD.account_id) FROM access_version;
        INSERT INTO access_changes (version, key) SELECT changes, 'account ' || lower(NEW.account_id) FROM access_version;
    END;
-- Whoever deletes a group changes the rules.
CREATE TRIGGER group_members_left AFTER DELETE ON group_members WHEN EXISTS (SELECT 1 FROM groups WHERE id = OLD.group_id)
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'account ' || lower(OLD.account_id) FROM access_version;
    END;

CREATE TRIGGER sessions_changed AFTER UPDATE ON sessions
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'browser ' || lower(OLD.id) FROM access_version;
    END;
CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key) SELECT changes, 'browser ' || lower(OLD.id) FROM access_version;
    END;

-- Of a subject two bytes, so that nobody is named here whose account is deleted: others who end so are checked once more.
CREATE TRIGGER ended_sessions_added AFTER INSERT ON ended_sessions
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key)
        SELECT changes, CASE NEW.session_id
            WHEN '' THEN 'subject ' || hex(substr(CAST(NEW.subject AS BLOB), -2))
            ELSE 'session ' || NEW.session_id END
        FROM access_version;
    END;
CREATE TRIGGER ended_sessions_changed AFTER UPDATE ON ended_sessions
    BEGIN
        UPDATE access_version SET changes = changes + 1;
        INSERT INTO access_changes (version, key)
        SELECT changes, CASE NEW.session_id
            WHEN '' THEN 'subject ' || hex(substr(CAST(NEW.subject AS BLOB), -2))
            ELSE 'session ' || NEW.session_id END
        FROM access_version;
    END;
