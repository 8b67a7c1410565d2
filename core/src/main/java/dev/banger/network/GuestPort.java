package dev.banger.network;

import dev.banger.api.PublishedPort;
import java.util.List;

/**
 * A VM's place at the bridge: all that its firewall rules are derived from.
 *
 * @param vmId names it in rules, messages and counters
 * @param mac the only one it may send from
 * @param ip the only one it may send from
 * @param published TCP ports that the host reaches at {@code ip} under another number; neighbours of the host do not. Those with an
 *     address are reached there, by neighbours as well
 * @param rate bits per second of IPv4 that it may send, and as many that it may get; what is more is dropped; 0: no limit
 */
public record GuestPort(
        String vmId, Tap tap, MacAddress mac, Ipv4Address ip, Egress egress, List<PublishedPort> published, long rate) {
    public GuestPort {
        if (!vmId.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException("no id of a VM: " + vmId);
        }
        published = List.copyOf(published);
    }

    /** One without a limit. */
    public GuestPort(
            String vmId, Tap tap, MacAddress mac, Ipv4Address ip, Egress egress, List<PublishedPort> published) {
        this(vmId, tap, mac, ip, egress, published, 0);
    }

    /** Of what is published, that which has an address of the host's. */
    public List<PublishedPort> exposed() {
        return published.stream().filter(port -> port.address() != null).toList();
    }
}
