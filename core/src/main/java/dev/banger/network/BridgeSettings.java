package dev.banger.network;

import dev.banger.api.BangerException;

/**
 * The bridge that VMs are plugged into.
 *
 * @param name of the link, at most 15 characters
 * @param address the host's, the guests' gateway and DNS server
 * @param prefixLength of the subnet, 8 to 29
 * @param peers whether guests reach each other; else each is alone with the host
 */
public record BridgeSettings(String name, Ipv4Address address, int prefixLength, boolean peers) {
    /** Of guests that do not reach each other. */
    public BridgeSettings(String name, Ipv4Address address, int prefixLength) {
        this(name, address, prefixLength, false);
    }

    public BridgeSettings {
        if (!name.matches("[a-z][a-z0-9_-]{0,14}")) {
            throw BangerException.invalid(
                    "a bridge's name has 1 to 15 lower-case letters, digits, - or _, the first a letter; not " + name);
        }
        if (prefixLength < 8 || prefixLength > 29) {
            throw BangerException.invalid("the bridge's prefix length is between 8 and 29, not " + prefixLength);
        }
        Cidr subnet = new Cidr(address, prefixLength);
        if (address.equals(subnet.network())
                || address.bits() + 1 == subnet.next().network().bits()) {
            throw BangerException.invalid(
                    address + " is the first or last address of " + subnet + ", no address for the bridge");
        }
    }

    public Cidr subnet() {
        return new Cidr(address, prefixLength);
    }

    /** Derived from the address: a bridge without one of its own takes a port's, and changes it with its ports. */
    public MacAddress mac() {
        int bits = address.bits();
        return new MacAddress(
                "02:62:%02x:%02x:%02x:%02x".formatted(bits >>> 24, bits >>> 16 & 255, bits >>> 8 & 255, bits & 255));
    }
}
