package dev.banger.network;

import dev.banger.api.NetworkUsage;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Network links of the host, their addresses and its routes. Only links that this home made are ever changed. Thread-safe.
 *
 * <p>Failures are BangerExceptions: PERMISSION_DENIED, PRECONDITION_FAILED when a program or a device is missing,
 * ALREADY_EXISTS when a name is taken, HOST_COMMAND_FAILED for the rest.
 */
public interface Links {
    /**
     * A link as it is now.
     *
     * @param kind {@code bridge}, {@code tun}, {@code veth}; empty for hardware
     * @param alias empty without one
     * @param mac empty without one
     * @param master name of the bridge it is a port of; empty
     * @param isolated whether, as a bridge port, it reaches no other isolated port
     * @param addresses IPv4 addresses with prefix length
     */
    record Link(
            String name,
            int ifindex,
            String kind,
            String alias,
            String mac,
            String master,
            boolean up,
            boolean isolated,
            List<String> addresses) {
        public Link {
            addresses = List.copyOf(addresses);
        }
    }

    /** Links and the routes of the main table, of one moment. */
    record Look(List<Link> links, List<Route> routes) {
        public Look {
            links = List.copyOf(links);
            routes = List.copyOf(routes);
        }

        /** The link of that name. */
        public Optional<Link> find(String name) {
            return links.stream().filter(link -> link.name().equals(name)).findFirst();
        }
    }

    List<Link> list();

    /** {@link #list} and {@link #routes}. */
    Look look();

    /** The routes of the main table. */
    List<Route> routes();

    /** Makes the bridge, marked and addressed, IPv6 and router advertisements off; or leaves nothing. */
    void createBridge(HomeId home, BridgeSettings bridge);

    /** Gives a bridge of ours the address, state and settings it shall have; harmless when it has. */
    void repairBridge(BridgeSettings bridge);

    /**
     * Makes taps and puts them into the bridge, isolated from each other unless they are peers, and down. Those that could not be made are missing in the
     * answer; only if none could, this fails.
     */
    List<Tap> createTaps(HomeId home, BridgeSettings bridge, List<Integer> indexes);

    /** Puts taps of ours into the bridge again, isolated or not as its settings say, and down. */
    void repairTaps(BridgeSettings bridge, List<Tap> taps);

    /** Lets taps of ours pass frames, or no more; those that are gone are no error. */
    void switchTaps(List<Tap> taps, boolean up);

    /** Deletes links by their numbers; those that are gone are no error. */
    void delete(List<Tap> links);

    /** Switches IPv4 forwarding on; it is never switched off, since others may have come to rely on it. */
    void enableForwarding();

    /** Whether this host forwards IPv4 packets. */
    boolean forwarding();

    /** Whether a program of this host listens on that TCP port, at {@code address}, or at one that includes it; 0.0.0.0 includes all but loopback. */
    boolean isListening(String address, int port);

    /** What went over each link since it was made, by its name and as its other end sees it. Runs no program. */
    Map<String, NetworkUsage> traffic();

    /** The link of that name. */
    default Optional<Link> find(String name) {
        return list().stream().filter(link -> link.name().equals(name)).findFirst();
    }
}
