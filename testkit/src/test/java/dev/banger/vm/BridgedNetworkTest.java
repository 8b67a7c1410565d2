package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.NatStatus;
import dev.banger.api.PinnedAddress;
import dev.banger.network.BridgeServices;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Egress;
import dev.banger.network.GuestPort;
import dev.banger.network.HomeId;
import dev.banger.network.HostNetwork;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Links;
import dev.banger.network.Rules;
import dev.banger.network.Tap;
import dev.banger.operation.Lack;
import dev.banger.testkit.FakeFirewall;
import dev.banger.testkit.FakeLinks;
import dev.banger.testkit.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BridgedNetworkTest {
    private static final BridgeSettings BRIDGE = new BridgeSettings("bgr0", Ipv4Address.of("10.77.0.1"), 29);

    @TempDir
    Path directory;

    private final FakeLinks links = new FakeLinks();
    private final FakeFirewall firewall = new FakeFirewall();
    private final List<Lack> missing = new ArrayList<>();
    private final Services services = new Services();
    private BridgedNetwork network;

    private static final class Services implements BridgeServices {
        final List<String> calls = new ArrayList<>();
        Answers answers = (guest, name, addresses, ttl) -> CompletableFuture.completedStage(null);

        @Override
        public void opened(Answers hearing) {
            calls.add("opened");
            answers = hearing;
        }

        @Override
        public void repaired() {
            calls.add("repaired");
        }

        @Override
        public void closed() {
            calls.add("closed");
        }
    }

    /** What the guest is told, and then its rules. */
    private CompletableFuture<?> told(String name, String... addresses) {
        return services.answers
                .answered(
                        Ipv4Address.of("10.77.0.2"),
                        name,
                        Stream.of(addresses).map(Ipv4Address::of).toList(),
                        Duration.ofSeconds(60))
                .toCompletableFuture()
                .orTimeout(60, TimeUnit.SECONDS);
    }

    @BeforeEach
    void aNetwork() {
        network = another();
    }

    /** As the next daemon has it. */
    private BridgedNetwork another() {
        return new BridgedNetwork(
                "bridge",
                new HostNetwork(HomeId.of(Path.of("/state")), BRIDGE, links, firewall, 0),
                BRIDGE,
                directory.resolve("bridge"),
                () -> missing,
                services);
    }

    @AfterEach
    void close() {
        network.close();
    }

    private static VmSpec spec(boolean nat, List<String> allowed) {
        VmSpec old = Records.vm("dev", 2).spec();
        return new VmSpec(
                old.image(),
                old.imageDigest(),
                old.kernel(),
                1,
                512,
                old.workDiskBytes(),
                null,
                "bridge",
                List.of(),
                false,
                0,
                nat,
                allowed,
                10_000_000,
                false,
                null,
                null);
    }

    private static VmRecord vm(boolean nat, String... allowed) {
        VmRecord vm = Records.vm("dev", 2);
        VmRuntime old = vm.runtime();
        return vm.with(spec(nat, List.of(allowed)))
                .with(VmRuntime.in(vm.directory(), "dev", "10.77.0.2/29", "10.77.0.2", old.mac(), old.machineId()));
    }

    private Vmm.Attachment attach(VmRecord vm) {
        Vmm.Attachment attachment = network.attach(vm);
        network.awaitAttached(vm);
        return attachment;
    }

    private Egress egress() {
        return firewall.there()
                .map(Rules::ports)
                .map(List::getFirst)
                .map(GuestPort::egress)
                .orElseThrow();
    }

    @Test
    void nothingIsMadeBeforeAVmAsksAndNothingIsLeftAfterTheLast() {
        assertThat(links.list()).extracting(Links.Link::name).doesNotContain("bgr0");
        assertThat(directory).isEmptyDirectory();

        VmRecord vm = vm(false);
        assertThat(attach(vm).tap()).isNotNull();
        assertThat(directory.resolve("bridge")).exists();
        assertThat(egress()).isEqualTo(new Egress.None());
        assertThat(firewall.there().orElseThrow().ports())
                .extracting(GuestPort::rate)
                .containsExactly(10_000_000L);
        network.change(vm.with(spec(true, List.of())));
        assertThat(egress()).isEqualTo(new Egress.Everything());

        network.release(vm);
        network.release(vm);
        assertThat(firewall.there()).isEmpty();
        network.close();
        assertThat(links.list()).extracting(Links.Link::name).doesNotContain("bgr0");
        assertThat(directory).isEmptyDirectory();
        assertThat(services.calls).containsExactly("opened", "closed");
    }

    @Test
    void aPreparedVmKeepsItsTapAndPassesNothingBeforeItIsAttached() {
        VmRecord vm = vm(true);
        Tap prepared = Objects.requireNonNull(network.prepare(vm).tap());
        assertThat(firewall.there()).isEmpty();
        assertThat(links.calls).doesNotContain("up " + prepared.name());

        assertThat(attach(vm).tap()).isEqualTo(prepared);
        assertThat(links.calls).contains("up " + prepared.name());
        network.release(vm);

        VmRecord other = vm(false);
        network.prepare(other);
        network.release(other);
        network.close();
        assertThat(links.list()).extracting(Links.Link::name).doesNotContain("bgr0");
    }

    @Test
    void theNextDaemonTakesUpWhatRunsAndRemovesTheRest() throws IOException {
        VmRecord vm = vm(true);
        Vmm.Attachment attachment = attach(vm);
        VmRecord running = vm.with(vm.runtime().running(Instant.now(), attachment, List.of(), "boot"));
        firewall.flush();
        Files.delete(directory.resolve("bridge")); // whoever tidied up there: what runs is protected all the same

        BridgedNetwork next = another();
        next.takeUp(List.of(running));
        assertThat(egress()).isEqualTo(new Egress.Everything());
        next.close();
        assertThat(directory.resolve("bridge")).as("it runs on").exists();
        assertThat(firewall.there()).isPresent();

        another().takeUp(List.of());
        assertThat(firewall.there()).isEmpty();
        assertThat(links.list()).extracting(Links.Link::name).doesNotContain("bgr0");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aPlugThatFailsIsToldAndUndone() {
        VmRecord vm = vm(false);
        firewall.failing = true;
        network.attach(vm);

        assertThatThrownBy(() -> network.awaitAttached(vm)).isInstanceOf(BangerException.class);
        firewall.failing = false;
        network.release(vm);

        assertThat(firewall.there()).isEmpty();
        assertThat(attach(vm).tap()).as("again").isNotNull();
    }

    @Test
    void everyVmHasAnAddressOfItsOwnUntilThereIsNone() {
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            Network.Addresses given = network.addresses(Set.of(), taken);
            assertThat(given.guestIp()).isEqualTo(given.hostAddress() + "/29");
            assertThat(taken.add(given.hostAddress())).isTrue();
        }
        assertThat(taken).doesNotContain("10.77.0.0", "10.77.0.1", "10.77.0.7");
        assertThatThrownBy(() -> network.addresses(Set.of(), taken)).hasMessageContaining("10.77.0.0/29");
    }

    @Test
    void whatAHostLacksIsSaid() {
        missing.add(new Lack("nft is not installed", "", Lack.NO_REMEDY));

        assertThatThrownBy(() -> network.attach(vm(false))).hasMessageContaining("nft is not installed");
        assertThat(network.doctor())
                .first()
                .satisfies(row -> assertThat(row.finding()).contains("nft"));
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatItMayReachIsRead() {
        attach(vm(true, "192.0.2.0/24:443", "198.51.100.7"));

        assertThat(egress())
                .hasToString("Only[destinations=[Destination[addresses=192.0.2.0/24, port=443],"
                        + " Destination[addresses=198.51.100.7/32, port=0]]]");
    }

    @Test
    void aNameIsReachedWhereTheGuestWasToldThatItIs() throws Exception {
        VmRecord vm = vm(true, "192.0.2.0/24:443", "Example.org.:80", "*.example.org");
        attach(vm);
        assertThat(egress()).hasToString("Only[destinations=[Destination[addresses=192.0.2.0/24, port=443]]]");

        told("example.org", "198.51.100.7").get();
        told("a.b.example.org", "198.51.100.8").get();
        told("notexample.org", "198.51.100.9").get();
        told("example.org.evil.test", "198.51.100.9").get();

        assertThat(egress())
                .hasToString("Only[destinations=[Destination[addresses=192.0.2.0/24, port=443],"
                        + " Destination[addresses=198.51.100.8/32, port=0],"
                        + " Destination[addresses=198.51.100.7/32, port=80]]]");
        assertThat(network.pinned(vm))
                .containsExactly(
                        new PinnedAddress("a.b.example.org", "198.51.100.8"),
                        new PinnedAddress("example.org", "198.51.100.7"));

        network.change(vm.with(spec(true, List.of("*.example.org"))));
        assertThat(egress())
                .as("what is still allowed stays")
                .hasToString("Only[destinations=[Destination[addresses=198.51.100.8/32, port=0]]]");
        network.change(vm.with(spec(false, List.of())));
        assertThat(told("a.b.example.org", "198.51.100.8")).isCompleted();
        assertThat(egress()).isEqualTo(new Egress.None());
        assertThat(network.pinned(vm)).isEmpty();
    }

    @Test
    void whetherNatIsThereIsSaid() {
        VmRecord vm = vm(true);
        assertThat(network.natStatus(vm)).isEqualTo(new NatStatus(vm.id(), "dev", true, "eth0", false));
        attach(vm);
        assertThat(network.natStatus(vm)).isEqualTo(new NatStatus(vm.id(), "dev", true, "eth0", true));
        firewall.flush();
        assertThat(network.natStatus(vm).rulesInPlace()).isFalse();
        links.setRoutes(List.of());
        assertThat(network.natStatus(vm).uplink()).isNull();
    }

    @Test
    void whatANameCannotBeMadeReachableIsNotAnswered() throws Exception {
        attach(vm(true, "example.org"));
        firewall.failing = true;
        assertThat(told("example.org", "198.51.100.7")).failsWithin(Duration.ofSeconds(60));
        firewall.failing = false;

        told("example.org", "198.51.100.7").get();

        assertThat(egress()).hasToString("Only[destinations=[Destination[addresses=198.51.100.7/32, port=0]]]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1.2.3",
                "1.2.3.4:0",
                "1.2.3.4:65536",
                "1.2.3.4/33",
                "::1",
                "1.2.3.4;x",
                "example",
                "*",
                "a.*.example.org",
                "*example.org",
                "example.org:http",
                "example.org:",
                "example..org",
                "-a.example.org",
                "example.org/24",
                "b\u00fccher.example",
                "dev.vm",
                "*.vm"
            })
    void whatIsNoDestinationIsRefused(String text) {
        assertThatThrownBy(() -> network.check(spec(true, List.of(text)))).isInstanceOf(BangerException.class);
    }
}
