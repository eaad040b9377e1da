-- Why an account is disabled that nobody here has disabled; nothing once somebody has switched it.
ALTER TABLE accounts ADD COLUMN disabled_because TEXT;
-- The same subject under another issuer: the realm had another address before.
CREATE INDEX accounts_by_subject ON accounts (subject, issuer);

-- Accounts that were deleted, without a name: of the subject there is a hash, by which somebody who was switched off stays off.
CREATE TABLE deleted_accounts (
    account_id   TEXT PRIMARY KEY,
    issuer       TEXT NOT NULL,
    subject_hash TEXT NOT NULL,
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    deleted_at   TEXT NOT NULL
);
CREATE INDEX deleted_accounts_by_subject ON deleted_accounts (subject_hash, deleted_at);

CREATE TRIGGER deleted_accounts_insert BEFORE INSERT ON deleted_accounts
WHEN EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id)
BEGIN SELECT RAISE(ABORT, 'an account that is there has not been deleted'); END;
CREATE TRIGGER deleted_accounts_replace BEFORE INSERT ON deleted_accounts
WHEN EXISTS (SELECT 1 FROM deleted_accounts WHERE account_id = NEW.account_id)
BEGIN SELECT RAISE(ABORT, 'an account is deleted once'); END;
CREATE TRIGGER deleted_accounts_update BEFORE UPDATE OF account_id, subject_hash, enabled, deleted_at ON deleted_accounts
BEGIN SELECT RAISE(ABORT, 'only the issuer of a deleted account changes'); END;
CREATE TRIGGER deleted_accounts_delete BEFORE DELETE ON deleted_accounts
BEGIN SELECT RAISE(ABORT, 'deleted_accounts keeps its rows'); END;

-- Two accounts that turned out to be one: what the audit log has under the former id belongs to the other.
CREATE TABLE merged_accounts (
    former_id  TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    merged_at  TEXT NOT NULL
);
CREATE INDEX merged_accounts_by_account ON merged_accounts (account_id);

-- The one change of the audit log: the names of an account that has been deleted go, and nothing else. What it did stays under its id.
-- A session that ended was recorded by its user name alone once; from now on with the id of the account.
DROP TRIGGER audit_log_update;
CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
WHEN NOT (
    NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.kind = OLD.kind AND NEW.account_id IS OLD.account_id AND NEW.method = OLD.method
    AND NEW.request_id IS OLD.request_id AND NEW.model IS OLD.model AND NEW.row_id IS OLD.row_id AND NEW.action IS OLD.action
    AND NEW.reason IS OLD.reason AND NEW.permission IS OLD.permission AND NEW.code IS OLD.code AND NEW.scope IS OLD.scope
    AND NEW.missing_permissions IS OLD.missing_permissions AND NEW.http_method IS OLD.http_method AND NEW.path IS OLD.path
    AND NEW.count = OLD.count AND NEW.last_at IS OLD.last_at
    AND (
        (NEW.account = 'deleted account' AND NEW.old_values IS OLD.old_values AND NEW.new_values IS OLD.new_values
            AND EXISTS (SELECT 1 FROM deleted_accounts d WHERE d.account_id = OLD.account_id))
        OR (NEW.account = OLD.account
            AND NEW.old_values IS json_replace(OLD.old_values, '$.username', NULL, '$.email', NULL, '$.name', NULL, '$.subject', NULL)
            AND NEW.new_values IS json_replace(OLD.new_values, '$.username', NULL, '$.email', NULL, '$.name', NULL, '$.subject', NULL)
            AND EXISTS (
                SELECT 1 FROM deleted_accounts d
                WHERE (OLD.model = 'account' AND d.account_id = OLD.row_id)
                    OR (OLD.model = 'group' AND OLD.action IN ('add-member', 'remove-member')
                        AND d.account_id = json_extract(COALESCE(OLD.new_values, OLD.old_values), '$.accountId'))
                    OR (OLD.model = 'session'
                        AND d.account_id = COALESCE(json_extract(OLD.old_values, '$.accountId'), d.account_id))))))
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
