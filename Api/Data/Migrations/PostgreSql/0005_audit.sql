-- Who changed what, and who was refused. Append-only for the application; rows go by age alone. No reference to accounts:
-- what happened stays true when an account is gone.
CREATE TABLE audit_log (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('change', 'refusal')),
    account_id uuid,
    account    text NOT NULL,
    method     text NOT NULL,
    request_id text,
    model      text NOT NULL,
    row_id     text,
    action     text NOT NULL,
    old_values text,
    new_values text,
    reason     text
);
CREATE INDEX audit_log_by_time ON audit_log (at, id);
