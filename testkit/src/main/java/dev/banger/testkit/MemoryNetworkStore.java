package dev.banger.testkit;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.NamedNetwork;
import dev.banger.network.NetworkStore;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Named networks as long as the test lives. Thread-safe. */
public final class MemoryNetworkStore implements NetworkStore {
    private final Map<String, NamedNetwork> rows = new TreeMap<>();

    @Override
    public synchronized void insert(NamedNetwork network) {
        if (rows.putIfAbsent(network.name(), network) != null) {
            throw new BangerException(ErrorCode.ALREADY_EXISTS, network.name() + " already exists");
        }
    }

    @Override
    public synchronized void deleteNetwork(String name) {
        rows.remove(name);
    }

    @Override
    public synchronized List<NamedNetwork> networks() {
        return List.copyOf(rows.values());
    }
}
