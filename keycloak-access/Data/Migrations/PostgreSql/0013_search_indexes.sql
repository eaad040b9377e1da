-- The tables that have an index for searches, with what it was made of. A start makes it anew where that is something else now.
CREATE TABLE search_indexes (
    table_name text PRIMARY KEY,
    definition text NOT NULL
);

-- What a search is looked up by, as Data/SearchTerms.cs has it. A text that is too long for that stands under the sign of the end alone,
-- which is part of every search. It costs so much to make them that no plan should do it for the rows of a table; for that cost alone
-- PostgreSQL would start workers, which takes longer than the search, if they were allowed to call it.
CREATE FUNCTION search_terms(VARIADIC texts text[]) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED COST 10000 AS $$
DECLARE
    value text;
    characters text[];
    terms text[] := '{}';
BEGIN
    FOREACH value IN ARRAY texts LOOP
        CONTINUE WHEN value IS NULL;
        value := folded(value);
        IF cardinality(terms) + length(value) > 50000 THEN
            RETURN array_to_tsvector(ARRAY[chr(1)]);
        END IF;

        characters := string_to_array(value || chr(1) || chr(1), NULL);
        terms := terms || ARRAY(
            SELECT characters[i] || characters[i + 1] || characters[i + 2] FROM generate_series(1, cardinality(characters) - 2) i);
    END LOOP;

    RETURN array_to_tsvector(terms);
END
$$;

-- An earlier version that is started again makes its terms anew.
TRUNCATE account_search_index;
UPDATE account_search_state SET folding = 0;
