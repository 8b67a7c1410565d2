package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VMs outlive the daemon, and whatever happens to the daemon the next command works (B4, B6, B7). */
@Order(100)
class DaemonTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("daemon");

    private final Banger banger = HOME.banger();

    @BeforeAll
    void aVm() {
        banger.ok("vm", "create", "--name", "dev");
    }

    private long vmm(String vm) {
        return Outcome.number(banger.show(vm), "pid");
    }

    private long uptimeMillis() {
        return Outcome.number(banger.ok("vm", "stats", "--json", "dev").list().getFirst(), "uptimeMillis");
    }

    private void killDaemon() {
        long pid = HOME.daemonPid();
        Processes.signal(pid, "KILL");
        awaitEnd(pid);
    }

    private static void awaitEnd(long pid) {
        Awaitility.await("process " + pid + " ended")
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> !Processes.isAlive(pid));
    }

    private void assertSameVm(long pid, long uptime) {
        assertThat(vmm("dev")).as("pid of the VMM").isEqualTo(pid);
        assertThat(uptimeMillis()).as("uptime").isGreaterThan(uptime);
        assertThat(banger.shell("dev", "hostname")).isEqualTo("dev");
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
    }

    @Test
    void aKilledDaemonComesBackAndFindsItsVms() {
        long pid = vmm("dev");
        long uptime = uptimeMillis();

        killDaemon();

        assertThat(banger.vms()).containsExactly("dev");
        assertSameVm(pid, uptime);
    }

    @ParameterizedTest
    @ValueSource(strings = {"deleted", "truncated", "garbage", "half", "another's pid"})
    void handlesAreAHintAlone(String damage) throws IOException {
        Map<String, Object> dev = banger.show("dev");
        long uptime = uptimeMillis();
        Path handles = Path.of(Outcome.text(dev, "directory"), "handles.json");
        String whole = Files.readString(handles);
        try (Running innocent = Call.program("sleep", "600").start()) {
            killDaemon();
            switch (damage) {
                case "deleted" -> Files.delete(handles);
                case "truncated" -> Files.writeString(handles, "");
                case "garbage" -> Files.write(handles, new byte[] {0, (byte) 0xff, '{', '"', 7, (byte) 0x80});
                case "half" -> Files.writeString(handles, whole.substring(0, whole.length() / 2));
                default ->
                    Files.writeString(
                            handles,
                            whole.replaceFirst("\"pid\":\\s*[0-9]+", "\"pid\": " + innocent.pid())
                                    .replaceFirst(
                                            "\"startTicks\":\\s*[0-9]+",
                                            "\"startTicks\": "
                                                    + Processes.find(innocent.pid())
                                                            .orElseThrow()
                                                            .started()));
            }

            assertThat(handles)
                    .satisfiesAnyOf(
                            file -> assertThat(file).doesNotExist(),
                            file -> assertThat(Files.readAllBytes(file))
                                    .isNotEqualTo(whole.getBytes(StandardCharsets.UTF_8)));

            assertSameVm(Outcome.number(dev, "pid"), uptime);

            assertThat(innocent.isAlive())
                    .as("a process that the file points at")
                    .isTrue();
        }
        assertThat(handles).as("written anew").isRegularFile();
        for (String name : Trees.names(Path.of(Outcome.text(dev, "directory")))) {
            if (name.startsWith("handles") && !name.equals("handles.json")) {
                Files.delete(Path.of(Outcome.text(dev, "directory"), name));
            }
        }
    }

    @Test
    void aVmWhoseVmmWasKilledShowsAsStoppedAndStartsAgain() {
        banger.shell("dev", "echo kept >/root/kept; sync");

        killDaemonAndVmm();
        assertThat(banger.state("dev")).isEqualTo("stopped");
        assertThat(Outcome.text(banger.show("dev"), "lastError")).isNotBlank();
        banger.ok("vm", "start", "dev");
        assertThat(banger.shell("dev", "cat /root/kept")).isEqualTo("kept");

        Processes.signal(vmm("dev"), "KILL");
        Awaitility.await("the running daemon sees it")
                .atMost(Duration.ofSeconds(30))
                .until(() -> banger.state("dev").equals("stopped"));
        banger.ok("vm", "start", "dev");
        assertThat(banger.shell("dev", "cat /root/kept")).isEqualTo("kept");
    }

    private void killDaemonAndVmm() {
        long pid = vmm("dev");
        killDaemon();
        Processes.signal(pid, "KILL");
        awaitEnd(pid);
    }

    /** Killed at several moments of a create: afterwards the VM runs, or there is nothing of it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 60, 200, 600, 1500, 2500})
    void aCreateThatTheDaemonDidNotSurviveLeavesNothingHalfMade(int millis) throws InterruptedException {
        long dev = vmm("dev");
        long daemon = HOME.daemonPid();
        try (Running create = banger.call("vm", "create", "--name", "half", "--memory", "256M")
                .start()) {
            Awaitility.await("the create has begun")
                    .atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> Trees.names(HOME.vms()).size() > 1 || !create.isAlive());
            Thread.sleep(millis); // no event marks these moments: the point is that any will do
            Processes.signal(daemon, "KILL");
            awaitEnd(daemon);
            create.await();
        }

        List<String> vms = banger.vms();
        assertThat(vms).contains("dev");
        if (vms.contains("half")) {
            // It was acknowledged, or its row was complete: it must be a VM like any other.
            if (!banger.state("half").equals("running")) {
                banger.ok("vm", "start", "half");
            }
            assertThat(banger.shell("half", "hostname")).isEqualTo("half");
            banger.ok("vm", "delete", "half");
        }
        assertThat(Trees.names(HOME.vms())).hasSize(1);
        assertThat(HOME.vmms()).extracting(Processes.Found::pid).containsExactly(dev);
    }

    @Test
    void sigtermEndsTheDaemonAndLeavesVmsRunning() {
        long pid = vmm("dev");
        long uptime = uptimeMillis();
        long daemon = HOME.daemonPid();

        Processes.signal(daemon, "TERM");
        awaitEnd(daemon);

        assertThat(Processes.isAlive(pid)).isTrue();
        assertThat(Trees.names(HOME.path().resolve("run"))).doesNotContain("bangerd.sock", "http.sock");
        assertSameVm(pid, uptime);
    }

    @Test
    void theDaemonStopsStartsAndRestartsOnRequest() {
        long pid = vmm("dev");
        long first = HOME.daemonPid();

        banger.ok("daemon", "stop");
        assertThat(HOME.daemons()).isEmpty();
        Outcome status = banger.run("daemon", "status").expect(3);
        assertThat(status.out() + status.stderr()).contains("not running");
        assertThat(HOME.daemons()).as("status starts none").isEmpty();
        banger.ok("daemon", "stop");

        banger.ok("daemon", "start");
        long second = HOME.daemonPid();
        assertThat(second).isNotEqualTo(first);
        banger.ok("daemon", "start");
        assertThat(HOME.daemonPid()).isEqualTo(second);

        banger.ok("daemon", "restart");
        assertThat(HOME.daemonPid()).isNotEqualTo(second);
        assertThat(vmm("dev")).isEqualTo(pid);
        assertThat(banger.ok("daemon", "status", "--json").object()).containsKeys("pid", "version", "socket");
    }

    @Test
    void eightClientsAtOnceStartOneDaemon() {
        banger.ok("daemon", "stop");

        List<Running> clients = IntStream.range(0, 8)
                .mapToObj(n -> banger.call("vm", "ls", "-q").start())
                .toList();

        for (Running client : clients) {
            Outcome outcome = client.await().expect(0);
            assertThat(outcome.line()).isEqualTo("dev");
            assertThat(outcome.stderr()).isEmpty();
        }
        assertThat(HOME.daemons()).hasSize(1);
    }

    /** A1, P50: a daemon of another build is replaced; VMs are not touched. */
    @Test
    void aDaemonOfAnotherBuildIsReplaced() throws IOException {
        Path other = HOME.path().resolve("other-build");
        Trees.copy(Banger.TREE, other);
        Files.writeString(other.resolve("lib/build-id"), "0123456789abcdef\n");
        Banger rebuilt = banger.of(other);
        long pid = vmm("dev");
        long daemon = HOME.daemonPid();

        assertThat(rebuilt.vms()).containsExactly("dev");

        assertThat(HOME.daemonPid()).isNotEqualTo(daemon); // and back: this one is the old build's
        assertThat(Processes.isAlive(daemon)).isFalse();
        assertThat(HOME.daemons()).hasSize(1);
        assertThat(vmm("dev")).isEqualTo(pid);
        assertThat(banger.shell("dev", "hostname")).isEqualTo("dev");
        Trees.delete(other);
    }

    /** T14: what only looks like a VMM of ours is not ours to kill. */
    @Test
    void aForeignProcessThatLooksLikeAVmmIsLeftAlone() {
        try (Running foreign = Call.program(
                        "bash", "-c", "exec -a qemu-system-x86_64 bash -c 'sleep 600; :' -name banger-0123456789ab")
                .start()) {
            killDaemon();
            banger.vms();

            assertThat(foreign.isAlive()).isTrue();
            ProcessHandle.of(foreign.pid()).orElseThrow().children().forEach(ProcessHandle::destroy);
        }
    }

    /** Neither the JVM's performance data nor native libraries that jars unpack. */
    @Test
    void theDaemonUsesNothingInTmp() throws IOException {
        long pid = HOME.daemonPid();
        banger.vms();

        assertThat(Path.of("/tmp/hsperfdata_" + System.getProperty("user.name"), Long.toString(pid)))
                .doesNotExist();
        assertThat(Files.readAllLines(Path.of("/proc", Long.toString(pid), "maps")))
                .noneMatch(line -> line.matches(".* /tmp/[^/]*\\.(so|tmp|jar).*"));
    }
}
