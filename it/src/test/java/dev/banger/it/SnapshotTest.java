package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A VM goes back to what it was, becomes many, and stands still. */
@Order(66)
class SnapshotTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("snapshot");

    private final Banger banger = HOME.banger();
    private final Path snapshots = HOME.path().resolve("state/snapshots");

    /** With a counter that a process increments for as long as it lives. */
    @BeforeEach
    void aVmThatCounts() {
        banger.ok("vm", "create", "--name", "dev", "--memory", "256M");
        banger.shell(
                "dev",
                "setsid sh -c 'i=0; while :; do i=$((i+1)); echo $i >/root/count; sleep 0.2; done' >/dev/null 2>&1 &");
        awaitCounting("dev", 0);
    }

    @AfterEach
    void nothingIsLeft() {
        HOME.deleteVms();
        HOME.assertNoVmIsLeft();
        assertThat(Trees.names(snapshots)).isSubsetOf("making");
        assertThat(Trees.names(snapshots.resolve("making"))).isEmpty();
    }

    private long count(String vm) {
        return Long.parseLong("0" + banger.shell(vm, "cat /root/count"));
    }

    private void awaitCounting(String vm, long above) {
        Awaitility.await(vm + " counts beyond " + above)
                .atMost(Duration.ofSeconds(60))
                .until(() -> count(vm) > above);
    }

    @Test
    void itGoesBackToWhatItWasWithItsProcesses() {
        banger.shell("dev", "mkdir -p /etc/banger/restore.d; echo before >/root/file; echo before >/etc/file");
        banger.shell("dev", "printf '#!/bin/sh\\necho told >/run/told\\n' >/etc/banger/restore.d/tell");
        banger.shell("dev", "chmod +x /etc/banger/restore.d/tell");
        assertThat(banger.ok("vm", "snapshot", "create", "dev", "one").line()).isEqualTo("one");
        long then = count("dev");
        banger.shell("dev", "echo after >/root/file; echo after >/etc/file");

        banger.ok("vm", "snapshot", "restore", "dev", "one");

        assertThat(banger.shell("dev", "cat /root/file /etc/file /run/told; hostname"))
                .isEqualTo("before\nbefore\ntold\ndev");
        assertThat(banger.show("dev")).containsEntry("startedFrom", "snapshot");
        awaitCounting("dev", then);
        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "start", "dev");
        assertThat(banger.shell("dev", "cat /root/file /etc/file")).isEqualTo("before\nbefore");
    }

    @Test
    void snapshotsAreATreeAndNothingInUseIsDeleted() {
        banger.ok("vm", "snapshot", "create", "dev", "one");
        banger.ok("vm", "snapshot", "create", "dev", "two");
        banger.run("vm", "snapshot", "create", "dev", "two").refused(125, "has a snapshot \"two\"");

        banger.run("vm", "snapshot", "rm", "dev", "one").refused(125, "dev@two");
        banger.ok("vm", "snapshot", "restore", "dev", "one");
        banger.ok("vm", "snapshot", "rm", "dev", "two");
        banger.ok("vm", "snapshot", "rm", "dev", "one");

        awaitCounting("dev", count("dev"));
        List<Map<String, Object>> left =
                banger.ok("vm", "snapshot", "ls", "--json", "dev").list();
        assertThat(left).as("what the VM's disks are based on").hasSize(1);
        assertThat(left.getFirst().get("name")).isNull();
        assertThat(left.getFirst()).containsEntry("memory", false);
    }

    @Test
    void ofAStoppedVmTheDisksAreSaved() {
        banger.shell("dev", "echo kept >/root/file; sync");
        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "snapshot", "create", "dev", "off");
        banger.ok("vm", "start", "dev");
        banger.shell("dev", "rm /root/file");

        banger.ok("vm", "snapshot", "restore", "dev", "off");

        assertThat(banger.state("dev")).isEqualTo("stopped");
        banger.ok("vm", "start", "dev");
        assertThat(banger.shell("dev", "cat /root/file")).isEqualTo("kept");
    }

    @Test
    void forksGoOnEachByItself() {
        long then = count("dev");

        assertThat(banger.ok("vm", "fork", "dev", "fork", "-n", "2").lines()).containsExactly("fork-1", "fork-2");
        assertThat(banger.ok("vm", "fork", "fork-1", "grandchild").lines()).containsExactly("grandchild");

        Set<String> identities = new HashSet<>();
        List<String> all = List.of("dev", "fork-1", "fork-2", "grandchild");
        for (String vm : all) {
            awaitCounting(vm, then);
            assertThat(banger.shell(vm, "hostname")).isEqualTo(vm);
            identities.add(banger.shell(vm, "cat /etc/machine-id"));
            identities.add(banger.shell(vm, "cat /sys/class/net/eth0/address"));
            identities.add(banger.shell(vm, "cat /etc/ssh/ssh_host_ed25519_key.pub"));
            identities.add(banger.shell(vm, "cat /proc/sys/kernel/random/boot_id"));
            identities.add(banger.shell(vm, "head -c 16 /dev/urandom | od -An -tx1"));
        }
        assertThat(identities).hasSize(5 * all.size());
        assertThat(banger.ok("vm", "ssh", "fork-2", "--", "hostname").line()).isEqualTo("fork-2");
        banger.shell("fork-1", "echo mine >/root/mine");
        assertThat(banger.shell("dev", "ls /root")).doesNotContain("mine");
        banger.ok("vm", "delete", "dev");
        awaitCounting("fork-2", count("fork-2"));
        banger.ok("vm", "restart", "fork-2");
        assertThat(banger.shell("fork-2", "hostname")).isEqualTo("fork-2");
    }

    @Test
    void aNameThatIsTakenForksNothing() {
        banger.run("vm", "fork", "dev", "dev").refused(125, "already exists");
        assertThat(banger.vms()).containsExactly("dev");
        awaitCounting("dev", count("dev"));
    }

    @Test
    void pausedItStandsStillUntilItIsResumed() {
        banger.shell("dev", "echo '# mine' >>/root/.ssh/authorized_keys");
        banger.ok("vm", "pause", "dev");
        assertThat(banger.state("dev")).isEqualTo("paused");
        banger.exec("dev", "true").run().refused(125, "is paused", "vm resume");

        Processes.signal(HOME.daemonPid(), "KILL");
        assertThat(banger.state("dev")).isEqualTo("paused");

        banger.ok("vm", "resume", "dev");
        awaitCounting("dev", count("dev"));
        banger.assertClockIsRight("dev");
        assertThat(banger.shell("dev", "tail -n 1 /root/.ssh/authorized_keys")).isEqualTo("# mine");
        banger.ok("vm", "pause", "dev");
        banger.ok("vm", "stop", "dev");
        assertThat(banger.state("dev")).isEqualTo("stopped");
    }

    @Test
    void idleItIsPausedAndTheNextCommandResumesIt() {
        banger.ok("vm", "set", "dev", "--idle-pause", "2s");

        Awaitility.await("dev is paused")
                .atMost(Duration.ofSeconds(60))
                .until(() -> banger.state("dev").equals("paused"));

        assertThat(banger.shell("dev", "hostname")).isEqualTo("dev");
        Awaitility.await("dev is paused again")
                .atMost(Duration.ofSeconds(60))
                .until(() -> banger.state("dev").equals("paused"));
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
        banger.ok("vm", "set", "dev", "--idle-pause", "0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "state", "root.qcow2", "work.qcow2"})
    void aBrokenSnapshotIsRefusedAndTheVmGoesOn(String file) throws IOException {
        banger.ok("vm", "snapshot", "create", "dev", "one");
        String id = Outcome.text(
                banger.ok("vm", "snapshot", "ls", "--json", "dev").list().getFirst(), "id");
        Damage.flip(snapshots.resolve(id).resolve(file));

        banger.run("vm", "snapshot", "restore", "-q", "dev", "one").refused(125, "broken", file, "checksum");

        awaitCounting("dev", count("dev"));
    }

    /** Its clock stood still while it was saved; a fork and a VM that goes back have that of the moment, too. */
    @Test
    void clocksAreRightAfterwards() {
        for (int i = 0; i < 4; i++) {
            banger.ok("vm", "snapshot", "create", "dev", "s-" + i);
        }
        banger.assertClockIsRight("dev");
        banger.ok("vm", "fork", "dev", "fork");
        banger.assertClockIsRight("dev");
        banger.assertClockIsRight("fork");
        banger.ok("vm", "snapshot", "restore", "dev", "s-0");
        banger.assertClockIsRight("dev");
    }

    /** Whenever it dies: the parent lives, and nothing is half-made. */
    @ParameterizedTest
    @ValueSource(ints = {50, 400, 1000})
    void aDaemonThatIsKilledDuringAForkLeavesTheParentAlone(int millis) {
        long daemon = HOME.daemonPid();
        long then = count("dev");
        try (Running fork =
                banger.call("vm", "fork", "-q", "dev", "fork", "-n", "2").start()) {
            Awaitility.await().pollDelay(Duration.ofMillis(millis)).until(() -> true);
            Processes.signal(daemon, "KILL");
            fork.await();
        }

        assertThat(banger.vms()).contains("dev").isSubsetOf("dev", "fork-1", "fork-2");
        awaitCounting("dev", then);
        assertThat(HOME.vmms()).hasSize(banger.vms().size());
        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "start", "dev");
        assertThat(count("dev")).isGreaterThan(then);
        for (String vm : banger.vms()) {
            assertThat(banger.shell(vm, "hostname")).isEqualTo(vm);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {50, 300})
    void aDaemonThatIsKilledDuringASnapshotLeavesTheVmAlone(int millis) {
        long daemon = HOME.daemonPid();
        long then = count("dev");
        try (Running snapshot =
                banger.call("vm", "snapshot", "create", "-q", "dev", "one").start()) {
            Awaitility.await().pollDelay(Duration.ofMillis(millis)).until(() -> true);
            Processes.signal(daemon, "KILL");
            snapshot.await();
        }

        assertThat(banger.vms()).containsExactly("dev");
        awaitCounting("dev", then);
        banger.ok("vm", "snapshot", "create", "dev", "two");
        banger.ok("vm", "snapshot", "restore", "dev", "two");
        awaitCounting("dev", then);
    }

    /** Whenever it dies: the VM runs as before, or is stopped with its disks as they were or are to be; and can be restored. */
    @ParameterizedTest
    @ValueSource(ints = {30, 150, 400})
    void aDaemonThatIsKilledWhileAVmGoesBackLosesNothing(int millis) {
        banger.shell("dev", "echo kept >/root/file; sync");
        banger.ok("vm", "snapshot", "create", "dev", "one");
        long then = count("dev");
        long daemon = HOME.daemonPid();
        try (Running restore =
                banger.call("vm", "snapshot", "restore", "-q", "dev", "one").start()) {
            Awaitility.await().pollDelay(Duration.ofMillis(millis)).until(() -> true);
            Processes.signal(daemon, "KILL");
            restore.await();
        }

        assertThat(banger.vms()).containsExactly("dev");
        boolean runs = banger.state("dev").equals("running");
        assertThat(HOME.vmms()).hasSize(runs ? 1 : 0);
        if (!runs) {
            assertThat(banger.state("dev")).isEqualTo("stopped");
            banger.ok("vm", "start", "dev");
            assertThat(banger.shell("dev", "cat /root/file")).isEqualTo("kept");
        }
        banger.ok("vm", "snapshot", "restore", "dev", "one");
        awaitCounting("dev", then);
    }
}
