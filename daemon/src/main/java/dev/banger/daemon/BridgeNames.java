package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.host.dns.AnswerListener;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.Forwarding;
import dev.banger.host.dns.ListenAddress;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NameServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The DNS servers of guests, one at the address of each bridge once that is there. Guests of a network whose VMs see each other are
 * told of these alone. Thread-safe.
 */
final class BridgeNames implements NameServer {
    private static final int PORT = 53;

    private final Map<BridgeSettings, DnsServer> servers = new LinkedHashMap<>();
    private Map<String, String> records = Map.of();
    private boolean closed;

    /** Serves at this bridge, which is there. Harmless when that is done already. */
    synchronized void serve(BridgeSettings bridge) {
        if (closed || servers.containsKey(bridge)) {
            return;
        }
        DnsServer server = new DnsServer(
                List.of(new ListenAddress(
                        new InetSocketAddress(
                                InetAddress.ofLiteral(bridge.address().toString()), PORT),
                        ListenAddress.Role.GUEST)),
                Forwarding.toHostResolvers(AnswerListener.NONE));
        servers.put(bridge, server);
        server.replaceDns(visible(bridge));
        server.start();
    }

    /** Ends serving at a bridge that is no longer there. Idempotent. */
    synchronized void leave(BridgeSettings bridge) {
        DnsServer server = servers.remove(bridge);
        if (server != null) {
            server.close();
        }
    }

    /** It begins at each bridge by itself. */
    @Override
    public void start() {}

    @Override
    public synchronized void replaceDns(Map<String, String> next) {
        records = Map.copyOf(next);
        servers.forEach((bridge, server) -> server.replaceDns(visible(bridge)));
    }

    private Map<String, String> visible(BridgeSettings bridge) {
        if (!bridge.peers()) {
            return records;
        }
        Map<String, String> visible = new LinkedHashMap<>(records);
        visible.values().removeIf(address -> !bridge.subnet().contains(Ipv4Address.of(address)));
        return visible;
    }

    @Override
    public synchronized List<Check> doctor() {
        return servers.values().stream()
                .flatMap(server -> server.doctor().stream())
                .toList();
    }

    @Override
    public synchronized void close() {
        closed = true;
        servers.values().forEach(DnsServer::close);
        servers.clear();
    }
}
