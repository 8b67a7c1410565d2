package dev.banger.network;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What the firewall shall do, whole: equal rules come of equal facts, in whatever order these came about.
 *
 * @param uplink the link that NAT goes out of; while there is none, guests reach nothing behind the host
 * @param ports sorted by their taps' names
 */
public record Rules(HomeId home, BridgeSettings bridge, Optional<String> uplink, List<GuestPort> ports) {
    public Rules {
        ports = ports.stream()
                .sorted(Comparator.comparing(port -> port.tap().name()))
                .toList();
    }

    /** Whether packets go between guests and others through this host. */
    public boolean forwards() {
        return nat() || ports.stream().anyMatch(port -> !port.exposed().isEmpty());
    }

    /** Whether any guest has NAT. */
    public boolean nat() {
        return ports.stream().anyMatch(port -> port.egress().nat());
    }
}
