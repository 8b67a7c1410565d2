-- A network of its own for the VMs that name it: address of its bridge, prefix length of the subnet.
CREATE TABLE networks (
    name          TEXT PRIMARY KEY,
    address       TEXT NOT NULL,
    prefix_length INTEGER NOT NULL,
    created_at    TEXT NOT NULL
) STRICT;
