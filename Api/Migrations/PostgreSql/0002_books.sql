-- Formerly: 0008_book_authors
CREATE TABLE books (
    id           uuid PRIMARY KEY,
    title        text COLLATE "C" NOT NULL,
    author_id    uuid NOT NULL REFERENCES authors (id),
    isbn         text,
    published_on date,
    version      integer NOT NULL DEFAULT 1
);
CREATE INDEX books_by_title ON books (title, id);
CREATE INDEX books_by_author ON books (author_id, id);
CREATE INDEX books_by_published_on ON books (published_on NULLS FIRST, id);
