-- Sign-ins in the browser that are still good: who is signed in, since when, from where. A row goes when its session ends.
CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    issuer        TEXT NOT NULL,
    session_id    TEXT NOT NULL,
    subject       TEXT NOT NULL,
    username      TEXT NOT NULL,
    started_at    TEXT NOT NULL,
    expires_at    TEXT NOT NULL,
    address       TEXT,
    user_agent    TEXT,
    -- Protected by the service's own keys: with it, Keycloak ends its session too.
    refresh_token TEXT
);
CREATE INDEX sessions_by_start ON sessions (started_at, id);
CREATE INDEX sessions_by_subject ON sessions (issuer, subject, started_at, id);
CREATE INDEX sessions_by_session ON sessions (issuer, session_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- What happened how often, counted as it happens, so that a picture of a month reads some hundred rows.
CREATE TABLE activity (
    series TEXT NOT NULL,
    slot   TEXT NOT NULL,
    item   TEXT NOT NULL DEFAULT '',
    amount INTEGER NOT NULL,
    PRIMARY KEY (series, slot, item)
);
CREATE INDEX activity_by_amount ON activity (series, slot, amount);
CREATE INDEX activity_by_slot ON activity (slot);

-- Forms that were sent when their session had ended, until their author has signed in again. Protected, and soon gone.
CREATE TABLE form_drafts (
    id       TEXT PRIMARY KEY,
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    path     TEXT NOT NULL,
    fields   TEXT NOT NULL,
    saved_at TEXT NOT NULL
);
CREATE INDEX form_drafts_by_subject ON form_drafts (issuer, subject, saved_at);
CREATE INDEX form_drafts_by_time ON form_drafts (saved_at);

-- The keys that the realm has shown, so that a rotation can be seen afterwards.
CREATE TABLE realm_keys (
    issuer        TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    algorithm     TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at  TEXT NOT NULL,
    PRIMARY KEY (issuer, key_id)
);

-- How the newest token of each client looked, taken or refused.
CREATE TABLE client_tokens (
    issuer           TEXT NOT NULL,
    client_id        TEXT NOT NULL,
    code             TEXT NOT NULL,
    audiences        TEXT NOT NULL,
    scopes           TEXT NOT NULL,
    roles            INTEGER NOT NULL,
    has_role_claims  INTEGER NOT NULL,
    lifetime_seconds INTEGER NOT NULL,
    algorithm        TEXT NOT NULL,
    seen_at          TEXT NOT NULL,
    PRIMARY KEY (issuer, client_id)
);
CREATE INDEX client_tokens_by_time ON client_tokens (issuer, seen_at DESC, client_id);

-- One order for each list of accounts, so that a page costs what a page is long.
CREATE INDEX accounts_by_kind ON accounts (kind, active, username, id);
CREATE INDEX accounts_by_last_seen ON accounts (kind, active, last_seen_at, id);

-- The beginnings that a search finds: the words of user name, e-mail and name, in small letters.
CREATE TABLE account_words (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    word       TEXT NOT NULL,
    PRIMARY KEY (account_id, word)
);
CREATE INDEX account_words_by_word ON account_words (word, account_id);
INSERT OR IGNORE INTO account_words (account_id, word)
WITH RECURSIVE texts (id, rest) AS (
    SELECT id, lower(replace(replace(replace(replace(username || ' ' || COALESCE(email, '') || ' ' || COALESCE(name, ''), '@', ' '), '.', ' '), '-', ' '), '_', ' ')) || ' '
    FROM accounts
), parts (id, word, rest) AS (
    SELECT id, '', rest FROM texts
    UNION ALL
    SELECT id, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM parts WHERE rest <> ''
)
SELECT id, word FROM parts WHERE word <> ''
UNION
SELECT id, lower(username) FROM accounts
UNION
SELECT id, lower(email) FROM accounts WHERE email IS NOT NULL;
