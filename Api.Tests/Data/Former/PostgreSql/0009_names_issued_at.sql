-- When the token was issued that the names of an account are from. An older one, or another of that second, changes none.
ALTER TABLE accounts ADD COLUMN names_issued_at timestamptz;
