package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.bridge.IpLinks;
import dev.banger.host.network.BridgedLab.Kind;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Egress;
import dev.banger.network.GuestPort;
import dev.banger.network.HostNetwork;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Reconciliation;
import dev.banger.network.Tap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The host before, during and after: nothing of others changes, nothing of ours stays. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class HostNetworkLifeTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final BridgedLab lab = new BridgedLab(kind());

    /** What makes the rules; subclasses have others. */
    Kind kind() {
        return Kind.NFTABLES;
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private List<String> state() {
        return Stream.concat(
                        lab.lab.links().stream(),
                        Stream.of(lab.lab.rules(), lab.lab.onHost("ip", "route", "show", "table", "all")))
                .toList();
    }

    @Test
    void closingLeavesTheHostAsItWas() throws Exception {
        List<String> before = state();

        lab.network.open(List.of());
        lab.network.ensureTaps();
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        assertThat(state()).isNotEqualTo(before);
        guest.close();
        lab.network.unplug("vm1");
        lab.network.releaseTap(guest.port.tap());
        lab.network.close();
        lab.network.close();

        assertThat(state()).isEqualTo(before);
    }

    @Test
    void whatAKilledDaemonLeftGoesWithTheNextOne() throws Exception {
        List<String> before = state();
        lab.network.open(List.of());
        lab.network.ensureTaps();
        lab.guest("vm1", 10, new Egress.Everything()).close();

        // The daemon is gone, and so is the VM; nobody cleaned up.
        HostNetwork next = lab.network(2);
        next.open(List.of());
        assertThat(lab.lab.rules()).isEqualTo(before.get(before.size() - 2));
        assertThat(next.reconcile().clean()).isTrue();
        next.close();

        assertThat(state()).isEqualTo(before);
    }

    @Test
    void aVmThatRunsOnKeepsItsNetworkOverARestart() throws Exception {
        UdpEcho internet = lab.echo(lab.lab.internet(), 9000);
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        lab.network.close();
        assertThat(guest.hearsEcho("198.51.100.1", 9000, "between", SOON)).isTrue();

        HostNetwork next = lab.network(2);
        next.open(List.of(guest.port));
        assertThat(next.reconcile().clean()).isTrue();
        Tap tap = next.acquireTap();

        assertThat(tap.name()).isNotEqualTo(guest.port.tap().name());
        assertThat(index(tap)).isGreaterThan(index(guest.port.tap()));
        assertThat(guest.hearsEcho("198.51.100.1", 9000, "after", SOON)).isTrue();
        assertThat(internet.heard("after")).isTrue();
    }

    private static int index(Tap tap) {
        return Integer.parseInt(tap.name().substring(tap.name().indexOf('-') + 1));
    }

    @Test
    void everyKindOfDamageIsRepaired() throws Exception {
        UdpEcho internet = lab.echo(lab.lab.internet(), 9000);
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        String tap = guest.port.tap().name();
        String rules = lab.lab.rules();
        lab.lab.onHost("ip", "link", "add", "other", "type", "bridge");
        List<List<String>> damages = new ArrayList<>(damagesOfRules());
        damages.addAll(List.of(
                List.of("bridge", "link", "set", "dev", tap, "isolated", "off"),
                List.of("ip", "link", "set", tap, "nomaster"),
                List.of("ip", "link", "set", tap, "master", "other"),
                List.of("ip", "link", "set", tap, "down"),
                List.of("ip", "link", "set", BridgedLab.BRIDGE.name(), "down"),
                List.of("ip", "address", "flush", "dev", BridgedLab.BRIDGE.name()),
                List.of("ip", "address", "add", "10.99.0.1/24", "dev", BridgedLab.BRIDGE.name()),
                List.of("ip", "link", "delete", BridgedLab.BRIDGE.name()),
                List.of("sysctl", "-qw", "net.ipv4.ip_forward=0")));
        for (List<String> damage : damages) {
            lab.lab.onHost(damage.toArray(String[]::new));

            Reconciliation found = lab.network.reconcile();

            assertThat(found.repaired()).as("after %s", damage).isNotEmpty();
            assertThat(found.degraded()).as("after %s", damage).isEmpty();
            assertThat(lab.network.reconcile().clean())
                    .as("a second look after %s", damage)
                    .isTrue();
            assertThat(lab.lab.rules()).as("after %s", damage).isEqualTo(rules);
            assertThat(guest.hearsEcho("198.51.100.1", 9000, "after " + damage.hashCode(), SOON))
                    .as("after %s", damage)
                    .isTrue();
        }
        assertThat(internet.heard()).isNotEmpty();
    }

    private List<List<String>> damagesOfRules() {
        String ours = BridgedLab.HOME.prefix();
        if (lab.kind == Kind.NFTABLES) {
            return List.of(
                    List.of("nft", "flush", "ruleset"),
                    List.of("nft", "flush", "chain", "bridge", ours, "from-guest"),
                    List.of("nft", "insert", "rule", "ip", ours, "from-guest", "accept"),
                    List.of("nft", "delete", "table", "ip", ours));
        }
        String iptables = lab.kind.program();
        return List.of(
                List.of("nft", "flush", "ruleset"),
                List.of("ebtables-nft", "-t", "nat", "-F"),
                List.of("ebtables-nft", "-t", "nat", "-D", "PREROUTING", "-i", ours + "-+", "-j", ours + "-from"),
                List.of("ebtables-nft", "-t", "nat", "-I", ours + "-from", "-j", "ACCEPT"),
                List.of("ebtables-nft", "-t", "filter", "-F", ours + "-forward"),
                List.of(iptables, "-F"),
                List.of(iptables, "-t", "raw", "-F"),
                List.of(iptables, "-t", "nat", "-F", ours + "-post"),
                List.of(iptables, "-D", "FORWARD", "1"),
                List.of(iptables, "-I", ours + "-from", "-j", "ACCEPT"));
    }

    @Test
    void aTapThatIsGoneIsReported() throws Exception {
        lab.network.open(List.of());
        FakeGuest guest = lab.guest("vm1", 10, new Egress.None());
        guest.close();
        lab.lab.onHost("ip", "link", "delete", guest.port.tap().name());

        assertThat(lab.network.reconcile().degraded())
                .anyMatch(each -> each.contains(guest.port.tap().name() + " is gone"));
        lab.network.unplug("vm1");
        lab.network.releaseTap(guest.port.tap());
        assertThat(lab.network.reconcile().clean()).isTrue();
    }

    @Test
    void lookAlikesOfOthersAreLeftAlone() throws Exception {
        String tap = BridgedLab.HOME.tapName(0);
        lab.lab.onHost("ip", "tuntap", "add", "dev", tap, "mode", "tap");
        lab.lab.onHost("ip", "tuntap", "add", "dev", BridgedLab.HOME.tapName(1), "mode", "tap");
        lab.lab.onHost("ip", "link", "set", BridgedLab.HOME.tapName(1), "alias", "banger:0123456789abcdef:1");
        lab.lab.onHost("ip", "link", "add", "bgrlab0", "type", "bridge");
        // ip takes such a name for a number where no link has it: these are the numbers of links to come.
        int last = Integer.parseInt(
                lab.lab.onHost("cat", "/sys/class/net/bgrlab0/ifindex").strip());
        for (int i = 1; i <= 8; i++) {
            lab.lab.onHost("ip", "link", "add", "if" + (last + 8 + i), "type", "bridge");
        }
        lab.lab.onHost("ip", "link", "set", "bgrlab0", "alias", BridgedLab.HOME.bridgeMarker() + "x");
        lab.lab.nft("""
                table bridge bgr000000 { chain owner-0000000000000000 { }; chain from-guest { drop; }; }
                table ip bgrlab { chain c { counter comment "banger:vm1"; }; }
                """);
        lab.lab.onHost(
                "iptables-nft",
                "-A",
                "FORWARD",
                "-i",
                "bgrlab",
                "-m",
                "comment",
                "--comment",
                "banger",
                "-j",
                "ACCEPT");
        for (String program : List.of("iptables-nft", "iptables-legacy", "ebtables-nft")) {
            lab.lab.onHost(program, "-N", "bgr000000-from");
            lab.lab.onHost(program, "-N", "banger-0000000000000000");
            lab.lab.onHost(program, "-A", "FORWARD", "-i", "bgr000000-+", "-j", "bgr000000-from");
        }
        List<String> before = state();

        lab.network.open(List.of());
        lab.network.ensureTaps();
        FakeGuest guest = lab.guest("vm1", 10, new Egress.Everything());
        assertThat(index(guest.port.tap())).isGreaterThan(1);
        lab.network.reconcile();
        guest.close();
        lab.network.unplug("vm1");
        lab.network.releaseTap(guest.port.tap());
        lab.network.close();

        assertThat(state()).isEqualTo(before);
    }

    @Test
    void aTableOfOursThatIsSomebodyElsesStopsEverything() {
        if (lab.kind == Kind.NFTABLES) {
            lab.lab.nft("add table ip " + BridgedLab.HOME.prefix());
        } else {
            lab.lab.onHost(lab.kind.program(), "-N", BridgedLab.HOME.prefix() + "-from");
        }
        lab.network.open(List.of());
        Tap tap = lab.network.acquireTap();
        String before = lab.lab.rules();

        assertThatThrownBy(() -> lab.network.plug(BridgedLab.port("vm1", tap, 10, new Egress.None())))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
                .hasMessageContaining("not banger's");
        assertThat(lab.lab.rules()).isEqualTo(before);
    }

    @Test
    void aBridgesNameThatIsTakenIsRefused() {
        lab.lab.onHost("ip", "link", "add", BridgedLab.BRIDGE.name(), "type", "bridge");
        List<String> before = state();

        assertThatThrownBy(() -> lab.network.open(List.of()))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
                .hasMessageContaining("choose another name");
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void aSubnetThatIsTakenIsRefusedWithOneThatIsFree() {
        lab.lab.onHost("ip", "route", "add", "10.77.0.0/16", "dev", "eth1");
        lab.lab.onHost("ip", "route", "add", "172.16.0.0/20", "dev", "eth1");
        List<String> before = state();

        assertThatThrownBy(() -> lab.network.open(List.of()))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
                .hasMessageContaining("10.77.0.0/16")
                .hasMessageContaining("172.16.16.0/24 is free");
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void withoutPermissionEverythingFailsClearlyAndLeavesNothing() {
        List<String> before = state();
        List<String> nobody = new ArrayList<>(lab.lab.prefix());
        nobody.addAll(List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"));
        HostNetwork unprivileged = new HostNetwork(
                BridgedLab.HOME,
                BridgedLab.BRIDGE,
                new IpLinks(lab.lab.programs, nobody, lab.lab::kernel),
                lab.firewall(nobody),
                2);

        assertThatThrownBy(() -> unprivileged.open(List.of()))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PERMISSION_DENIED))
                .hasMessageContaining("root");
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void aBridgeThatIsRenamedIsReplacedUnlessVmsRun() throws Exception {
        lab.network.open(List.of());
        GuestPort port = BridgedLab.port("vm1", lab.network.acquireTap(), 10, new Egress.None());
        HostNetwork renamed = new HostNetwork(
                BridgedLab.HOME,
                new BridgeSettings("bgrnew", Ipv4Address.of("10.78.0.1"), 24),
                lab.links,
                lab.firewall(lab.lab.prefix()),
                0);

        assertThatThrownBy(() -> renamed.open(List.of(port)))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WRONG_STATE));
        renamed.open(List.of());
        assertThat(lab.links.find(BridgedLab.BRIDGE.name())).isEmpty();
        assertThat(lab.links.find("bgrnew")).isPresent();
    }

    @Test
    void warmUpsAtOnceNeverCollide() throws Exception {
        lab.network.open(List.of());
        List<Callable<Tap>> takers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            takers.add(() -> {
                lab.network.ensureTaps();
                return lab.network.acquireTap();
            });
        }
        List<Tap> taken = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        List<Exception> failures = new ArrayList<>();
        for (Callable<Tap> taker : takers) {
            threads.add(Thread.ofPlatform().daemon().start(() -> {
                try {
                    Tap tap = taker.call();
                    synchronized (taken) {
                        taken.add(tap);
                    }
                } catch (Exception e) {
                    synchronized (taken) {
                        failures.add(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join(Duration.ofSeconds(60));
        }

        assertThat(failures).isEmpty();
        assertThat(taken).hasSize(8).doesNotHaveDuplicates();
        assertThat(lab.links.list().stream()
                        .filter(link -> link.kind().equals("tun"))
                        .toList())
                .hasSizeBetween(8, 10)
                .allMatch(link -> link.isolated() && link.master().equals(BridgedLab.BRIDGE.name()) && !link.up());
        lab.network.initializeTapPool(Set.of());
    }

    /** Each run takes some milliseconds of a start, in which QEMU wants the processors. */
    @Test
    void aStartAndAnEndRunFewPrograms(@TempDir Path directory) throws IOException {
        Path runs = directory.resolve("runs");
        Files.createFile(runs);
        List<String> counting =
                new ArrayList<>(List.of("sh", "-c", "echo \"$*\" >>" + runs + "; exec \"$@\"", "count"));
        counting.addAll(lab.lab.prefix());
        HostNetwork counted = new HostNetwork(
                BridgedLab.HOME,
                BridgedLab.BRIDGE,
                new IpLinks(lab.lab.programs, counting, lab.lab::kernel),
                lab.kind.firewall(lab.lab, counting),
                2);
        int most = lab.kind == BridgedLab.Kind.NFTABLES ? 1 : 15;
        counted.open(List.of());
        counted.ensureTaps();
        for (int i = 0; i < 2; i++) {
            Tap tap = counted.acquireTap();
            Files.writeString(runs, "");
            counted.plug(BridgedLab.port("vm1", tap, 10, new Egress.Everything()));
            // With nft a look at iptables' older kind, where the kernel knows that; the first time also at all rules,
            // and
            // forwarding.
            assertThat(Files.readAllLines(runs)).hasSizeLessThanOrEqualTo(i == 0 ? most + 3 : most);
            Files.writeString(runs, "");
            counted.unplug("vm1");
            assertThat(Files.readAllLines(runs)).hasSizeLessThanOrEqualTo(most);
            Files.writeString(runs, "");
            counted.releaseTap(tap);
            assertThat(Files.readAllLines(runs)).isEmpty();
        }
    }

    /** Prints how long a start waits for its tap; a limit here would be a matter of the machine. */
    @Test
    void fiftyTapsAreTakenWithoutAProgram() {
        HostNetwork large = lab.network(50);
        large.open(List.of());
        large.ensureTaps();
        long slowest = 0;
        long began = System.nanoTime();
        for (int i = 0; i < 50; i++) {
            long before = System.nanoTime();
            large.acquireTap();
            slowest = Math.max(slowest, System.nanoTime() - before);
        }
        System.out.printf(
                "50 taps taken in %.3f ms, the slowest in %.3f ms%n", (System.nanoTime() - began) / 1e6, slowest / 1e6);

        assertThat(lab.links.list().stream()
                        .filter(link -> link.kind().equals("tun"))
                        .toList())
                .hasSize(50);
    }
}
