package dev.banger.network;

import java.util.List;

/**
 * A route of the main table.
 *
 * @param type {@code unicast}, or one of those that lead nowhere: {@code blackhole}, {@code unreachable}, {@code prohibit}, {@code throw}
 * @param device the link it leaves by; empty for a route that leads nowhere
 * @param metric lower is preferred
 * @param flags such as {@code linkdown}, {@code dead}, {@code onlink}
 */
public record Route(String type, Cidr destination, String device, long metric, List<String> flags) {
    private static final Cidr DEFAULT = new Cidr(new Ipv4Address(0), 0);

    public Route {
        flags = List.copyOf(flags);
    }

    public boolean isDefault() {
        return destination.equals(DEFAULT);
    }

    /** Whether packets can leave by it. */
    public boolean leadsOut() {
        return type.equals("unicast")
                && !device.isEmpty()
                && !device.equals("lo")
                && !flags.contains("dead")
                && !flags.contains("linkdown");
    }
}
