-- What happened how often, counted as it happens, so that a picture of a month reads some hundred rows.
CREATE TABLE request_counters (
    series text NOT NULL,
    slot   text NOT NULL,
    item   text NOT NULL DEFAULT '',
    amount bigint NOT NULL,
    PRIMARY KEY (series, slot, item)
);
CREATE INDEX request_counters_by_amount ON request_counters (series, slot, amount);
CREATE INDEX request_counters_by_slot ON request_counters (slot);
