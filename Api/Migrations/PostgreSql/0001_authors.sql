-- Formerly: 0007_authors
CREATE TABLE authors (
    id      uuid PRIMARY KEY,
    name    text COLLATE "C" NOT NULL,
    born_on date,
    died_on date,
    website text COLLATE "C",
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX authors_by_name ON authors (name, id);
CREATE INDEX authors_by_born_on ON authors (born_on NULLS FIRST, id);
