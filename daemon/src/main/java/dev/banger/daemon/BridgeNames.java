package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.Forwarding;
import dev.banger.host.dns.ListenAddress;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;

/** The DNS server of guests at the bridge, at the bridge's address, which is there once the first of them is. Thread-safe. */
final class BridgeNames implements NameServer {
    private static final int PORT = 53;

    private final DnsServer server;
    private boolean started;

    BridgeNames(BridgeSettings bridge) {
        server = new DnsServer(
                List.of(new ListenAddress(
                        new InetSocketAddress(
                                InetAddress.ofLiteral(bridge.address().toString()), PORT),
                        ListenAddress.Role.GUEST)),
                Forwarding.toHostResolvers((guest, name, addresses, ttl) -> {}));
    }

    /** Called whenever the bridge is there. */
    @Override
    public synchronized void start() {
        if (!started) {
            started = true;
            server.start();
        }
    }

    @Override
    public void replaceDns(Map<String, String> records) {
        server.replaceDns(records);
    }

    @Override
    public synchronized List<Check> doctor() {
        return started ? server.doctor() : List.of();
    }

    @Override
    public void close() {
        server.close();
    }
}
