CREATE INDEX books_by_isbn ON books (isbn, id);
