package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import dev.banger.host.linux.NetworkLab;
import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Egress.Destination;
import dev.banger.network.GuestPort;
import dev.banger.network.Uplink;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What guests reach, in kernels' own words: packets through real rules. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class NatTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(600);
    private static final int WEB = 8443;

    private final BridgedLab lab = new BridgedLab(kind());
    private UdpEcho internet;

    /** What makes the rules; subclasses have others. */
    Kind kind() {
        return Kind.NFTABLES;
    }

    @BeforeEach
    void open() throws Exception {
        lab.network.open(List.of());
        internet = lab.echo(lab.lab.internet(), WEB);
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    @Test
    void aGuestWithNatReachesTheInternetAsTheHost() throws Exception {
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());

        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "hello", SOON)).isTrue();
        assertThat(internet.heard()).allMatch(each -> each.startsWith(NetworkLab.HOST_UPLINK + " "));
    }

    @Test
    void aGuestWithoutNatReachesNothing() throws Exception {
        FakeGuest with = lab.guest("vm1", 10, new Egress.Everything());
        FakeGuest without = lab.guest("vm2", 11, new Egress.None());

        assertThat(without.hearsEcho(NetworkLab.INTERNET, WEB, "without", SHORT))
                .isFalse();
        assertThat(with.hearsEcho(NetworkLab.INTERNET, WEB, "with", SOON)).isTrue();
        assertThat(internet.heard("without")).isFalse();
        assertThat(lab.network.denied().get("vm2")).isPositive();
        assertThat(lab.network.denied()).containsEntry("vm1", 0L);
    }

    @Test
    void exceptionsFromDenyByDefaultAreAllThatPasses() throws Exception {
        UdpEcho other = lab.echo(lab.lab.internet(), 53);
        Destination allowed = new Destination(Cidr.of(NetworkLab.INTERNET), WEB);
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Only(List.of(allowed)));

        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "allowed", SOON)).isTrue();
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, 53, "denied", SHORT)).isFalse();
        assertThat(other.heard()).isEmpty();
        assertThat(lab.network.denied().get("vm1")).isPositive();
    }

    @Test
    void aPolicyThatNarrowsEndsWhatWasGoingOnAndKeepsTheCount() throws Exception {
        Egress elsewhere = new Egress.Only(List.of(new Destination(Cidr.of("203.0.113.0/24"), 0)));
        FakeGuest guest = lab.guest("vm1", 10, elsewhere);
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "early", SHORT)).isFalse();
        long before = lab.network.denied().get("vm1");
        assertThat(before).isPositive();

        lab.network.plug(with(guest.port, new Egress.Everything()));
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "open", SOON)).isTrue();
        lab.network.plug(with(guest.port, elsewhere));

        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "late", SHORT)).isFalse();
        assertThat(internet.heard("late")).isFalse();
        assertThat(lab.network.denied().get("vm1")).isGreaterThan(before);
    }

    /** Each of the floods would take six minutes at that rate; what passes is what the kernel lets pass at once. */
    @Test
    void aLimitHoldsForWhatAGuestSendsAndGets() throws Exception {
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "before", SOON)).isTrue();
        String unlimited = lab.lab.rules();
        GuestPort port = guest.port;
        GuestPort limited =
                new GuestPort(port.vmId(), port.tap(), port.mac(), port.ip(), port.egress(), port.published(), 64_000);
        if (kind() != Kind.NFTABLES) {
            assertThatThrownBy(() -> lab.network.plug(limited)).hasMessageContaining("install nftables");
            assertThat(lab.lab.rules()).as("as before").isEqualTo(unlimited);
            return;
        }
        lab.network.plug(limited);
        assertThat(lab.network.reconcile().clean()).isTrue();
        String payload = "x".repeat(1400);

        long sent = sentByHost();
        for (int i = 0; i < 2000; i++) {
            guest.sendUdp(NetworkLab.INTERNET, WEB, payload);
        }
        assertThat(sentByHost() - sent).isBetween(1L, 600L);

        // What came back took of the same limit: rules made anew begin anew.
        lab.network.plug(port);
        lab.network.plug(limited);
        guest.taken();
        lab.lab.within(lab.lab.host(), () -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                byte[] data = payload.getBytes(StandardCharsets.US_ASCII);
                InetAddress address = InetAddress.getByName(guest.ip());
                for (int i = 0; i < 900; i++) {
                    try {
                        socket.send(new DatagramPacket(data, data.length, address, 4000));
                    } catch (IOException e) {
                        assertThat(e).hasMessageContaining("ermitted"); // the sender is told of some that are dropped
                    }
                }
            }
            return "";
        });
        assertThat(guest.taken().stream()
                        .filter(frame -> Frames.contains(frame, payload))
                        .count())
                .isBetween(1L, 600L);

        lab.network.plug(port);
        assertThat(lab.lab.rules()).isEqualTo(unlimited);
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "after", SOON)).isTrue();
    }

    /** Packets that left by its uplink. */
    private long sentByHost() {
        return Long.parseLong(lab.lab
                .onHost("cat", "/sys/class/net/eth0/statistics/tx_packets")
                .strip());
    }

    private static GuestPort with(GuestPort port, Egress egress) {
        return new GuestPort(port.vmId(), port.tap(), port.mac(), port.ip(), egress, port.published());
    }

    @Test
    void applyingTwiceChangesNothingAndTheRulesOfTwoGuestsAreIndependent() throws Exception {
        FakeGuest one = lab.guest("vm1", 10, new Egress.Everything());
        String alone = lab.lab.rules();

        lab.network.plug(one.port);
        assertThat(lab.lab.rules()).isEqualTo(alone);

        FakeGuest two = lab.guest("vm2", 11, new Egress.Everything());
        assertThat(two.hearsEcho(NetworkLab.INTERNET, WEB, "two", SOON)).isTrue();
        lab.network.unplug("vm2");
        assertThat(lab.lab.rules()).isEqualTo(alone);
        assertThat(one.hearsEcho(NetworkLab.INTERNET, WEB, "one", SOON)).isTrue();
        lab.network.unplug("vm2");
        assertThat(lab.lab.rules()).isEqualTo(alone);
    }

    @Test
    void natWithoutADefaultRouteIsRefusedAndChangesNothing() throws Exception {
        lab.guest("vm1", 10, new Egress.None());
        String before = lab.lab.rules();
        lab.lab.onHost("ip", "route", "delete", "default");

        assertThatThrownBy(() -> lab.guest("vm2", 11, new Egress.Everything()))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .hasMessageContaining("no default route");
        assertThat(lab.lab.rules()).isEqualTo(before);
    }

    @Test
    void natFollowsTheUplink() throws Exception {
        UdpEcho neighbour = lab.echo(lab.lab.neighbour(), WEB);
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        assertThat(guest.hearsEcho(NetworkLab.NEIGHBOUR, WEB, "lan", SHORT)).isFalse();

        lab.lab.onHost("ip", "route", "replace", "default", "via", NetworkLab.NEIGHBOUR);
        assertThat(lab.network.reconcile().repaired()).anyMatch(each -> each.contains("eth1"));

        assertThat(guest.hearsEcho(NetworkLab.NEIGHBOUR, WEB, "now", SOON)).isTrue();
        assertThat(neighbour.heard()).allMatch(each -> each.startsWith(NetworkLab.HOST_LAN + " "));
        lab.lab.onHost("ip", "route", "delete", "default");
        assertThat(lab.network.reconcile().degraded()).anyMatch(each -> each.contains("no default route"));
        assertThat(guest.hearsEcho(NetworkLab.NEIGHBOUR, WEB, "cut", SHORT)).isFalse();
    }

    /** A container engine's and an administrator's way to be strict, each through another front end. */
    @ParameterizedTest
    @ValueSource(strings = {"iptables-nft", "iptables-legacy", "nft policy", "nft last rule"})
    void natAndDnsWorkBesideFiltersThatDropWhatTheyDoNotKnow(String kind) throws Exception {
        strict(kind);
        String before = lab.lab.rules();
        UdpEcho dns = lab.echo(lab.lab.host(), 53);

        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "through", SOON)).isTrue();
        assertThat(guest.hearsEcho(BridgedLab.BRIDGE.address().toString(), 53, "name", SOON))
                .isTrue();
        assertThat(dns.heard("name")).isTrue();
        assertThat(lab.network.reconcile().clean()).isTrue();
        assertThat(lab.lab.rules()).isNotEqualTo(before);

        lab.network.unplug("vm1");
        assertThat(lab.lab.rules()).isEqualTo(before);
    }

    private void strict(String kind) {
        switch (kind) {
            case "iptables-nft", "iptables-legacy" -> {
                lab.lab.onHost(kind, "-P", "FORWARD", "DROP");
                lab.lab.onHost(kind, "-P", "INPUT", "DROP");
                lab.lab.onHost(kind, "-N", "DOCKER-USER");
                lab.lab.onHost(kind, "-A", "FORWARD", "-j", "DOCKER-USER");
                lab.lab.onHost(
                        kind,
                        "-A",
                        "FORWARD",
                        "-o",
                        "docker0",
                        "-m",
                        "conntrack",
                        "--ctstate",
                        "RELATED,ESTABLISHED",
                        "-m",
                        "comment",
                        "--comment",
                        "banger-like text",
                        "-j",
                        "ACCEPT");
            }
            case "nft policy" -> lab.lab.nft("""
                    table inet filter {
                      chain input { type filter hook input priority 0; policy drop;
                        iifname "lo" accept
                      }
                      chain forward { type filter hook forward priority 0; policy drop;
                        iifname "bgrlab2" accept comment "banger-0000"
                      }
                    }
                    """);
            default -> lab.lab.nft("""
                    table inet firewalld {
                      chain filter_INPUT { type filter hook input priority 10; policy accept;
                        ct state established,related accept
                        counter reject with icmpx type admin-prohibited
                      }
                      chain filter_FORWARD { type filter hook forward priority 10; policy accept;
                        ct state established,related accept
                        log prefix "no: " drop
                      }
                    }
                    """);
        }
    }

    @Test
    void aNeighbourReachesNeitherAGuestNorTheBridgeThroughTheHost() throws Exception {
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        UdpEcho dns = lab.echo(lab.lab.host(), 53);
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "up", SOON)).isTrue();
        guest.taken();

        for (String target : List.of(guest.ip(), BridgedLab.BRIDGE.address().toString())) {
            lab.lab.in(
                    lab.lab.neighbour(),
                    "bash",
                    "-c",
                    "echo intruder > /dev/udp/" + target + "/53; echo intruder > /dev/udp/" + target + "/" + WEB);
        }

        assertThat(guest.hearsEcho(BridgedLab.BRIDGE.address().toString(), 53, "barrier", SOON))
                .isTrue();
        assertThat(guest.taken()).noneMatch(frame -> Frames.contains(frame, "intruder"));
        assertThat(dns.heard("intruder")).isFalse();
    }

    @Test
    void aPublishedPortIsTheHostsAlone() throws Exception {
        GuestPort plain = BridgedLab.port("vm1", lab.network.acquireTap(), 10, new Egress.None());
        GuestPort port = new GuestPort(
                "vm1", plain.tap(), plain.mac(), plain.ip(), plain.egress(), List.of(PublishedPort.ofVm(8080, 80)));
        lab.network.plug(port);
        FakeGuest guest = lab.at(port);

        Thread caller = Thread.ofPlatform().daemon().start(() -> {
            try {
                lab.lab.within(lab.lab.host(), () -> connect(guest.ip()));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        Optional<byte[]> syn = guest.await(
                frame -> Frames.type(frame) == Frames.IPV4 && frame.length >= 54 && frame[23] == Frames.TCP, SOON);

        assertThat(syn).isPresent();
        assertThat((syn.get()[36] & 255) << 8 | syn.get()[37] & 255).isEqualTo(80);
        caller.join(Duration.ofSeconds(20));
    }

    /** As wg-quick(8) has it: all but the tunnel's own packets look into another table than main. */
    @Test
    void natFollowsPolicyRoutingToAVpn() throws Exception {
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "before", SOON)).isTrue();
        assertThat(lab.links.routes()).isEqualTo(lab.links.look().routes());

        UdpEcho behind = lab.echo(lab.lab.neighbour(), WEB);
        lab.lab.onHost("ip", "route", "add", "default", "via", NetworkLab.NEIGHBOUR, "dev", "eth1", "table", "51820");
        lab.lab.onHost("ip", "rule", "add", "not", "fwmark", "51820", "table", "51820");
        lab.lab.onHost("ip", "rule", "add", "table", "main", "suppress_prefixlength", "0");
        assertThat(Uplink.among(lab.links.routes(), BridgedLab.BRIDGE.name())).contains("eth1");
        assertThat(lab.links.look().routes()).isEqualTo(lab.links.routes());
        assertThat(lab.network.reconcile().repaired()).contains("NAT goes out of eth1 now");
        assertThat(guest.hearsEcho(NetworkLab.NEIGHBOUR, WEB, "tunnel", SOON)).isTrue();
        assertThat(behind.heard()).allMatch(each -> each.startsWith(NetworkLab.HOST_LAN + " "));

        lab.lab.onHost("ip", "route", "delete", "default", "table", "51820");
        lab.lab.onHost("ip", "route", "add", "unreachable", "default", "table", "51820");
        assertThat(Uplink.among(lab.links.routes(), BridgedLab.BRIDGE.name())).isEmpty();
    }

    @Test
    void aPortPublishedOnAnAddressOfTheHostIsItsNeighboursAsWell() throws Exception {
        GuestPort plain = BridgedLab.port("vm1", lab.network.acquireTap(), 10, new Egress.None());
        GuestPort port = exposing(plain, NetworkLab.HOST_LAN, 8080);
        lab.network.plug(port);
        FakeGuest guest = lab.at(port);

        call(NetworkLab.HOST_UPLINK, 8080); // the same port of another address, and another port of the same
        call(NetworkLab.HOST_LAN, 8081);
        call(guest.ip(), 80);
        call(NetworkLab.HOST_LAN, 8080);
        Optional<byte[]> syn = guest.await(NatTest::isTcp, SOON);
        assertThat(syn).as("the one that is meant to arrive").isPresent();
        assertThat((syn.get()[36] & 255) << 8 | syn.get()[37] & 255).isEqualTo(80);
        assertThat(guest.taken().stream().filter(NatTest::isTcp).map(frame -> frame[37]))
                .containsOnly((byte) 80);

        lab.network.unplug("vm1");
        assertThat(lab.lab.onHost("nft", "list", "ruleset")).doesNotContain("8080");
    }

    private static boolean isTcp(byte[] frame) {
        return Frames.type(frame) == Frames.IPV4 && frame.length >= 54 && frame[23] == Frames.TCP;
    }

    private static GuestPort exposing(GuestPort plain, String address, int hostPort) {
        return new GuestPort(
                plain.vmId(),
                plain.tap(),
                plain.mac(),
                plain.ip(),
                plain.egress(),
                List.of(new PublishedPort(address, hostPort, 80)));
    }

    /** From the neighbour; nobody waits for an answer. */
    private void call(String address, int port) {
        lab.lab.in(
                lab.lab.neighbour(),
                "bash",
                "-c",
                "timeout 0.5 bash -c 'echo > /dev/tcp/" + address + "/" + port + "' 2>/dev/null || true");
    }

    @Test
    void aPortThatIsTakenOrAnAddressThatIsNotTheHostsIsRefused() throws Exception {
        GuestPort one = BridgedLab.port("vm1", lab.network.acquireTap(), 10, new Egress.None());
        GuestPort two = BridgedLab.port("vm2", lab.network.acquireTap(), 11, new Egress.None());
        lab.network.plug(exposing(one, "0.0.0.0", 8080));
        String before = lab.lab.onHost("nft", "list", "ruleset");

        assertThatThrownBy(() -> lab.network.plug(exposing(two, NetworkLab.HOST_LAN, 8080)))
                .hasMessageContaining("published for VM vm1 already");
        assertThatThrownBy(() -> lab.network.plug(exposing(two, "203.0.113.7", 8081)))
                .hasMessageContaining("no address of this host");
        try (ServerSocket own = lab.lab.within(lab.lab.host(), () -> new ServerSocket(0))) {
            assertThatThrownBy(() -> lab.network.plug(exposing(two, NetworkLab.HOST_LAN, own.getLocalPort())))
                    .hasMessageContaining("taken by another program");
        }
        assertThat(lab.lab.onHost("nft", "list", "ruleset")).isEqualTo(before);
    }

    /** Java makes a socket's descriptor when it is connected: this has to be in the namespace. */
    private static boolean connect(String to) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(to, 8080), 5000);
            return true;
        } catch (IOException e) {
            return false; // The guest does not answer: that it was asked is what counts.
        }
    }
}
