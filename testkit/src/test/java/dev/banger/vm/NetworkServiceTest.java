package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.BridgeServices;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Cidr;
import dev.banger.network.HomeId;
import dev.banger.network.HostNetwork;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NamedNetwork;
import dev.banger.network.Route;
import dev.banger.operation.Lack;
import dev.banger.testkit.FakeFirewall;
import dev.banger.testkit.FakeLinks;
import dev.banger.testkit.MemoryNetworkStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkServiceTest {
    @TempDir
    Path directory;

    private final FakeLinks links = new FakeLinks();
    private final MemoryNetworkStore store = new MemoryNetworkStore();
    private final List<Lack> missing = new ArrayList<>();
    private final List<String> unmade = new ArrayList<>();
    private final BridgedNetwork common =
            bridged("bridge", new BridgeSettings("bgr0", Ipv4Address.of("10.130.0.1"), 24));
    private Networks networks = new Networks(List.of(common));
    private NetworkService service = service();

    private NetworkService service() {
        return new NetworkService(store, networks, links, new NetworkService.Factory() {
            @Override
            public BridgedNetwork make(NamedNetwork network) {
                return bridged(network.name(), network.settings("bgr-" + network.name()));
            }

            @Override
            public void unmake(BridgedNetwork network) {
                unmade.add(network.name());
            }

            @Override
            public Cidr firstChoice(String name) {
                return Cidr.of("10.130.0.0/24");
            }
        });
    }

    private BridgedNetwork bridged(String name, BridgeSettings bridge) {
        return new BridgedNetwork(
                name,
                new HostNetwork(HomeId.of(Path.of(name)), bridge, links, new FakeFirewall(), 0),
                bridge,
                Path.of("/nowhere"),
                () -> missing,
                new BridgeServices() {
                    @Override
                    public void opened(Answers answers) {}

                    @Override
                    public void repaired() {}

                    @Override
                    public void closed() {}
                });
    }

    private static BridgeSettings bridge(Network network) {
        return network.bridge().orElseThrow();
    }

    @Test
    void aNetworkTakesASubnetThatNothingUses() {
        links.setRoutes(List.of(new Route("unicast", Cidr.of("10.130.1.0/24"), "eth1", 0, List.of())));

        BridgeSettings one = bridge(service.create("one", null));
        BridgeSettings other = bridge(service.create("other", null));

        assertThat(one.subnet()).hasToString("10.130.2.0/24");
        assertThat(one.address()).hasToString("10.130.2.1");
        assertThat(one.peers()).isTrue();
        assertThat(other.subnet()).hasToString("10.130.3.0/24");
        assertThat(links.calls)
                .as("nothing is made on the host before a VM starts")
                .isEmpty();
    }

    @Test
    void networksOutliveTheDaemonAndVmsFindThem() {
        service.create("backend", "10.20.0.0/24");
        service.close();

        networks = new Networks(List.of(common));
        service = service();

        assertThat(networks.named("backend").bridge().map(BridgeSettings::subnet))
                .contains(Cidr.of("10.20.0.0/24"));
        assertThat(service.all()).extracting(Network::name).containsExactly("bridge", "backend");
    }

    @ParameterizedTest
    @CsvSource({
        "10.20.0.0/24, 10.20.0.1",
        "10.20.0.9/24, 10.20.0.9",
        "172.20.0.0/16, 172.20.0.1",
    })
    void anAddressInTheSubnetIsTheBridges(String asked, String address) {
        assertThat(bridge(service.create("one", asked)).address()).hasToString(address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.20.0.0", "10.20.0.0/30", "10.20.0.0/4", "10.20.0.255/24", "x/24", "10.20.0.0/2x"})
    void whatIsNoSubnetForABridgeIsRefused(String subnet) {
        assertThatThrownBy(() -> service.create("one", subnet))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
        assertThat(store.networks()).isEmpty();
        assertThat(service.all()).containsExactly(common);
    }

    @Test
    void whatIsTakenIsRefusedWithWhatIsFree() {
        service.create("one", "10.20.0.0/24");
        links.setRoutes(List.of(new Route("unicast", Cidr.of("10.40.0.0/16"), "eth1", 0, List.of())));

        assertThatThrownBy(() -> service.create("one", null)).hasMessageContaining("a network one already");
        assertThatThrownBy(() -> service.create("bridge", null)).hasMessageContaining("a network bridge already");
        assertThatThrownBy(() -> service.create("other", "10.20.0.128/25"))
                .hasMessage("the subnet 10.20.0.128/25 overlaps that of the network one; 10.130.1.0/24 is free");
        assertThatThrownBy(() -> service.create("other", "10.40.9.0/24"))
                .hasMessageContaining("the host's route to 10.40.0.0/16");
        assertThatThrownBy(() -> service.create("Bad name", null)).hasMessageContaining("cannot be a name");
    }

    @Test
    void aHostWithoutBridgesHasNone() {
        missing.add(new Lack("it needs root", "", Lack.NO_REMEDY));
        assertThatThrownBy(() -> service.create("one", null)).hasMessageContaining("it needs root");
        assertThatThrownBy(() -> service.create("one", "10.20.0.0/24")).hasMessageContaining("it needs root");
        assertThat(store.networks()).isEmpty();
    }

    @Test
    void onlyAnUnusedOneThatWasMadeIsDeleted() {
        service.create("one", null);

        assertThatThrownBy(() -> service.delete("one", (network, work) -> {
                    throw new BangerException(ErrorCode.IN_USE, "in use by dev");
                }))
                .hasMessage("in use by dev");
        assertThat(networks.named("one")).isNotNull();

        service.delete("one", (network, work) -> work.run());
        assertThat(unmade).containsExactly("one");
        assertThat(store.networks()).isEmpty();
        assertThatThrownBy(() -> networks.named("one")).hasMessageContaining("banger network create one");
        assertThatThrownBy(() -> service.delete("one", (network, work) -> work.run()))
                .hasMessageContaining("no network one");
        assertThatThrownBy(() -> service.delete("bridge", (network, work) -> work.run()))
                .hasMessageContaining("always there");
    }
}
