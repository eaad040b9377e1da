-- Which version of the folding the terms of account_search_index were made with. A start makes them anew where it is another one.
CREATE TABLE account_search_state (folding INTEGER NOT NULL);
INSERT INTO account_search_state (folding) VALUES (0);
