-- Sign-ins in the browser that are still good: who is signed in, since when, from where. A row goes when its session ends.
CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    issuer        text NOT NULL,
    session_id    text NOT NULL,
    subject       text NOT NULL,
    username      text NOT NULL,
    started_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    address       text,
    user_agent    text,
    -- Protected by the service's own keys: with it, Keycloak ends its session too.
    refresh_token text
);
CREATE INDEX sessions_by_start ON sessions (started_at, id);
CREATE INDEX sessions_by_subject ON sessions (issuer, subject, started_at, id);
CREATE INDEX sessions_by_session ON sessions (issuer, session_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- What happened how often, counted as it happens, so that a picture of a month reads some hundred rows.
CREATE TABLE activity (
    series text NOT NULL,
    slot   text NOT NULL,
    item   text NOT NULL DEFAULT '',
    amount bigint NOT NULL,
    PRIMARY KEY (series, slot, item)
);
CREATE INDEX activity_by_amount ON activity (series, slot, amount);
CREATE INDEX activity_by_slot ON activity (slot);

-- Forms that were sent when their session had ended, until their author has signed in again. Protected, and soon gone.
CREATE TABLE form_drafts (
    id       uuid PRIMARY KEY,
    issuer   text NOT NULL,
    subject  text NOT NULL,
    path     text NOT NULL,
    fields   text NOT NULL,
    saved_at timestamptz NOT NULL
);
CREATE INDEX form_drafts_by_subject ON form_drafts (issuer, subject, saved_at);
CREATE INDEX form_drafts_by_time ON form_drafts (saved_at);

-- The keys that the realm has shown, so that a rotation can be seen afterwards.
CREATE TABLE realm_keys (
    issuer        text NOT NULL,
    key_id        text NOT NULL,
    algorithm     text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (issuer, key_id)
);

-- How the newest token of each client looked, taken or refused.
CREATE TABLE client_tokens (
    issuer           text NOT NULL,
    client_id        text COLLATE "C" NOT NULL,
    code             text NOT NULL,
    audiences        text NOT NULL,
    scopes           text NOT NULL,
    roles            integer NOT NULL,
    has_role_claims  boolean NOT NULL,
    lifetime_seconds integer NOT NULL,
    algorithm        text NOT NULL,
    seen_at          timestamptz NOT NULL,
    PRIMARY KEY (issuer, client_id)
);
CREATE INDEX client_tokens_by_time ON client_tokens (issuer, seen_at DESC, client_id);

-- One order for each list of accounts, so that a page costs what a page is long.
CREATE INDEX accounts_by_kind ON accounts (kind, active, username, id);
CREATE INDEX accounts_by_last_seen ON accounts (kind, active, last_seen_at, id);

-- The beginnings that a search finds: the words of user name, e-mail and name, in small letters.
CREATE TABLE account_words (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    word       text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, word)
);
CREATE INDEX account_words_by_word ON account_words (word, account_id);
INSERT INTO account_words (account_id, word)
SELECT a.id, w.word
FROM accounts a
CROSS JOIN LATERAL regexp_split_to_table(lower(a.username || ' ' || COALESCE(a.email, '') || ' ' || COALESCE(a.name, '')), '[ @._-]+') AS w (word)
WHERE w.word <> ''
UNION
SELECT id, lower(username) FROM accounts
UNION
SELECT id, lower(email) FROM accounts WHERE email IS NOT NULL;
