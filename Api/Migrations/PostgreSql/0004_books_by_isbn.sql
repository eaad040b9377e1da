CREATE INDEX books_by_isbn ON books (isbn COLLATE "C", id);
