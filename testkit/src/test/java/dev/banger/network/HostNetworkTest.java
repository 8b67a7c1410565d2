package dev.banger.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.api.NetworkUsage;
import dev.banger.testkit.FakeFirewall;
import dev.banger.testkit.FakeLinks;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostNetworkTest {
    private static final HomeId HOME = HomeId.of(Path.of("/state"));
    private static final BridgeSettings BRIDGE = new BridgeSettings("bgr0", Ipv4Address.of("10.77.0.1"), 24);

    private final FakeLinks links = new FakeLinks();
    private final FakeFirewall firewall = new FakeFirewall();
    private final HostNetwork network = new HostNetwork(HOME, BRIDGE, links, firewall, 2);

    private static GuestPort port(String vm, Tap tap, int number, Egress egress) {
        return new GuestPort(
                vm,
                tap,
                new MacAddress("02:00:00:00:00:%02x".formatted(number)),
                Ipv4Address.of("10.77.0." + number),
                egress,
                List.of());
    }

    @Test
    void rulesAreThereBeforeTheTapIsUpAndUntilItIsDown() {
        network.open(List.of());
        GuestPort port = port("vm1", network.acquireTap(), 10, new Egress.Everything());

        network.plug(port);
        assertThat(links.calls.getLast()).isEqualTo("up " + port.tap().name());
        assertThat(firewall.there().orElseThrow().ports()).containsExactly(port);
        assertThat(firewall.there().orElseThrow().uplink()).contains("eth0");
        assertThat(links.forwarding()).isTrue();

        network.unplug("vm1");
        assertThat(links.calls.getLast()).isEqualTo("down " + port.tap().name());
        assertThat(firewall.there()).isEmpty();
    }

    @Test
    void aPlugThatFailsLeavesTheRulesOfTheOthers() {
        network.open(List.of());
        GuestPort one = port("vm1", network.acquireTap(), 10, new Egress.None());
        network.plug(one);
        firewall.failing = true;

        assertThatThrownBy(() -> network.plug(port("vm2", network.acquireTap(), 11, new Egress.None())))
                .isInstanceOf(BangerException.class);
        firewall.failing = false;

        assertThat(network.reconcile().clean()).isTrue();
        assertThat(firewall.there().orElseThrow().ports()).containsExactly(one);
    }

    @Test
    void twoVmsNeverShareAnAddressOrTap() {
        network.open(List.of());
        Tap tap = network.acquireTap();
        network.plug(port("vm1", tap, 10, new Egress.None()));

        for (GuestPort clash : List.of(
                port("vm2", network.acquireTap(), 10, new Egress.None()), port("vm2", tap, 11, new Egress.None()))) {
            assertThatThrownBy(() -> network.plug(clash))
                    .isInstanceOfSatisfying(
                            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));
        }
        assertThatThrownBy(() -> network.plug(new GuestPort(
                        "vm2",
                        network.acquireTap(),
                        new MacAddress("02:00:00:00:00:01"),
                        BRIDGE.address(),
                        new Egress.None(),
                        List.of())))
                .hasMessageContaining("no address for a guest");
    }

    @Test
    void aTapThatWasReplacedBehindOurBackIsNotPluggedIn() {
        network.open(List.of());
        Tap tap = network.acquireTap();
        links.remove(tap.name());
        links.add(tap.name(), "tun", HOME.tapMarker(0));

        assertThatThrownBy(() -> network.plug(port("vm1", tap, 10, new Egress.None())))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WRONG_STATE));
    }

    @Test
    void aTapThatIsDestroyedUnderAVmIsToldUntilTheVmIsRestarted() {
        network.open(List.of());
        GuestPort port = port("vm1", network.acquireTap(), 10, new Egress.None());
        network.plug(port);
        assertThat(network.doctor()).extracting(Check::status).containsExactly(Status.PASS);

        links.remove(port.tap().name());
        for (int i = 0; i < 2; i++) {
            network.reconcile();
            assertThat(network.doctor()).singleElement().satisfies(check -> {
                assertThat(check.status()).isEqualTo(Status.WARN);
                assertThat(check.toString()).contains(port.tap().name() + " is gone", "banger vm restart vm1");
            });
        }

        network.unplug("vm1");
        network.releaseTap(port.tap());
        network.plug(port("vm1", network.acquireTap(), 10, new Egress.None()));
        assertThat(network.doctor()).extracting(Check::status).containsExactly(Status.PASS);
    }

    @Test
    void indexesStartAboveAllThatAreInUse() {
        links.add(HOME.tapName(7), "tun", HOME.tapMarker(7));
        links.add(HOME.tapName(3), "tun", "somebody else's");
        network.open(List.of(port("vm1", new Tap(HOME.tapName(7), 2), 10, new Egress.None())));

        assertThat(network.acquireTap().name()).isEqualTo(HOME.tapName(8));
    }

    /** They may have had a VM, whose packets they have counted. */
    @Test
    void unusedTapsOfAPredecessorAreDeletedAndNobodyElses() {
        for (int i = 0; i < 2; i++) {
            links.add(HOME.tapName(i), "tun", HOME.tapMarker(i));
        }
        links.add("bgr0ther-1", "tun", "banger:0123456789abcdef:1");
        network.open(List.of());

        assertThat(links.calls).containsExactly("delete " + HOME.tapName(0), "delete " + HOME.tapName(1));
        assertThat(network.acquireTap().name()).isEqualTo(HOME.tapName(2));
    }

    @Test
    void aBatchThatFailsAsAWholeEndsTheWarmUp() {
        network.open(List.of());
        links.refused.addAll(List.of(HOME.tapName(0), HOME.tapName(1)));

        assertThatThrownBy(network::ensureTaps).isInstanceOf(BangerException.class);
        assertThat(links.calls).hasSize(2);

        links.refused.clear();
        network.ensureTaps();
        assertThat(network.acquireTap().name()).isEqualTo(HOME.tapName(2));
    }

    @Test
    void oneNameThatIsRefusedDoesNotStopTheOthers() {
        network.open(List.of());
        links.refused.add(HOME.tapName(0));

        network.ensureTaps();

        assertThat(network.acquireTap().name()).isEqualTo(HOME.tapName(1));
    }

    @Test
    void aTapHasOneVmInItsLife() {
        network.open(List.of());
        Tap tap = network.acquireTap();
        links.traffic.put(tap.name(), new NetworkUsage(100, 1, 200, 2));
        assertThat(network.traffic(tap)).contains(new NetworkUsage(100, 1, 200, 2));

        network.releaseTap(tap);
        network.releaseTap(tap);
        assertThat(links.calls).containsOnlyOnce("delete " + tap.name());
        assertThat(network.acquireTap()).isNotEqualTo(tap);

        Tap gone = network.acquireTap();
        links.remove(gone.name());
        links.add(gone.name(), "tun", "somebody else's");
        network.releaseTap(gone);
        assertThat(links.calls).doesNotContain("delete " + gone.name());
    }

    @Test
    void closingTriesEverything() {
        network.open(List.of());
        network.ensureTaps();
        firewall.failing = true;

        assertThatThrownBy(network::close).hasMessageContaining("refuses");
        assertThat(links.list()).isEmpty();
        network.close();
    }

    @Test
    void closingWithVmsLeavesWhatTheyNeed() {
        network.open(List.of());
        network.ensureTaps();
        GuestPort port = port("vm1", network.acquireTap(), 10, new Egress.None());
        network.plug(port);

        network.close();

        assertThat(links.list().stream().map(Links.Link::name))
                .containsExactly(BRIDGE.name(), port.tap().name());
        assertThat(firewall.there()).isPresent();
    }

    /** A daemon that takes up the bridge of a host that was switched off, and finds no VM at it, closes it and lives on. */
    @Test
    void whatIsClosedIsNotRepaired() {
        network.open(List.of());
        network.close();

        assertThat(network.reconcile().repaired()).isEmpty();
        assertThat(links.list()).isEmpty();
    }

    @Test
    void openingThatFailsLeavesNoBridge() {
        firewall.failing = true;
        GuestPort gone = port("vm1", new Tap(HOME.tapName(0), 9), 10, new Egress.None());

        assertThatThrownBy(() -> network.open(List.of(gone))).isInstanceOf(BangerException.class);
        assertThat(links.list()).isEmpty();
    }

    @Test
    void whatCannotBePutRightIsSaid() {
        network.open(List.of());
        network.plug(port("vm1", network.acquireTap(), 10, new Egress.Everything()));
        links.setRoutes(List.of());
        firewall.obstacles.add("somebody drops it all");

        assertThat(network.reconcile().degraded())
                .anyMatch(each -> each.contains("no default route"))
                .contains("somebody drops it all");
        assertThat(firewall.there().orElseThrow().uplink()).isEmpty();
        assertThat(network.doctor()).allMatch(check -> check.status() == Status.WARN);
    }

    @Test
    void doctorSaysWhatIsThereAndChangesNothing() {
        network.open(List.of());
        assertThat(network.doctor().getFirst().finding()).contains("bgr0 10.77.0.1/24", "uplink eth0");

        links.remove(BRIDGE.name());
        assertThat(network.doctor().getFirst().status()).isEqualTo(Status.WARN);
        assertThat(links.list()).isEmpty();
    }
}
