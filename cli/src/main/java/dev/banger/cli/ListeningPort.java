package dev.banger.cli;

import io.avaje.jsonb.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A TCP port that a program in a guest listens on; {@code vm ports --json} prints these fields.
 *
 * @param port its number in the guest
 * @param listensOn {@code all}, {@code loopback}, or an address of the guest
 * @param reachableAt ADDRESS:PORT, where this host reaches it; null: nowhere
 */
@Json
record ListeningPort(int port, String listensOn, @Nullable String reachableAt) {
    private static final String LISTEN = "0A";
    private static final int IPV4_DIGITS = 8;

    /** Of the guest's /proc/net/tcp and /proc/net/tcp6 (proc_pid_net(5)); one of each port, the one that is reached most widely. */
    static List<ListeningPort> parse(String tables) {
        TreeMap<Integer, String> byPort = new TreeMap<>();
        for (String line : tables.lines().toList()) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length > 3 && fields[3].equals(LISTEN) && fields[1].matches("[0-9A-F]{8,32}:[0-9A-F]{4}")) {
                String[] local = fields[1].split(":");
                byPort.merge(
                        Integer.parseInt(local[1], 16),
                        address(local[0]),
                        (one, other) -> rank(one) <= rank(other) ? one : other);
            }
        }
        List<ListeningPort> ports = new ArrayList<>();
        byPort.forEach((port, address) -> ports.add(new ListeningPort(port, address, null)));
        ports.sort(Comparator.comparingInt(ListeningPort::port));
        return ports;
    }

    private static int rank(String listensOn) {
        return listensOn.equals("all") ? 0 : listensOn.equals("loopback") ? 2 : 1;
    }

    /** Each group of eight digits is a number in the byte order of the guest's processor, which is the host's. */
    private static String address(String hex) {
        if (hex.matches("0+")) {
            return "all";
        }
        if (hex.length() == IPV4_DIGITS) {
            int bits = Integer.reverseBytes(Integer.parseUnsignedInt(hex, 16));
            String address = (bits >>> 24) + "." + (bits >>> 16 & 255) + "." + (bits >>> 8 & 255) + "." + (bits & 255);
            return address.startsWith("127.") ? "loopback" : address;
        }
        return hex.equals("00000000000000000000000001000000") ? "loopback" : "IPv6";
    }

    ListeningPort at(@Nullable String reachable) {
        return new ListeningPort(port, listensOn, reachable);
    }
}
