package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.PinnedAddress;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Ipv4Address;
import dev.banger.testkit.Records;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NamePinsTest {
    private static final Ipv4Address GUEST = Ipv4Address.of("203.0.113.2");
    private static final Duration SHORT = Duration.ofSeconds(5);

    private volatile Instant now = Instant.parse("2026-11-24T10:00:00Z");
    private final List<String> changed = new CopyOnWriteArrayList<>();
    /** Changes of rules wait for it. */
    private volatile CountDownLatch gate = new CountDownLatch(0);

    @TempDir
    private Path directory;

    @SuppressWarnings("NullAway.Init")
    private NamePins pins;

    private final VmRecord vm = vm(GUEST);

    private NamePins another() {
        return new NamePins(Cidr.of("203.0.113.0/24"), new PinFile(directory.resolve("pins")), this::change, () -> now);
    }

    private void change(String vmId) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            return; // it is closed
        }
        changed.add(vmId);
    }

    private static VmRecord vm(Ipv4Address address) {
        VmRecord vm = Records.vm("dev", 2);
        VmRuntime old = vm.runtime();
        return vm.with(
                VmRuntime.in(vm.directory(), "dev", address + "/24", address.toString(), old.mac(), old.machineId()));
    }

    private static NetworkPolicy policy(String name) {
        return new NetworkPolicy(true, List.of(), List.of(new NetworkPolicy.NamedDestination(name, true, 0)));
    }

    @BeforeEach
    void aPolicy() {
        pins = another();
        pins.begin(vm, policy("example.org"));
    }

    @AfterEach
    void close() {
        pins.close();
    }

    private CompletableFuture<?> told(Ipv4Address guest, String name, Duration ttl, String... addresses) {
        CompletionStage<?> stage = pins.answered(
                guest, name, Stream.of(addresses).map(Ipv4Address::of).toList(), ttl);
        return stage.toCompletableFuture();
    }

    private CompletableFuture<?> told(String name, String... addresses) {
        return told(GUEST, name, SHORT, addresses);
    }

    private List<String> addresses() {
        return pins.pinned(vm.id()).stream().map(PinnedAddress::address).toList();
    }

    @Test
    void theRulesAreThereBeforeTheAnswerAndOnlyForWhatIsNew() throws Exception {
        gate = new CountDownLatch(1);
        CompletableFuture<?> first = told("a.example.org", "198.51.100.1");
        CompletableFuture<?> again = told("a.example.org", "198.51.100.1");
        assertThat(first).isNotDone();
        assertThat(again).as("its rules are not there either").isNotDone();
        gate.countDown();
        first.get();
        again.get();

        assertThat(told("a.example.org", "198.51.100.1")).isCompleted();
        assertThat(changed).hasSize(1);
    }

    @Test
    void namesThatNobodyAllowsCostNothing() {
        assertThat(told("example.com", "198.51.100.1")).isCompleted();
        assertThat(told("example.org", "198.51.100.1")).as("the domain itself").isCompleted();
        assertThat(told(Ipv4Address.of("203.0.113.3"), "a.example.org", SHORT, "198.51.100.1"))
                .as("another guest")
                .isCompleted();
        assertThat(changed).isEmpty();
        assertThat(addresses()).isEmpty();
    }

    /** DNS rebinding: who serves the name would choose what of this host and its network is open. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "203.0.113.1",
                "127.0.0.1",
                "0.0.0.0",
                "10.1.2.3",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "169.254.169.254",
                "224.0.0.1",
                "255.255.255.255"
            })
    void noNameOpensTheHostOrItsNetwork(String address) throws Exception {
        assertThat(told("a.example.org", address)).isCompleted();
        told("a.example.org", address, "198.51.100.1").get();

        assertThat(addresses()).containsExactly("198.51.100.1");
        assertThat(pins.egress(vm.id()))
                .isEqualTo(new Egress.Only(List.of(new Egress.Destination(Cidr.of("198.51.100.1"), 0))));
    }

    @Test
    void theOldestGoWhenThereAreTooMany() throws Exception {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < NamePins.LIMIT; i++) {
            all.add(told("n" + i + ".example.org", "198.51.100." + i));
        }
        all.add(told("n0.example.org", "198.51.100.0")); // it is the latest now
        all.add(told(
                "more.example.org",
                IntStream.range(0, 10).mapToObj(i -> "192.0.2." + i).toArray(String[]::new)));
        for (CompletableFuture<?> each : all) {
            each.get();
        }

        assertThat(addresses()).hasSize(NamePins.LIMIT).contains("198.51.100.0", "192.0.2.9", "198.51.100.11");
        assertThat(addresses()).doesNotContain("198.51.100.1", "198.51.100.10");
        assertThat(changed.size()).as("changes of rules").isLessThan(NamePins.LIMIT);
    }

    @Test
    void aGuestThatAsksWithoutEndDoesNotHoldUpAnother() throws Exception {
        Ipv4Address quiet = Ipv4Address.of("203.0.113.9");
        pins.begin(
                new VmRecord("other", "other", vm.spec(), vm(quiet).runtime(), vm.createdAt(), vm.updatedAt()),
                policy("example.org"));
        gate = new CountDownLatch(1);
        for (int i = 0; i < 1000; i++) {
            told("n" + i + ".example.org", "198.51.100." + i % 250);
        }
        CompletableFuture<?> other = told(quiet, "a.example.org", SHORT, "198.51.100.1");
        gate.countDown();
        other.get();

        assertThat(changed.size()).as("changes of rules").isLessThan(5);
    }

    @Test
    void addressesAreForgottenInTimeAndNotBefore() throws Exception {
        told("short.example.org", "198.51.100.1").get();
        told(GUEST, "long.example.org", Duration.ofHours(2), "198.51.100.2").get();
        told(GUEST, "endless.example.org", Duration.ofDays(20000), "198.51.100.3")
                .get();

        after(NamePins.SHORTEST.minusSeconds(1));
        assertThat(addresses()).hasSize(3);
        told("short.example.org", "198.51.100.1").get();
        after(Duration.ofSeconds(1));
        assertThat(addresses()).as("told again").hasSize(3);
        after(NamePins.SHORTEST);
        assertThat(addresses()).containsExactly("198.51.100.3");
        after(NamePins.LONGEST);
        assertThat(addresses()).isEmpty();
    }

    private void after(Duration time) {
        now = now.plus(time);
        pins.expire();
    }

    /** Guests keep answers, and do not ask the next daemon for what they know. */
    @Test
    void theNextDaemonKnowsThemForAsLongAsTheyHold() throws Exception {
        told("a.example.org", "198.51.100.1").get();
        now = now.plusSeconds(60);
        told("b.example.org", "198.51.100.2").get();
        told("b.other.example.org", "198.51.100.3").get();
        told("c.example.org", "198.51.100.4").get();
        now = now.plusSeconds(60);
        told("c.example.org", "198.51.100.4").get(); // renewed, which changes no rules
        pins.expire();
        pins.close();
        Files.writeString(
                directory.resolve("pins"),
                "other 99999999999 198.51.100.9 a.example.org\nnonsense\ndev 1\n"
                        + Files.readString(directory.resolve("pins")));

        now = now.plus(NamePins.SHORTEST).minusSeconds(1);
        pins = another();
        pins.begin(vm, policy("example.org"));
        pins.takeUp();
        assertThat(addresses()).containsExactly("198.51.100.4");
        pins.close();

        pins = another();
        pins.begin(vm, policy("other.example.org"));
        pins.takeUp();
        assertThat(addresses()).as("under the policy of now").isEmpty();

        pins.forget();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aVmThatHasEndedLeavesNothing() {
        told("a.example.org", "198.51.100.1");
        pins.end(vm);

        assertThat(addresses()).isEmpty();
        assertThat(told("a.example.org", "198.51.100.1")).isCompleted();
        pins.begin(vm, policy("example.org"));
        assertThat(addresses()).isEmpty();
    }
}
