package dev.banger.host.dns;

import java.net.InetAddress;
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

    /** Whom a query from there is answered as: this host's programs come from the address itself, which no guest can. */
    Role roleOf(InetAddress source) {
        return source.equals(socket.getAddress()) ? Role.HOST : role;
    }

    @Override
    public String toString() {
        return socket.getAddress().getHostAddress() + ":" + socket.getPort();
    }
}
