package dev.banger.network;

import java.util.List;

/** The table {@code networks}. Every change is durable when the call returns. Thread-safe. */
public interface NetworkStore {
    /** @throws dev.banger.api.BangerException ALREADY_EXISTS when its name is taken */
    void insert(NamedNetwork network);

    void deleteNetwork(String name);

    /** All of them, by name. */
    List<NamedNetwork> networks();
}
