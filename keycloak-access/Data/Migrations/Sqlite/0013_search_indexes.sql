-- The tables that have an index for searches, with what it was made of. A start makes it anew where that is something else now.
CREATE TABLE search_indexes (
    table_name TEXT PRIMARY KEY,
    definition TEXT NOT NULL
);

-- Rows that have changed and are not in the index of their table yet. Triggers write it, so that whoever changes a row is found out.
CREATE TABLE search_pending (
    table_name TEXT NOT NULL,
    row_id     TEXT NOT NULL,
    PRIMARY KEY (table_name, row_id)
) WITHOUT ROWID;

-- An earlier version that is started again makes its terms anew.
DELETE FROM account_search_index;
UPDATE account_search_state SET folding = 0;
