-- DPoP proofs that were used, so that no instance takes one again (RFC 9449, section 11.1), until none would take it anyway.
CREATE TABLE used_dpop_proofs (
    -- A hash of the key and the jti.
    id         TEXT PRIMARY KEY NOT NULL,
    -- The check that has used it.
    used_by    TEXT NOT NULL,
    keep_until TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_dpop_proofs_by_end ON used_dpop_proofs (keep_until);
