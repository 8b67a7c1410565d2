package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameServer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The DNS servers of all bridges. Thread-safe. */
final class NetworkNames implements NameServer {
    private final Map<BridgeSettings, BridgeNames> bridges = new LinkedHashMap<>();
    private final Function<BridgeSettings, BridgeRouting> routing;
    private Map<String, String> records = Map.of();

    /** {@code routing}: how this host's resolver is led to the server of a bridge. */
    NetworkNames(Function<BridgeSettings, BridgeRouting> routing) {
        this.routing = routing;
    }

    /** That of a bridge, which begins and ends to serve with it. */
    synchronized BridgeNames at(BridgeSettings bridge) {
        return bridges.computeIfAbsent(bridge, added -> {
            BridgeNames names = new BridgeNames(added, routing.apply(added));
            names.replaceDns(records);
            return names;
        });
    }

    /** Closes that of a bridge which will not come again. Idempotent. */
    synchronized void leave(BridgeSettings bridge) {
        BridgeNames names = bridges.remove(bridge);
        if (names != null) {
            names.close();
        }
    }

    /** Each begins with its bridge. */
    @Override
    public void start() {}

    @Override
    public synchronized void replaceDns(Map<String, String> next) {
        records = Map.copyOf(next);
        bridges.values().forEach(names -> names.replaceDns(records));
    }

    @Override
    public synchronized List<Check> doctor() {
        return bridges.values().stream()
                .flatMap(names -> names.doctor().stream())
                .toList();
    }

    @Override
    public synchronized void close() {
        bridges.values().forEach(BridgeNames::close);
        bridges.clear();
    }
}
