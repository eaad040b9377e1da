-- Brings the database of the one history that there was, up to its 0012_access_on_pages, to what 0001 to 0005 of two histories make.
ALTER TABLE accounts RENAME COLUMN active TO enabled;

ALTER TABLE account_words RENAME TO account_search_index;
ALTER TABLE account_search_index RENAME COLUMN word TO term;
ALTER TABLE account_search_index ALTER COLUMN kind DROP DEFAULT;
ALTER INDEX account_words_by_word RENAME TO account_search_index_by_term;
ALTER INDEX account_words_by_kind RENAME TO account_search_index_by_kind;

ALTER TABLE seen_roles RENAME TO observed_roles;
ALTER TABLE observed_roles RENAME COLUMN first_seen_at TO first_observed_at;

ALTER TABLE groups RENAME COLUMN for_everybody TO is_default;
ALTER TABLE role_mappings ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE access_version ADD COLUMN raised boolean NOT NULL DEFAULT false;
CREATE OR REPLACE FUNCTION raise_access_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_version SET version = version + 1 WHERE NOT raised;
    RETURN NULL;
END $$;

ALTER TABLE activity RENAME TO request_counters;
ALTER INDEX activity_by_amount RENAME TO request_counters_by_amount;
ALTER INDEX activity_by_slot RENAME TO request_counters_by_slot;

-- The log is append-only, and its rows take the names of today: kinds, and the members of values.
ALTER TABLE audit_log DISABLE TRIGGER audit_log_changed;
ALTER TABLE audit_log DROP CONSTRAINT audit_log_kind_check;
ALTER TABLE audit_log DROP CONSTRAINT audit_log_check;
ALTER TABLE audit_log DROP CONSTRAINT audit_log_check1;
UPDATE audit_log SET kind = 'denied-request', code = replace(replace(code, 'account_inactive', 'account_disabled'), 'delegation_refused', 'grant_refused')
WHERE kind = 'refusal';
UPDATE audit_log SET old_values = replace(old_values, '"active":', '"enabled":'), new_values = replace(new_values, '"active":', '"enabled":')
WHERE model = 'account';
UPDATE audit_log
SET old_values = replace(old_values, '"forEverybody":', '"isDefault":'), new_values = replace(new_values, '"forEverybody":', '"isDefault":')
WHERE model = 'group';
ALTER TABLE audit_log ADD CHECK (kind IN ('change', 'denied-request'));
ALTER TABLE audit_log ADD CHECK (kind = 'denied-request' OR (model IS NOT NULL AND row_id IS NOT NULL AND action IS NOT NULL));
ALTER TABLE audit_log ADD CHECK (kind = 'change' OR code IS NOT NULL);
ALTER TABLE audit_log ENABLE TRIGGER audit_log_changed;
