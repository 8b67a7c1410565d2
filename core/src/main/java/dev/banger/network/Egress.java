package dev.banger.network;

import dev.banger.api.BangerException;
import java.util.List;

/** What of the world behind the uplink a guest may reach, its address translated to the host's. */
public sealed interface Egress {
    /** Nothing: no NAT. */
    record None() implements Egress {}

    /** Everything. */
    record Everything() implements Egress {}

    /** These alone; each other attempt is dropped and counted. */
    record Only(List<Destination> destinations) implements Egress {
        public Only {
            destinations = List.copyOf(destinations);
        }
    }

    /**
     * An exception from deny-by-default.
     *
     * @param port TCP or UDP; 0 for every port and protocol
     */
    record Destination(Cidr addresses, int port) {
        public Destination {
            if (port < 0 || port > 65535) {
                throw BangerException.invalid("port " + port + " is not between 1 and 65535");
            }
        }
    }

    /** Whether there is NAT at all. */
    default boolean nat() {
        return !(this instanceof None);
    }
}
