package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.bridge.IpLinks;
import dev.banger.host.firewall.FirewallChoice;
import dev.banger.host.firewall.FirewallChoice.Wish;
import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.network.Egress;
import dev.banger.network.HostNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Daemons of one home, each of which takes another firewall, while a VM runs. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class FirewallChangeTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int WEB = 9000;

    private final BridgedLab lab = new BridgedLab(Kind.NFTABLES);

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private HostNetwork daemon(FirewallChoice choice) {
        return new HostNetwork(
                BridgedLab.HOME,
                BridgedLab.BRIDGE,
                new IpLinks(lab.lab.programs, lab.lab.prefix(), lab.lab::kernel),
                choice,
                0);
    }

    private FirewallChoice choice(Wish wish) {
        return new FirewallChoice(lab.lab.programs, lab.lab.prefix(), lab.lab::opened, wish);
    }

    @Test
    void theRulesOfTheOtherOneGoAndTheVmKeepsItsNetwork() throws Exception {
        lab.lab.onHost("iptables-legacy", "-P", "FORWARD", "DROP"); // needs exceptions, whoever has the rules
        lab.echo(lab.lab.internet(), WEB);
        String before = lab.lab.rules();
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        String nftables = lab.lab.rules();

        HostNetwork second = daemon(choice(Wish.IPTABLES));
        second.open(List.of(guest.port));
        assertThat(second.firewall()).isEqualTo("iptables");
        assertThat(lab.lab.rules()).doesNotContain("table ip " + BridgedLab.HOME.prefix());
        assertThat(guest.hearsEcho("198.51.100.1", WEB, "iptables", SOON)).isTrue();
        assertThat(second.reconcile().clean()).isTrue();

        HostNetwork third = daemon(choice(Wish.AUTO));
        third.open(List.of(guest.port));
        assertThat(third.firewall()).isEqualTo("nftables");
        assertThat(lab.lab.rules()).isEqualTo(nftables);
        assertThat(guest.hearsEcho("198.51.100.1", WEB, "nftables", SOON)).isTrue();
        assertThat(third.reconcile().clean()).isTrue();

        third.unplug("vm1");
        assertThat(lab.lab.rules()).isEqualTo(before);
    }

    @Test
    void withoutPermissionBothReasonsAreTold() {
        List<String> nobody = new ArrayList<>(lab.lab.prefix());
        nobody.addAll(List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"));

        assertThat(new FirewallChoice(lab.lab.programs, nobody, lab.lab::opened, Wish.AUTO).unusable())
                .satisfiesExactly(
                        one -> assertThat(one).contains("nftables: nft cannot be used"),
                        other -> assertThat(other).contains("iptables: iptables cannot be used", "Permission denied"));
    }
}
