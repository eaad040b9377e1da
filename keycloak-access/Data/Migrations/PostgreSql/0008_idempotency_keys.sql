-- What a POST with an Idempotency-Key was answered, for a day. Without a status, the request is still running, or its process has ended.
CREATE TABLE idempotency_keys (
    account_id   uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key          text NOT NULL,
    -- A hash of method, address, conditions and body.
    fingerprint  text NOT NULL,
    request_id   text NOT NULL,
    claimed_at   timestamptz NOT NULL,
    status       integer,
    content_type text,
    location     text,
    etag         text,
    body         text,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_by_claim ON idempotency_keys (claimed_at);
