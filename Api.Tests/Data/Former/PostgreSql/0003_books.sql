CREATE TABLE books (
    id           uuid PRIMARY KEY,
    title        text COLLATE "C" NOT NULL,
    author       text COLLATE "C" NOT NULL,
    isbn         text,
    published_on date,
    version      integer NOT NULL DEFAULT 1
);
CREATE INDEX books_by_title ON books (title, id);
CREATE INDEX books_by_author ON books (author, id);
