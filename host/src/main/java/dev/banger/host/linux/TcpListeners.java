package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The TCP ports at addresses of IPv4 that somebody listened on when it was looked (proc_net_tcp(5)). Immutable. */
public final class TcpListeners {
    private static final List<Path> TABLES = List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));
    private static final String LISTEN = "0A";
    /** How an address of IPv4 begins where the socket is one of IPv6 (RFC 4291, 2.5.5.2). */
    private static final String MAPPED = "0000000000000000FFFF0000";

    private static final String ANY = "00000000:";

    /** The socket's inode, by address and port as the table has them. */
    private final Map<String, String> sockets;

    private TcpListeners(Map<String, String> sockets) {
        this.sockets = sockets;
    }

    public static TcpListeners look() {
        StringBuilder tables = new StringBuilder();
        try {
            for (Path table : TABLES) {
                tables.append(Files.exists(table) ? Files.readString(table) : ""); // a kernel may have no IPv6
            }
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot read who listens: " + e, e);
        }
        return of(tables.toString());
    }

    static TcpListeners of(String table) {
        Map<String, String> sockets = new HashMap<>();
        table.lines()
                .map(line -> line.strip().split(" +"))
                .filter(fields -> fields.length > 9 && fields[3].equals(LISTEN))
                .forEach(fields -> sockets.put(
                        fields[1].startsWith(MAPPED) ? fields[1].substring(MAPPED.length()) : fields[1], fields[9]));
        return new TcpListeners(Map.copyOf(sockets));
    }

    /** Whether anybody listens there, or at every address. */
    public boolean isTaken(String address, int port) {
        String key = key(address, port);
        String everywhere = ANY + key.substring(key.indexOf(':') + 1);
        return sockets.containsKey(key) || sockets.keySet().stream().anyMatch(each -> each.matches("0*" + everywhere));
    }

    /** Whether that process of ours does. */
    public boolean isListening(long pid, String address, int port) {
        String inode = sockets.get(key(address, port));
        return inode != null && holds(Path.of("/proc", String.valueOf(pid), "fd"), "socket:[" + inode + "]");
    }

    private static boolean holds(Path descriptors, String socket) {
        try (Stream<Path> all = Files.list(descriptors)) {
            return all.anyMatch(each -> leadsTo(each, socket));
        } catch (IOException e) {
            return false; // it is gone, or not ours
        }
    }

    private static boolean leadsTo(Path descriptor, String socket) {
        try {
            return Files.readSymbolicLink(descriptor).toString().equals(socket);
        } catch (IOException e) {
            return false; // closed between two looks
        }
    }

    /** The table has addresses as this machine's memory has them. */
    static String key(String address, int port) {
        int bits = ByteBuffer.wrap(Inet4Address.ofLiteral(address).getAddress())
                .order(ByteOrder.nativeOrder())
                .getInt();
        return String.format(Locale.ROOT, "%08X:%04X", bits, port);
    }
}
