-- Brings the database of the one history that there was, up to its 0012_access_on_pages, to what 0001 to 0005 of two histories make.
ALTER TABLE accounts RENAME COLUMN active TO enabled;

-- SQLite drops no default, so the table is made anew.
CREATE TABLE account_search_index (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    term       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    PRIMARY KEY (account_id, term)
);
INSERT INTO account_search_index (account_id, term, kind) SELECT account_id, word, kind FROM account_words;
DROP TABLE account_words;
CREATE INDEX account_search_index_by_term ON account_search_index (term, account_id);
CREATE INDEX account_search_index_by_kind ON account_search_index (kind, term, account_id);

ALTER TABLE seen_roles RENAME TO observed_roles;
ALTER TABLE observed_roles RENAME COLUMN first_seen_at TO first_observed_at;

ALTER TABLE groups RENAME COLUMN for_everybody TO is_default;
ALTER TABLE role_mappings ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE access_version ADD COLUMN raised INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER groups_insert;
DROP TRIGGER groups_update;
DROP TRIGGER groups_delete;
DROP TRIGGER group_permissions_insert;
DROP TRIGGER group_permissions_update;
DROP TRIGGER group_permissions_delete;
DROP TRIGGER role_mappings_insert;
DROP TRIGGER role_mappings_update;
DROP TRIGGER role_mappings_delete;
CREATE TRIGGER groups_insert AFTER INSERT ON groups
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER groups_update AFTER UPDATE ON groups
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER groups_delete AFTER DELETE ON groups
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER group_permissions_insert AFTER INSERT ON group_permissions
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER group_permissions_update AFTER UPDATE ON group_permissions
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER group_permissions_delete AFTER DELETE ON group_permissions
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER role_mappings_insert AFTER INSERT ON role_mappings
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER role_mappings_update AFTER UPDATE ON role_mappings
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;
CREATE TRIGGER role_mappings_delete AFTER DELETE ON role_mappings
    BEGIN UPDATE access_version SET version = version + 1 WHERE NOT raised; END;

ALTER TABLE activity RENAME TO request_counters;
DROP INDEX activity_by_amount;
DROP INDEX activity_by_slot;
CREATE INDEX request_counters_by_amount ON request_counters (series, slot, amount);
CREATE INDEX request_counters_by_slot ON request_counters (slot);

-- The log is append-only, and its rows take the names of today: kinds, and the members of values. SQLite changes no CHECK, so the table
-- is made anew.
DROP TRIGGER audit_log_update;
DROP TRIGGER audit_log_delete;
DROP TRIGGER audit_log_replace;
DROP INDEX audit_log_by_time;
DROP INDEX audit_log_by_kind;
DROP INDEX audit_log_by_account;
DROP INDEX audit_log_by_model;
DROP INDEX audit_log_by_row;
DROP INDEX audit_log_by_action;
DROP INDEX audit_log_by_permission;
DROP INDEX audit_log_by_request;
DROP INDEX audit_log_by_member;
ALTER TABLE audit_log RENAME TO former_audit_log;
CREATE TABLE audit_log (
    id                  TEXT PRIMARY KEY,
    at                  TEXT NOT NULL,
    kind                TEXT NOT NULL CHECK (kind IN ('change', 'denied-request')),
    account_id          TEXT,
    account             TEXT NOT NULL,
    method              TEXT NOT NULL,
    request_id          TEXT,
    model               TEXT,
    row_id              TEXT,
    action              TEXT,
    old_values          TEXT,
    new_values          TEXT,
    reason              TEXT,
    permission          TEXT,
    code                TEXT,
    scope               TEXT,
    missing_permissions TEXT,
    http_method         TEXT,
    path                TEXT,
    count               INTEGER NOT NULL DEFAULT 1 CHECK (count > 0),
    last_at             TEXT,
    CHECK (kind = 'denied-request' OR (model IS NOT NULL AND row_id IS NOT NULL AND action IS NOT NULL)),
    CHECK (kind = 'change' OR code IS NOT NULL)
);
INSERT INTO audit_log (
    id, at, kind, account_id, account, method, request_id, model, row_id, action, old_values, new_values, reason, permission, code, scope,
    missing_permissions, http_method, path, count, last_at)
SELECT
    id, at, CASE kind WHEN 'refusal' THEN 'denied-request' ELSE kind END, account_id, account, method, request_id, model, row_id, action,
    CASE model
        WHEN 'account' THEN replace(old_values, '"active":', '"enabled":')
        WHEN 'group' THEN replace(old_values, '"forEverybody":', '"isDefault":')
        ELSE old_values END,
    CASE model
        WHEN 'account' THEN replace(new_values, '"active":', '"enabled":')
        WHEN 'group' THEN replace(new_values, '"forEverybody":', '"isDefault":')
        ELSE new_values END,
    reason, permission, replace(replace(code, 'account_inactive', 'account_disabled'), 'delegation_refused', 'grant_refused'), scope,
    missing_permissions, http_method, path, count, last_at
FROM former_audit_log;
DROP TABLE former_audit_log;
CREATE INDEX audit_log_by_time ON audit_log (at, id);
CREATE INDEX audit_log_by_kind ON audit_log (kind, at, id);
CREATE INDEX audit_log_by_account ON audit_log (account_id, at, id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_log_by_model ON audit_log (model, at, id) WHERE model IS NOT NULL;
CREATE INDEX audit_log_by_row ON audit_log (row_id, at, id) WHERE row_id IS NOT NULL;
CREATE INDEX audit_log_by_action ON audit_log (action, at, id) WHERE action IS NOT NULL;
CREATE INDEX audit_log_by_permission ON audit_log (permission, at, id) WHERE permission IS NOT NULL;
CREATE INDEX audit_log_by_request ON audit_log (request_id, at, id) WHERE request_id IS NOT NULL;
CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log
WHEN OLD.at >= COALESCE((SELECT keeps_since FROM audit_retention), '')
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;

CREATE INDEX audit_log_by_member ON audit_log (json_extract(COALESCE(new_values, old_values), '$.accountId'), at, id)
WHERE model = 'group' AND action IN ('add-member', 'remove-member');
