package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.GuestPort;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is particular to rules of iptables and ebtables, which share their chains with others. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class IptablesFirewallTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(600);

    private final BridgedLab lab = new BridgedLab(kind());

    /** What makes the rules; subclasses have others. */
    Kind kind() {
        return Kind.IPTABLES_NFT;
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    @Test
    void aRuleOfSomebodyElsesAboveOursDoesNotComeBeforeThem() throws Exception {
        lab.lab.onHost(lab.kind.program(), "-A", "FORWARD", "-s", "203.0.113.1", "-j", "ACCEPT");
        String before = lab.lab.rules();
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        String rules = lab.lab.rules();
        for (String chain : List.of("INPUT", "FORWARD")) {
            lab.lab.onHost(lab.kind.program(), "-I", chain, "-i", "bgr+", "-j", "ACCEPT");
        }

        assertThat(lab.network.reconcile().repaired()).contains("firewall rules");
        assertThat(lab.network.reconcile().clean()).isTrue();
        for (String chain : List.of("INPUT", "FORWARD")) {
            assertThat(lab.lab
                            .onHost(lab.kind.program(), "-S", chain)
                            .lines()
                            .toList()
                            .get(1))
                    .contains("-j " + BridgedLab.HOME.prefix());
            lab.lab.onHost(lab.kind.program(), "-D", chain, "-i", "bgr+", "-j", "ACCEPT");
        }
        assertThat(lab.lab.rules()).isEqualTo(rules);
        guest.close();
        lab.network.unplug("vm1");
        lab.network.releaseTap(guest.port.tap());
        lab.network.close();
        assertThat(lab.lab.rules()).isEqualTo(before);
    }

    /** What is allowed goes on to the rules of others: a refusal of theirs holds for guests as well. */
    @Test
    void whatSomebodyElseForbidsStaysForbidden() throws Exception {
        UdpEcho internet = lab.echo(lab.lab.internet(), 9000);
        lab.lab.onHost(lab.kind.program(), "-A", "FORWARD", "-p", "udp", "--dport", "9001", "-j", "DROP");
        UdpEcho forbidden = lab.echo(lab.lab.internet(), 9001);
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());

        assertThat(guest.hearsEcho("198.51.100.1", 9001, "no", SHORT)).isFalse();
        assertThat(guest.hearsEcho("198.51.100.1", 9000, "yes", SOON)).isTrue();
        assertThat(forbidden.heard()).isEmpty();
        assertThat(internet.heard("yes")).isTrue();
    }

    @Test
    void countsGoOnWhenRulesOfOthersComeAndAreOfOneVm() throws Exception {
        Egress nothing = new Egress.Only(List.of(new Egress.Destination(Cidr.of("203.0.113.0/24"), 0)));
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("a.vm", 10, nothing);
        guest.hearsEcho("198.51.100.1", 9000, "denied", SHORT);
        long before = lab.network.denied().get("a.vm");
        assertThat(before).isPositive();

        FakeGuest other = lab.guest("b.vm", 11, nothing);
        assertThat(lab.network.denied()).containsEntry("a.vm", before).containsEntry("b.vm", 0L);
        other.close();
        lab.network.unplug("b.vm");
        GuestPort reused = BridgedLab.port("c.vm", other.port.tap(), 12, nothing);
        lab.network.plug(reused);
        assertThat(lab.network.denied()).containsEntry("a.vm", before).containsEntry("c.vm", 0L);
    }
}
