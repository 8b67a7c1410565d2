-- A VM: what it was asked to be (spec), what it is meant to be now and where its files lie (runtime), both JSON.
-- Handles of the running kernel (pids, taps, loops) never come in here.
CREATE TABLE vms (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    host_address TEXT NOT NULL UNIQUE,
    spec         TEXT NOT NULL,
    runtime      TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL
) STRICT;
