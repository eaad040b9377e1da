-- Who changed what, and who was refused. Append-only for the application; rows go by age alone. No reference to accounts:
-- what happened stays true when an account is gone.
CREATE TABLE audit_log (
    id         TEXT PRIMARY KEY,
    at         TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('change', 'refusal')),
    account_id TEXT,
    account    TEXT NOT NULL,
    method     TEXT NOT NULL,
    request_id TEXT,
    model      TEXT NOT NULL,
    row_id     TEXT,
    action     TEXT NOT NULL,
    old_values TEXT,
    new_values TEXT,
    reason     TEXT
);
CREATE INDEX audit_log_by_time ON audit_log (at, id);
