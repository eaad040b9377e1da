-- A membership by hand may end: from then on it counts for nothing, and its row goes a moment later, with a row in the audit log.
ALTER TABLE group_members ADD COLUMN ends_at timestamptz;
ALTER TABLE group_members ADD COLUMN reason text;
CREATE INDEX group_members_by_end ON group_members (ends_at) WHERE ends_at IS NOT NULL;
