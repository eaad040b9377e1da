-- What a POST with an Idempotency-Key was answered, for a day. Without a status, the request is still running, or its process has ended.
CREATE TABLE idempotency_keys (
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key          TEXT NOT NULL,
    -- A hash of method, address, conditions and body.
    fingerprint  TEXT NOT NULL,
    request_id   TEXT NOT NULL,
    claimed_at   TEXT NOT NULL,
    status       INTEGER,
    content_type TEXT,
    location     TEXT,
    etag         TEXT,
    body         TEXT,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_by_claim ON idempotency_keys (claimed_at);
