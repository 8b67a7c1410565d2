package dev.banger.network;

import dev.banger.api.BangerException;

/**
 * A range of IPv4 addresses.
 *
 * @param network its first address; bits behind the prefix are cleared
 * @param prefixLength 0 to 32
 */
public record Cidr(Ipv4Address network, int prefixLength) {
    public Cidr {
        if (prefixLength < 0 || prefixLength > 32) {
            throw BangerException.invalid("a prefix length is between 0 and 32, not " + prefixLength);
        }
        network = new Ipv4Address(network.bits() & mask(prefixLength));
    }

    private static int mask(int prefixLength) {
        return prefixLength == 0 ? 0 : -1 << 32 - prefixLength;
    }

    /** Of {@code 10.0.0.0/8}, or of one address alone. @throws BangerException INVALID_ARGUMENT for anything else */
    public static Cidr of(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return new Cidr(Ipv4Address.of(text), 32);
        }
        String length = text.substring(slash + 1);
        if (!length.matches("\\d{1,2}")) {
            throw BangerException.invalid(text + " is no range of IPv4 addresses such as 10.0.0.0/8");
        }
        return new Cidr(Ipv4Address.of(text.substring(0, slash)), Integer.parseInt(length));
    }

    public boolean contains(Ipv4Address address) {
        return (address.bits() & mask(prefixLength)) == network.bits();
    }

    public boolean overlaps(Cidr other) {
        return prefixLength <= other.prefixLength ? contains(other.network) : other.contains(network);
    }

    /** The range of the same size behind this one; wraps around at the end of the address space. */
    Cidr next() {
        return new Cidr(
                new Ipv4Address(network.bits() + (prefixLength == 0 ? 0 : 1 << 32 - prefixLength)), prefixLength);
    }

    @Override
    public String toString() {
        return network + "/" + prefixLength;
    }
}
