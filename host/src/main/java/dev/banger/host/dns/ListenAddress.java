package dev.banger.host.dns;

import java.net.InetSocketAddress;

/**
 * Where the server listens, by UDP and TCP, and whom it serves there.
 *
 * @param socket a numeric address; port 0 takes any that is free
 */
public record ListenAddress(InetSocketAddress socket, Role role) {
    /** Who asks at an address. */
    public enum Role {
        /** Programs of this host: they get the names of VMs and nothing else, so no resolver can be led in a circle. */
        HOST,
        /** Guests: all other names are forwarded for them. */
        GUEST
    }

    @Override
    public String toString() {
        return socket.getAddress().getHostAddress() + ":" + socket.getPort();
    }
}
