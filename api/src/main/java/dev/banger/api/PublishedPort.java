package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A TCP port of the guest that is reached on the host.
 *
 * @param address of the host, where others reach it as well, 0.0.0.0 for all of them; null: the VM's own, which this host alone
 *     reaches
 * @param hostPort on that address, 1 to 65535
 * @param guestPort in the guest, 1 to 65535
 */
@Json
public record PublishedPort(@Nullable String address, int hostPort, int guestPort) {
    public PublishedPort {
        if (address != null && !isAddress(address)) {
            throw BangerException.invalid("\"" + address + "\" is no IPv4 address to publish a port on");
        }
        check(hostPort);
        check(guestPort);
    }

    /** On the VM's own address. */
    public static PublishedPort ofVm(int hostPort, int guestPort) {
        return new PublishedPort(null, hostPort, guestPort);
    }

    /** Where it is reached, of a VM with that address. */
    public String addressOr(String vmAddress) {
        return address == null ? vmAddress : address;
    }

    /** Whether both want the same port of one address. */
    public boolean clashes(PublishedPort other) {
        boolean everywhere = "0.0.0.0".equals(address) || "0.0.0.0".equals(other.address);
        return hostPort == other.hostPort && (everywhere || Objects.equals(address, other.address));
    }

    private static boolean isAddress(String text) {
        return text.matches("(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}");
    }

    private static void check(int port) {
        if (port < 1 || port > 65535) {
            throw BangerException.invalid("port " + port + " is not between 1 and 65535");
        }
    }
}
