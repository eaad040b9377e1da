-- Why an account is disabled that nobody here has disabled; nothing once somebody has switched it.
ALTER TABLE accounts ADD COLUMN disabled_because text;
-- The same subject under another issuer: the realm had another address before.
CREATE INDEX accounts_by_subject ON accounts (subject, issuer);

-- Accounts that were deleted, without a name: of the subject there is a hash, by which somebody who was switched off stays off.
CREATE TABLE deleted_accounts (
    account_id   uuid PRIMARY KEY,
    issuer       text COLLATE "C" NOT NULL,
    subject_hash text COLLATE "C" NOT NULL,
    enabled      boolean NOT NULL,
    deleted_at   timestamptz NOT NULL
);
CREATE INDEX deleted_accounts_by_subject ON deleted_accounts (subject_hash, deleted_at);

CREATE FUNCTION keep_deleted_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id) THEN
            RAISE EXCEPTION 'an account that is there has not been deleted';
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        IF (NEW.account_id, NEW.subject_hash, NEW.enabled, NEW.deleted_at)
            IS DISTINCT FROM (OLD.account_id, OLD.subject_hash, OLD.enabled, OLD.deleted_at) THEN
            RAISE EXCEPTION 'only the issuer of a deleted account changes';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'deleted_accounts keeps its rows';
END $$;
CREATE TRIGGER deleted_accounts_changed BEFORE INSERT OR UPDATE OR DELETE ON deleted_accounts
    FOR EACH ROW EXECUTE FUNCTION keep_deleted_accounts();
CREATE TRIGGER deleted_accounts_truncated BEFORE TRUNCATE ON deleted_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION keep_deleted_accounts();

-- Two accounts that turned out to be one: what the audit log has under the former id belongs to the other.
CREATE TABLE merged_accounts (
    former_id  uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    merged_at  timestamptz NOT NULL
);
CREATE INDEX merged_accounts_by_account ON merged_accounts (account_id);

-- The one change of the audit log: the names of an account that has been deleted go, and nothing else. What it did stays under its id.
-- A session that ended was recorded by its user name alone once; from now on with the id of the account.
CREATE FUNCTION without_names(recorded text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT COALESCE(
        (SELECT json_object_agg(key, CASE WHEN key IN ('username', 'email', 'name', 'subject') THEN 'null'::json ELSE value END)::text
        FROM json_each(recorded::json)),
        recorded)
$$;
CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept audit_log;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < (SELECT keeps_since FROM audit_retention) THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        kept := OLD;
        kept.account := NEW.account;
        kept.old_values := NEW.old_values;
        kept.new_values := NEW.new_values;
        IF kept IS NOT DISTINCT FROM NEW AND (
            (NEW.account = 'deleted account'
                AND NEW.old_values IS NOT DISTINCT FROM OLD.old_values AND NEW.new_values IS NOT DISTINCT FROM OLD.new_values
                AND EXISTS (SELECT 1 FROM deleted_accounts d WHERE d.account_id = OLD.account_id))
            OR (NEW.account = OLD.account
                AND NEW.old_values IS NOT DISTINCT FROM without_names(OLD.old_values)
                AND NEW.new_values IS NOT DISTINCT FROM without_names(OLD.new_values)
                AND EXISTS (
                    SELECT 1 FROM deleted_accounts d
                    WHERE (OLD.model = 'account' AND d.account_id::text = OLD.row_id)
                        OR (OLD.model = 'group' AND OLD.action IN ('add-member', 'remove-member')
                            AND d.account_id::text = COALESCE(OLD.new_values, OLD.old_values)::json ->> 'accountId')
                        OR (OLD.model = 'session'
                            AND d.account_id::text = COALESCE(OLD.old_values::json ->> 'accountId', d.account_id::text)))))
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_log is append-only';
END $$;
