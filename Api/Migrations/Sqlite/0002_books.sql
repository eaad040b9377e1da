-- Formerly: 0008_book_authors
CREATE TABLE books (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    author_id    TEXT NOT NULL REFERENCES authors (id),
    isbn         TEXT,
    published_on TEXT,
    version      INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX books_by_title ON books (title, id);
CREATE INDEX books_by_author ON books (author_id, id);
CREATE INDEX books_by_published_on ON books (published_on, id);
