-- What happened how often, counted as it happens, so that a picture of a month reads some hundred rows.
CREATE TABLE request_counters (
    series TEXT NOT NULL,
    slot   TEXT NOT NULL,
    item   TEXT NOT NULL DEFAULT '',
    amount INTEGER NOT NULL,
    PRIMARY KEY (series, slot, item)
);
CREATE INDEX request_counters_by_amount ON request_counters (series, slot, amount);
CREATE INDEX request_counters_by_slot ON request_counters (slot);
