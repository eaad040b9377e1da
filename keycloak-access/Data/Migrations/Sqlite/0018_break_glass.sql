-- Links by which somebody signs in while Keycloak is away: each is used once, within minutes. Rows are kept for a month, to be shown.
CREATE TABLE break_glass_links (
    id          TEXT PRIMARY KEY,
    -- SHA-256 of what the link holds, so that who reads the database can sign in as nobody.
    secret_hash TEXT NOT NULL UNIQUE,
    -- Empty where the account has been deleted since.
    account_id  TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    -- Who was logged in to the host, and why.
    issued_by   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    issued_at   TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    used_at     TEXT,
    used_from   TEXT
);
CREATE INDEX break_glass_links_by_time ON break_glass_links (issued_at, id);
CREATE INDEX break_glass_links_by_account ON break_glass_links (account_id);
