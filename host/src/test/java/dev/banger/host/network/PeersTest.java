package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.linux.NetworkLab;
import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.network.Egress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A network whose guests see each other: they do, as who they are, and nothing more is open than that. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class PeersTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final BridgedLab lab = BridgedLab.ofPeers(kind());
    private FakeGuest one;
    private FakeGuest other;

    /** What makes the rules; subclasses have others. */
    Kind kind() {
        return Kind.NFTABLES;
    }

    @BeforeEach
    void plugIn() throws Exception {
        lab.network.open(List.of());
        lab.echo(lab.lab.host(), 53);
        one = lab.guest("one", 10, new Egress.None());
        other = lab.guest("other", 11, new Egress.None());
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private byte[] toOther(String fromMac, String fromIp, String payload) {
        return Frames.ethernet(
                other.mac(),
                fromMac,
                Frames.IPV4,
                Frames.ipv4(fromIp, other.ip(), Frames.UDP, Frames.udp(1000, 2000, payload)));
    }

    private byte[] whoHas(String fromMac, String fromIp) {
        return Frames.ethernet(
                Frames.BROADCAST,
                fromMac,
                Frames.ARP,
                Frames.arp(Frames.REQUEST, fromMac, fromIp, "00:00:00:00:00:00", other.ip()));
    }

    /** Sent more than once: a bridge drops what comes before it has noticed that both ends of a tap are there. */
    private boolean arrives(byte[] frame, String payload) {
        for (int i = 0; i < 10; i++) {
            one.send(frame);
            if (other.await(each -> Frames.contains(each, payload), Duration.ofSeconds(2))
                    .isPresent()) {
                return true;
            }
        }
        return false;
    }

    @Test
    void guestsReachEachOtherAlsoAfterRepair() {
        assertThat(arrives(toOther(one.mac(), one.ip(), "hello-1"), "hello-1")).isTrue();
        one.send(whoHas(one.mac(), one.ip()));
        assertThat(other.await(frame -> Frames.type(frame) == Frames.ARP, SOON)).isPresent();

        lab.flush();
        lab.lab.onHost("bridge", "link", "set", "dev", one.port.tap().name(), "isolated", "on");
        assertThat(lab.network.reconcile().repaired()).hasSize(2);
        assertThat(lab.network.reconcile().clean()).isTrue();
        assertThat(arrives(toOther(one.mac(), one.ip(), "hello-2"), "hello-2")).isTrue();
    }

    @Test
    void nobodyIsSomebodyElse() {
        String mac = HostileFrames.GATEWAY_MAC;
        assertThat(arrives(toOther(one.mac(), one.ip(), "first"), "first")).isTrue();
        one.send(toOther(mac, one.ip(), "spoofed-mac"));
        one.send(toOther(one.mac(), HostileFrames.GATEWAY, "spoofed-gateway"));
        one.send(toOther(one.mac(), "10.77.0.99", "spoofed-address"));
        one.send(whoHas(one.mac(), HostileFrames.GATEWAY));
        one.send(whoHas(mac, one.ip()));
        one.send(Frames.ethernet(
                "01:00:5e:00:00:fb",
                one.mac(),
                Frames.IPV4,
                Frames.ipv4(one.ip(), "224.0.0.251", Frames.UDP, Frames.udp(5353, 5353, "multicast"))));
        // Behind them, in order, one that is honest.
        assertThat(arrives(toOther(one.mac(), one.ip(), "honest"), "honest")).isTrue();
        assertThat(other.taken()).noneMatch(frame -> Frames.type(frame) == Frames.ARP);
        assertThat(other.taken())
                .noneMatch(frame -> Frames.contains(frame, "spoofed") || Frames.contains(frame, "multicast"));
    }

    @Test
    void hostAndWorldAreAsFarAsFromAnyGuest() throws Exception {
        UdpEcho service = lab.echo(lab.lab.host(), HostileFrames.SERVICE);
        UdpEcho world = lab.echo(lab.lab.internet(), HostileFrames.SERVICE);

        one.sendUdp(HostileFrames.GATEWAY, HostileFrames.SERVICE, "to-host");
        one.sendUdp(NetworkLab.INTERNET, HostileFrames.SERVICE, "to-world");
        assertThat(one.hearsEcho(HostileFrames.GATEWAY, 53, "dns", SOON)).isTrue();

        assertThat(service.heard("to-host")).isFalse();
        assertThat(world.heard("to-world")).isFalse();
    }

    /** With br_netfilter, which container engines load, frames between peers pass the ip tables, where others may drop them. */
    @Test
    void aFilterOfSomebodyElsesThatDropsIsPassed() {
        lab.lab.onHost("nft", "add table inet other");
        lab.lab.onHost("nft", "add chain inet other forward { type filter hook forward priority 0; policy drop; }");
        assertThat(lab.network.reconcile().degraded()).isEmpty();
        lab.lab.onHost("sh", "-c", "echo 1 > /sys/class/net/" + BridgedLab.BRIDGE.name() + "/bridge/nf_call_iptables");

        assertThat(arrives(toOther(one.mac(), one.ip(), "hello"), "hello")).isTrue();

        assertThat(lab.lab.onHost("nft", "list", "table", "inet", "other")).contains("oifname \"bgrlab\" accept");
        lab.network.unplug("one");
        lab.network.unplug("other");
        assertThat(lab.lab.onHost("nft", "list", "table", "inet", "other")).doesNotContain("banger");
    }
}
