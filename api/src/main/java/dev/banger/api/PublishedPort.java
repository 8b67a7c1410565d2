package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * A TCP port of the guest that the host reaches at the VM's address.
 *
 * @param hostPort on the VM's address, 1 to 65535
 * @param guestPort in the guest, 1 to 65535
 */
@Json
public record PublishedPort(int hostPort, int guestPort) {
    public PublishedPort {
        check(hostPort);
        check(guestPort);
    }

    private static void check(int port) {
        if (port < 1 || port > 65535) {
            throw BangerException.invalid("port " + port + " is not between 1 and 65535");
        }
    }
}
