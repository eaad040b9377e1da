-- Every author that a book names becomes a row of authors: one for each spelling, to the letter. SQLite makes no UUIDs, so
-- version 4 is put together here; the functions are called anew for each row.
INSERT INTO authors (id, name)
SELECT lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
        || substr('89AB', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    author
FROM (SELECT DISTINCT author FROM books);

-- SQLite adds no column that must have a value and refers to another table, so the table is made anew.
CREATE TABLE books_with_authors (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    author_id    TEXT NOT NULL REFERENCES authors (id),
    isbn         TEXT,
    published_on TEXT,
    version      INTEGER NOT NULL DEFAULT 1
);
INSERT INTO books_with_authors (id, title, author_id, isbn, published_on, version)
SELECT b.id, b.title, a.id, b.isbn, b.published_on, b.version FROM books b JOIN authors a ON a.name = b.author;
DROP TABLE books;
ALTER TABLE books_with_authors RENAME TO books;
CREATE INDEX books_by_title ON books (title, id);
CREATE INDEX books_by_author ON books (author_id, id);
CREATE INDEX books_by_published_on ON books (published_on, id);

-- The groups of a new installation, where they are still there under these names.
INSERT INTO group_permissions (group_id, permission)
SELECT g.id, p.permission
FROM groups g
JOIN (
    SELECT 'book-readers' AS name, 'author:view' AS permission
    UNION ALL SELECT 'book-editors', 'author:view'
    UNION ALL SELECT 'book-editors', 'author:add'
    UNION ALL SELECT 'book-editors', 'author:change'
    UNION ALL SELECT 'book-editors', 'author:delete'
    UNION ALL SELECT 'book-editors', 'book:publish'
) p ON p.name = g.name
WHERE 1 = 1
ON CONFLICT (group_id, permission) DO NOTHING;
