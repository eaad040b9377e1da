-- The keys of ASP.NET Core's Data Protection, as the framework writes them: what protects sessions, refresh tokens and kept forms.
-- They are encrypted where the settings name a certificate or a key file. A key is never changed.
CREATE TABLE protection_keys (
    id       TEXT PRIMARY KEY,
    xml      TEXT NOT NULL,
    added_at TEXT NOT NULL
);

-- What else is odd about the newest token of a client: that it is a lightweight one, and how far in the future it was issued.
ALTER TABLE client_tokens ADD COLUMN is_lightweight INTEGER NOT NULL DEFAULT 0;
ALTER TABLE client_tokens ADD COLUMN ahead_seconds INTEGER NOT NULL DEFAULT 0;
