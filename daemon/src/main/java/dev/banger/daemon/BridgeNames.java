package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.Forwarding;
import dev.banger.host.dns.ListenAddress;
import dev.banger.network.BridgeServices;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NameServer;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The DNS server of guests at a bridge, at the bridge's address, which is there once the first of them is. Guests of a network whose
 * VMs see each other are told of these alone. Thread-safe.
 */
final class BridgeNames implements NameServer, BridgeServices {
    private static final int PORT = 53;

    private final BridgeSettings bridge;
    private final DnsServer server;
    private final BridgeRouting routing;
    private volatile Answers answers = (guest, name, addresses, ttl) -> CompletableFuture.completedStage(null);
    private boolean started;

    /** {@code routing} leads this host's resolver to the server. */
    BridgeNames(BridgeSettings bridge, BridgeRouting routing) {
        this.bridge = bridge;
        this.routing = routing;
        server = new DnsServer(
                List.of(new ListenAddress(
                        new InetSocketAddress(
                                InetAddress.ofLiteral(bridge.address().toString()), PORT),
                        ListenAddress.Role.GUEST)),
                Forwarding.toHostResolvers(this::answered));
    }

    private CompletionStage<?> answered(InetAddress guest, String name, List<InetAddress> told, Duration ttl) {
        List<Ipv4Address> addresses = told.stream()
                .filter(Inet4Address.class::isInstance)
                .map(address -> Ipv4Address.of(address.getHostAddress()))
                .toList();
        return answers.answered(Ipv4Address.of(guest.getHostAddress()), name, addresses, ttl);
    }

    /** Nothing: it has no address before there is a bridge. */
    @Override
    public void start() {}

    @Override
    public synchronized void opened(Answers hearing) {
        answers = hearing;
        if (!started) {
            started = true;
            server.start();
        }
        routing.ensure();
    }

    @Override
    public void repaired() {
        routing.renew();
    }

    @Override
    public void closed() {
        routing.revert();
    }

    @Override
    public void replaceDns(Map<String, String> records) {
        Map<String, String> visible = new HashMap<>(records);
        if (bridge.peers()) {
            visible.values().removeIf(address -> !bridge.subnet().contains(Ipv4Address.of(address)));
        }
        server.replaceDns(visible);
    }

    @Override
    public synchronized List<Check> doctor() {
        if (!started) {
            return List.of();
        }
        List<Check> rows = new ArrayList<>(server.doctor());
        routing.obstacle().ifPresent(rows::add);
        return rows;
    }

    @Override
    public void close() {
        routing.close();
        server.close();
    }
}
