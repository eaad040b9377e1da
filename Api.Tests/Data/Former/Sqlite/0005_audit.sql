-- Who changed what, and who was refused. Append-only for the application; rows go by age alone. No reference to accounts:
-- what happened stays true when an account is gone.
CREATE TABLE audit_log (
    id                  TEXT PRIMARY KEY,
    at                  TEXT NOT NULL,
    kind                TEXT NOT NULL CHECK (kind IN ('change', 'refusal')),
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
    -- Of refusals: what was asked for, why it was refused, what was missing, and where.
    permission          TEXT,
    code                TEXT,
    scope               TEXT,
    missing_permissions TEXT,
    http_method         TEXT,
    path                TEXT,
    -- The same refusal again and again is one row for each time the log is written, with the time of the last one.
    count               INTEGER NOT NULL DEFAULT 1 CHECK (count > 0),
    last_at             TEXT,
    CHECK (kind = 'refusal' OR (model IS NOT NULL AND row_id IS NOT NULL AND action IS NOT NULL)),
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
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    keeps_since TEXT NOT NULL
);
INSERT INTO audit_retention (id, keeps_since) VALUES (1, '1970-01-01T00:00:00.0000000+00:00');

CREATE TRIGGER audit_retention_insert BEFORE INSERT ON audit_retention
BEGIN SELECT RAISE(ABORT, 'audit_retention has its one row'); END;
CREATE TRIGGER audit_retention_update BEFORE UPDATE ON audit_retention
WHEN NEW.keeps_since > strftime('%Y-%m-%dT%H:%M:%f', 'now', '-6 days')
BEGIN SELECT RAISE(ABORT, 'audit_log keeps the last six days whatever is set'); END;
CREATE TRIGGER audit_retention_delete BEFORE DELETE ON audit_retention
BEGIN SELECT RAISE(ABORT, 'audit_retention keeps its one row'); END;

CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log
WHEN OLD.at >= COALESCE((SELECT keeps_since FROM audit_retention), '')
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
-- INSERT OR REPLACE deletes the row that is in its way without asking the trigger above.
CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
