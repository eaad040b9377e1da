CREATE TABLE books (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    author       TEXT NOT NULL,
    isbn         TEXT,
    published_on TEXT,
    version      INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX books_by_title ON books (title, id);
CREATE INDEX books_by_author ON books (author, id);
