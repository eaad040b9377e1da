-- Formerly: 0007_authors
CREATE TABLE authors (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    born_on TEXT,
    died_on TEXT,
    website TEXT,
    version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX authors_by_name ON authors (name, id);
CREATE INDEX authors_by_born_on ON authors (born_on, id);
