-- Whose word it is, so that a search among services alone costs what its page is long too.
ALTER TABLE account_words ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));
UPDATE account_words SET kind = 'service' WHERE account_id IN (SELECT id FROM accounts WHERE kind = 'service');
CREATE INDEX account_words_by_kind ON account_words (kind, word, account_id);
