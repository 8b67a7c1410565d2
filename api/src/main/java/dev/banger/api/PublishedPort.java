package dev.banger.api;

import io.avaje.jsonb.Json;

/** A TCP port of the guest that the host reaches at {@code hostPort} of the VM's address. */
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
