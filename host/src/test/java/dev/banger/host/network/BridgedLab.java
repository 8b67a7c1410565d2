package dev.banger.host.network;

import dev.banger.host.bridge.IpLinks;
import dev.banger.host.firewall.IptablesFirewall;
import dev.banger.host.firewall.NftFirewall;
import dev.banger.host.linux.NetworkLab;
import dev.banger.host.linux.TapDevice;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Egress;
import dev.banger.network.Firewall;
import dev.banger.network.GuestPort;
import dev.banger.network.HomeId;
import dev.banger.network.HostNetwork;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Links;
import dev.banger.network.MacAddress;
import dev.banger.network.Tap;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A {@link NetworkLab} whose host has a bridged network, with guests and services. */
final class BridgedLab implements AutoCloseable {
    static final HomeId HOME = HomeId.of(Path.of("/home/lab/.local/state/banger"));
    static final BridgeSettings BRIDGE = new BridgeSettings("bgrlab", Ipv4Address.of("10.77.0.1"), 24);

    /** What makes the rules. */
    enum Kind {
        NFTABLES,
        IPTABLES_NFT,
        IPTABLES_LEGACY;

        /** The iptables that it uses, or that is beside it. */
        String program() {
            return this == IPTABLES_LEGACY ? "iptables-legacy" : "iptables-nft";
        }

        Firewall firewall(NetworkLab lab, List<String> prefix) {
            return switch (this) {
                case NFTABLES -> new NftFirewall(lab.programs, prefix, lab::opened, PATIENCE);
                case IPTABLES_NFT -> new IptablesFirewall(lab.programs, prefix, lab::opened, "iptables-nft", PATIENCE);
                case IPTABLES_LEGACY ->
                    new IptablesFirewall(lab.programs, prefix, lab::opened, "iptables-legacy", PATIENCE);
            };
        }
    }

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final Kind kind;
    final NetworkLab lab = new NetworkLab();
    final Links links = new IpLinks(lab.programs, lab.prefix(), lab::kernel);
    final Firewall firewall;
    final HostNetwork network;
    private final BridgeSettings bridge;
    private final List<AutoCloseable> opened = new ArrayList<>();

    BridgedLab(Kind kind) {
        this(kind, BRIDGE);
    }

    private BridgedLab(Kind kind, BridgeSettings bridge) {
        this.kind = kind;
        this.bridge = bridge;
        firewall = firewall(lab.prefix());
        network = network(2);
    }

    /** Its guests reach each other. */
    static BridgedLab ofPeers(Kind kind) {
        return new BridgedLab(kind, new BridgeSettings(BRIDGE.name(), BRIDGE.address(), BRIDGE.prefixLength(), true));
    }

    /** Another one of this kind. {@code prefix}: what programs run under. */
    Firewall firewall(List<String> prefix) {
        return kind.firewall(lab, prefix);
    }

    /** Somebody removes all rules of whatever kind. */
    void flush() {
        lab.onHost("nft", "flush", "ruleset");
        if (kind == Kind.IPTABLES_LEGACY) {
            for (String table : List.of("filter", "raw", "nat")) {
                lab.onHost("iptables-legacy", "-t", table, "-F");
                lab.onHost("iptables-legacy", "-t", table, "-X");
            }
        }
    }

    /** What a daemon that starts anew on this host would have. */
    HostNetwork network(int poolSize) {
        return new HostNetwork(HOME, bridge, links, firewall(lab.prefix()), poolSize);
    }

    static GuestPort port(String vmId, Tap tap, int number, Egress egress) {
        return new GuestPort(
                vmId,
                tap,
                new MacAddress("02:00:5e:00:00:%02x".formatted(number)),
                Ipv4Address.of("10.77.0." + number),
                egress,
                List.of());
    }

    /** Plugs a guest in and gives it its end of the tap. */
    FakeGuest guest(String vmId, int number, Egress egress) throws Exception {
        GuestPort port = port(vmId, network.acquireTap(), number, egress);
        network.plug(port);
        return at(port);
    }

    FakeGuest at(GuestPort port) throws Exception {
        TapDevice tap = lab.within(lab.host(), () -> TapDevice.open(port.tap().name()));
        FakeGuest guest =
                new FakeGuest(port, tap, BRIDGE.mac().text(), BRIDGE.address().toString());
        opened.add(guest);
        return guest;
    }

    UdpEcho echo(String namespace, int port) throws Exception {
        UdpEcho echo = lab.within(namespace, () -> new UdpEcho(port));
        opened.add(echo);
        return echo;
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        lab.close();
    }
}
