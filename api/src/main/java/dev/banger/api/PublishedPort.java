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

    /** {@code 8080:80}, {@code 192.0.2.1:8080:80}, or {@code 80} for the same number on both sides. */
    public static PublishedPort parse(String text) {
        String[] parts = text.split(":", -1);
        try {
            return switch (parts.length) {
                case 1 -> ofVm(Integer.parseInt(parts[0]), Integer.parseInt(parts[0]));
                case 2 -> ofVm(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
                case 3 -> new PublishedPort(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                default -> throw new NumberFormatException();
            };
        } catch (NumberFormatException e) {
            throw BangerException.invalid(
                    "'" + text + "' is no port mapping; write [ADDRESS:]HOST:GUEST, such as 8080:80");
        }
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
