-- Every author that a book names becomes a row of authors: one for each spelling, to the letter.
INSERT INTO authors (id, name)
SELECT gen_random_uuid(), author FROM (SELECT DISTINCT author FROM books) AS named;

ALTER TABLE books ADD COLUMN author_id uuid;
UPDATE books SET author_id = a.id FROM authors a WHERE a.name = books.author;
ALTER TABLE books ALTER COLUMN author_id SET NOT NULL;
ALTER TABLE books ADD FOREIGN KEY (author_id) REFERENCES authors (id);
-- Its index goes with it.
ALTER TABLE books DROP COLUMN author;
CREATE INDEX books_by_author ON books (author_id, id);
CREATE INDEX books_by_published_on ON books (published_on NULLS FIRST, id);

-- The groups of a new installation, where they are still there under these names.
INSERT INTO group_permissions (group_id, permission)
SELECT g.id, p.permission
FROM groups g
JOIN (VALUES
    ('book-readers', 'author:view'),
    ('book-editors', 'author:view'),
    ('book-editors', 'author:add'),
    ('book-editors', 'author:change'),
    ('book-editors', 'author:delete'),
    ('book-editors', 'book:publish')
) AS p (name, permission) ON p.name = g.name
ON CONFLICT (group_id, permission) DO NOTHING;
