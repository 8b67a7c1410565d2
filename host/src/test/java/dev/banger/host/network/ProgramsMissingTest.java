package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.bridge.IpLinks;
import dev.banger.host.firewall.FirewallChoice;
import dev.banger.host.firewall.FirewallChoice.Wish;
import dev.banger.host.linux.NetworkLab;
import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.network.Egress;
import dev.banger.network.HostNetwork;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hosts on which programs are not installed. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ProgramsMissingTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int WEB = 9000;

    private final BridgedLab lab = new BridgedLab(Kind.NFTABLES);

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private FirewallChoice choice() {
        return new FirewallChoice(lab.lab.programs, lab.lab.prefix(), lab.lab::opened, Wish.AUTO);
    }

    @Test
    void withoutIpItIsNamedAndNothingIsMade() throws Exception {
        List<String> links = lab.lab.links();
        String rules = lab.lab.rules();

        lab.lab.lacking(List.of("ip"), () -> {
            HostNetwork network =
                    new HostNetwork(BridgedLab.HOME, BridgedLab.BRIDGE, new IpLinks(lab.lab.programs), lab.firewall, 2);
            assertThatThrownBy(() -> network.open(List.of()))
                    .isInstanceOfSatisfying(
                            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                    .hasMessageContaining("no program ip ")
                    .hasMessageContaining("apt-get install iproute2");
            return true;
        });

        assertThat(lab.lab.links()).isEqualTo(links);
        assertThat(lab.lab.rules()).isEqualTo(rules);
    }

    @Test
    void withoutNftIptablesDoesItAndLeavesNothing() throws Exception {
        lab.echo(lab.lab.internet(), WEB);
        String before = lab.lab.rules();
        HostNetwork network = new HostNetwork(BridgedLab.HOME, BridgedLab.BRIDGE, lab.links, choice(), 2);

        FakeGuest guest = lab.lab.lacking(List.of("nft"), () -> {
            network.open(List.of());
            assertThat(network.firewall()).isEqualTo("iptables");
            var port = BridgedLab.port("vm1", network.acquireTap(), 10, new Egress.Everything());
            network.plug(port);
            assertThat(network.reconcile().clean()).isTrue();
            return lab.at(port);
        });
        assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "by iptables", SOON))
                .isTrue();
        guest.close();
        lab.lab.lacking(List.of("nft"), () -> {
            network.unplug("vm1");
            network.releaseTap(guest.port.tap());
            network.close();
            return true;
        });

        assertThat(lab.lab.rules()).isEqualTo(before);
    }

    @Test
    void withoutAnyFirewallBothAreNamedWithWhatToInstall() throws Exception {
        List<String> reasons = lab.lab.lacking(List.of("nft", "iptables"), () -> choice().unusable());

        assertThat(reasons)
                .containsExactly(
                        "nftables: there is no program nft on this host; to have it: apt-get install nftables",
                        "iptables: there is no program iptables on this host; to have it: apt-get install iptables");
    }
}
