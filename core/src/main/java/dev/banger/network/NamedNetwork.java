package dev.banger.network;

import java.time.Instant;

/**
 * A network of its own for the VMs that ask for it by name: these see each other. Durable; its bridge is there while they run.
 *
 * @param address of the bridge, the VMs' gateway and DNS server
 * @param prefixLength of its subnet
 */
public record NamedNetwork(String name, Ipv4Address address, int prefixLength, Instant createdAt) {
    public Cidr subnet() {
        return new Cidr(address, prefixLength);
    }

    /** {@code bridge}: name of the link. */
    public BridgeSettings settings(String bridge) {
        return new BridgeSettings(bridge, address, prefixLength, true);
    }
}
