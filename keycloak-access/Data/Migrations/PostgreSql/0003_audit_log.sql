-- Who changed what, and who was denied. Append-only for the application; rows go by age alone. No reference to accounts:
-- what happened stays true when an account is gone.
CREATE TABLE audit_log (
    id                  uuid PRIMARY KEY,
    at                  timestamptz NOT NULL,
    kind                text COLLATE "C" NOT NULL CHECK (kind IN ('change', 'denied-request')),
    account_id          uuid,
    account             text NOT NULL,
    method              text NOT NULL,
    request_id          text COLLATE "C",
    model               text COLLATE "C",
    row_id              text COLLATE "C",
    action              text COLLATE "C",
    old_values          text,
    new_values          text,
    reason              text,
    -- Of denied requests: what was asked for, why it was refused, what was missing, and where.
    permission          text COLLATE "C",
    code                text,
    scope               text,
    missing_permissions text,
    http_method         text,
    path                text,
    -- The same denied request again and again is one row for each time the log is written, with the time of the last one.
    count               integer NOT NULL DEFAULT 1 CHECK (count > 0),
    last_at             timestamptz,
    CHECK (kind = 'denied-request' OR (model IS NOT NULL AND row_id IS NOT NULL AND action IS NOT NULL)),
    CHECK (kind = 'change' OR code IS NOT NULL)
);

-- One index for each filter, each in the order of the list, so that a page costs what a page is long.
CREATE INDEX audit_log_by_time ON audit_log (at, id);
CREATE INDEX audit_log_by_kind ON audit_log (kind, at, id);
CREATE INDEX audit_log_by_account ON audit_log (account_id, at, id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_log_by_model ON audit_log (model, at, id) WHERE model IS NOT NULL;
CREATE INDEX audit_log_by_row ON audit_log (row_id, at, id) WHERE row_id IS NOT NULL;
CREATE INDEX audit_log_by_action ON audit_log (action, at, id) WHERE action IS NOT NULL;
CREATE INDEX audit_log_by_permission ON audit_log (permission, at, id) WHERE permission IS NOT NULL;
CREATE INDEX audit_log_by_request ON audit_log (request_id, at, id) WHERE request_id IS NOT NULL;

-- Rows older than this may be deleted, no others. Retention moves it, and never to less than six days ago by the clock of
-- the database: whatever a slip or an intruder in the application does, the last days stay.
CREATE TABLE audit_retention (
    id          integer PRIMARY KEY CHECK (id = 1),
    keeps_since timestamptz NOT NULL
);
INSERT INTO audit_retention (id, keeps_since) VALUES (1, '1970-01-01T00:00:00Z');

CREATE FUNCTION keep_audit_retention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'audit_retention keeps its one row';
    END IF;
    -- clock_timestamp: now() is when the transaction began, which may be long ago.
    IF NEW.keeps_since > clock_timestamp() - interval '6 days' THEN
        RAISE EXCEPTION 'audit_log keeps the last six days whatever is set';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_retention_changed BEFORE INSERT OR UPDATE OR DELETE ON audit_retention
    FOR EACH ROW EXECUTE FUNCTION keep_audit_retention();
CREATE TRIGGER audit_retention_truncated BEFORE TRUNCATE ON audit_retention FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_retention();

CREATE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < (SELECT keeps_since FROM audit_retention) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_log is append-only';
END $$;
CREATE TRIGGER audit_log_changed BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit_log();
CREATE TRIGGER audit_log_truncated BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_log();

-- Direct members that come and go: the row of the log is the group's, and names the account among its values. With this, what was
-- done to an account is found without reading the log.
CREATE INDEX audit_log_by_member ON audit_log ((COALESCE(new_values, old_values)::json ->> 'accountId'), at, id)
WHERE model = 'group' AND action IN ('add-member', 'remove-member');
