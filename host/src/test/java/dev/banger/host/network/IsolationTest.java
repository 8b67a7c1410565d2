package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.linux.NetworkLab;
import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.host.network.HostileFrames.Probe;
import dev.banger.network.Egress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest that does what it should not: nothing of it arrives anywhere. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class IsolationTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration BRIEF = Duration.ofSeconds(1);
    private static final int RESENT = 5;

    private final BridgedLab lab = new BridgedLab(kind());
    private final List<UdpEcho> services = new ArrayList<>();
    private FakeGuest attacker;
    private FakeGuest victim;
    private ServerSocket daemon;
    private int rounds;

    /** What makes the rules; subclasses have others. */
    Kind kind() {
        return Kind.NFTABLES;
    }

    @BeforeEach
    void plugIn() throws Exception {
        lab.network.open(List.of());
        attacker = lab.guest("attacker", 10, new Egress.Everything());
        victim = lab.guest("victim", 11, new Egress.Everything());
        String host = lab.lab.host();
        for (int port : new int[] {53, 67, 68, HostileFrames.SERVICE, 5353}) {
            services.add(lab.echo(host, port));
        }
        services.add(lab.echo(lab.lab.internet(), HostileFrames.SERVICE));
        services.add(lab.echo(lab.lab.neighbour(), HostileFrames.SERVICE));
        daemon = lab.lab.within(host, () -> new ServerSocket(HostileFrames.SERVICE));
        // Both are known to the host before, so that its neighbours change by nothing that is honest.
        hearDns(attacker);
        hearDns(victim);
    }

    @AfterEach
    void close() throws Exception {
        daemon.close();
        lab.close();
    }

    private void hearDns(FakeGuest guest) {
        assertThat(guest.hearsEcho(HostileFrames.GATEWAY, 53, "dns-" + rounds++ + ".", SOON))
                .as("what is allowed arrives")
                .isTrue();
    }

    private List<String> hostState() {
        List<String> state = new ArrayList<>();
        state.add(lab.lab.onHost("ip", "route", "show", "table", "all"));
        state.add(lab.lab.onHost("ip", "-6", "route", "show", "table", "all"));
        // Whom the host knows by which address; how sure it is of that changes by itself.
        lab.lab
                .onHost("ip", "neigh", "show", "dev", BridgedLab.BRIDGE.name())
                .lines()
                .map(line -> line.replaceAll(" [A-Z]+ *$", ""))
                .sorted()
                .forEach(state::add);
        return state;
    }

    /** Sends each probe, waits until honest packets behind it have been answered, and says what left a trace, and which. */
    private List<String> arriving(List<Probe> probes) {
        List<String> arrived = new ArrayList<>();
        for (Probe probe : probes) {
            attacker.taken();
            victim.taken();
            services.forEach(service -> service.heard().clear());
            List<String> before = hostState();
            attacker.send(probe.frame());
            hearDns(attacker);
            hearDns(victim);
            trace(before).ifPresent(what -> arrived.add(probe.name() + ": " + what));
        }
        return arrived;
    }

    private Optional<String> trace(List<String> before) {
        if (services.stream().anyMatch(service -> service.heard("hostile-"))) {
            return Optional.of("heard by a service");
        }
        for (FakeGuest guest : List.of(attacker, victim)) {
            Optional<byte[]> odd =
                    guest.taken().stream().filter(frame -> !isHonest(frame)).findFirst();
            if (odd.isPresent()) {
                return Optional.of(guest.port.vmId() + " got " + HexFormat.of().formatHex(odd.get()));
            }
        }
        List<String> after = hostState();
        return after.equals(before)
                ? Optional.empty()
                : Optional.of("the host changed from " + before + " to " + after);
    }

    /** The host's answers to DNS, and its ARP. */
    private static boolean isHonest(byte[] frame) {
        boolean fromBridge =
                Frames.containsBytes(Arrays.copyOfRange(frame, 6, 12), Frames.mac(HostileFrames.GATEWAY_MAC));
        return fromBridge && (Frames.contains(frame, "dns-") || Frames.type(frame) == Frames.ARP && isOwnArp(frame));
    }

    /** The bridge asks for one of the two, or tells its own address. */
    private static boolean isOwnArp(byte[] frame) {
        return Frames.containsBytes(Arrays.copyOfRange(frame, 28, 32), Frames.ip(HostileFrames.GATEWAY));
    }

    @Test
    void nothingHostileArrivesAnywhere() {
        List<Probe> probes = HostileFrames.all();
        assertThat(probes).hasSizeGreaterThanOrEqualTo(40);

        assertThat(arriving(probes)).isEmpty();
        assertThat(attacker.hearsEcho(NetworkLab.INTERNET, HostileFrames.SERVICE, "still-there", SOON))
                .isTrue();
    }

    @Test
    void nothingHostileArrivesAfterSomebodyFlushedAllRulesAndTheyWereRepaired() {
        lab.flush();
        assertThat(lab.network.reconcile().repaired()).contains("firewall rules");
        assertThat(lab.network.reconcile().clean()).isTrue();

        assertThat(arriving(HostileFrames.all())).isEmpty();
    }

    /** What the probes can show at all: without rules and isolation many of them do arrive. */
    @Test
    void withoutRulesHostileFramesDoArrive() {
        lab.flush();
        for (FakeGuest guest : List.of(attacker, victim)) {
            lab.lab.onHost("bridge", "link", "set", "dev", guest.port.tap().name(), "isolated", "off");
        }
        Set<String> wanted = Set.of(
                "to the victim, bridged",
                "to the victim, routed",
                "to a service at the gateway",
                "ARP: the gateway is here, to the victim",
                "DHCP offer to all",
                "VLAN 5, to the victim",
                "the victim's MAC and address");
        Set<String> arrived = new HashSet<>();
        HostileFrames.all().stream().filter(this::arrives).forEach(probe -> arrived.add(probe.name()));
        // On a busy machine one may be looked for before its receiver has got to it.
        for (int i = 0; i < RESENT && !arrived.containsAll(wanted); i++) {
            HostileFrames.all().stream()
                    .filter(probe -> wanted.contains(probe.name()) && !arrived.contains(probe.name()))
                    .filter(this::arrives)
                    .forEach(probe -> arrived.add(probe.name()));
        }

        assertThat(arrived).hasSizeGreaterThan(25).containsAll(wanted);
    }

    private boolean arrives(Probe probe) {
        // The one before may have turned the host's answers to somebody else.
        lab.lab.onHost("ip", "neigh", "flush", "dev", BridgedLab.BRIDGE.name());
        for (FakeGuest guest : List.of(victim, attacker)) {
            guest.hearsEcho(HostileFrames.GATEWAY, 53, "dns-" + rounds++ + ".", BRIEF);
        }
        attacker.taken();
        victim.taken();
        services.forEach(service -> service.heard().clear());
        List<String> before = hostState();
        attacker.send(probe.frame());
        attacker.hearsEcho(HostileFrames.GATEWAY, 53, "dns-" + rounds++ + ".", BRIEF);
        return trace(before).isPresent();
    }

    @Test
    void aTapWithoutAPlugPassesNothing() throws Exception {
        lab.network.unplug("attacker");

        attacker.taken();
        attacker.sendUdp(HostileFrames.GATEWAY, 53, "unplugged-1");
        attacker.sendUdp(NetworkLab.INTERNET, HostileFrames.SERVICE, "unplugged-2");
        attacker.send(Frames.ethernet(
                HostileFrames.VICTIM_MAC,
                attacker.mac(),
                Frames.IPV4,
                Frames.ipv4(attacker.ip(), victim.ip(), Frames.UDP, Frames.udp(1, 2, "unplugged-3"))));
        hearDns(victim);

        assertThat(services).noneMatch(service -> service.heard("unplugged"));
        assertThat(victim.taken()).noneMatch(frame -> Frames.contains(frame, "unplugged"));
    }
}
