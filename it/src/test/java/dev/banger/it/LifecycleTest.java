package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A VM that stays: what of it survives, what can be changed, what commands say about it. */
@Order(60)
@TestMethodOrder(
        MethodOrderer.OrderAnnotation.class) // the VM is stopped and started on the way; each test leaves it running
class LifecycleTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("lifecycle");

    private final Banger banger = HOME.banger();

    @BeforeAll
    void aVm() {
        assertThat(banger.ok("vm", "create", "--name", "dev").out()).isEqualTo("dev\n");
    }

    @Test
    @Order(1)
    void itsHostnameIsItsName() {
        assertThat(banger.exec("dev", "hostname").run().expect(0).line()).isEqualTo("dev");
        assertThat(banger.shell("dev", "cat /etc/hostname; getent hosts dev | wc -l"))
                .isEqualTo("dev\n1");
    }

    @Test
    @Order(2)
    void showTellsEverythingInJson() {
        Map<String, Object> dev = banger.show("dev");

        assertThat(dev)
                .containsKeys(
                        "id",
                        "name",
                        "state",
                        "vmm",
                        "acceleration",
                        "pid",
                        "address",
                        "directory",
                        "image",
                        "kernel",
                        "cpus",
                        "memoryMiB")
                .containsEntry("name", "dev")
                .containsEntry("state", "running")
                .containsEntry("vmm", "qemu")
                .containsEntry("image", "debian")
                .containsEntry("kernel", "debian");
        assertThat(Outcome.text(dev, "acceleration")).isIn("tcg", "kvm");
        assertThat(Outcome.text(dev, "id")).matches("[0-9a-f]{12}");
        assertThat(Outcome.text(dev, "address")).startsWith("127.");
        assertThat(HOME.vmms())
                .singleElement()
                .satisfies(vmm -> assertThat(vmm.pid()).isEqualTo(Outcome.number(dev, "pid")));
        assertThat(Path.of(Outcome.text(dev, "directory"))).isDirectory().startsWith(HOME.path());
        assertThat(banger.ok("vm", "show", "dev").out()).contains("running", "software emulation");
    }

    /** B2, B3: what the kernel gave us is in handles.json. */
    @Test
    @Order(3)
    void handlesAreMirroredToAFile() throws Exception {
        Map<String, Object> dev = banger.show("dev");
        Path file = Path.of(Outcome.text(dev, "directory"), "handles.json");

        assertThat(file).isRegularFile();
        assertThat(Outcome.number(castToObject(Outcome.parse(Files.readString(file))), "pid"))
                .isEqualTo(Outcome.number(dev, "pid"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> castToObject(Object json) {
        return (Map<String, Object>) json;
    }

    @Test
    @Order(4)
    void listsStatsAndLogsSpeakOfIt() {
        assertThat(banger.ok("vm", "ls", "-q").out()).isEqualTo("dev\n");
        assertThat(banger.ok("vm", "ls").out()).contains("NAME", "dev", "running");
        assertThat(banger.ok("vm", "ls", "--json").list()).singleElement().isEqualTo(banger.show("dev"));

        Map<String, Object> stats =
                banger.ok("vm", "stats", "--json", "dev").list().getFirst();
        assertThat(stats).containsEntry("name", "dev");
        assertThat(Outcome.number(stats, "uptimeMillis")).isPositive();
        assertThat(Outcome.number(stats, "memoryTotalBytes")).isBetween(300L << 20, 512L << 20);
        assertThat(Outcome.number(stats, "workTotalBytes")).isBetween(6L << 30, 8L << 30);
        assertThat(Outcome.number(stats, "rootAvailableBytes")).isPositive();
        assertThat(Outcome.number(stats, "processes")).isPositive();
        assertThat(Outcome.number(stats, "vmmResidentBytes")).isPositive();
        assertThat(banger.ok("vm", "stats").out()).contains("dev");

        banger.shell("dev", "echo a-line-for-the-console >/dev/ttyS0");
        assertThat(banger.ok("vm", "logs", "dev").out()).contains("a-line-for-the-console");
        banger.ok("vm", "logs", "--vmm", "dev");
    }

    /** P1, P5: what was written is there after stop and start, in /root (the work disk) and elsewhere (the overlay). */
    @Test
    @Order(5)
    void filesSurviveStopAndStart() {
        banger.shell("dev", "echo work >/root/kept; echo system >/etc/kept; mkdir -p /var/lib/kept/deep");
        String bootId = banger.shell("dev", "cat /proc/sys/kernel/random/boot_id");
        String machineId = banger.shell("dev", "cat /etc/machine-id");
        String hostKey = banger.shell("dev", "cat /etc/ssh/ssh_host_ed25519_key.pub");

        assertThat(banger.ok("vm", "stop", "dev").out()).isEqualTo("dev\n");
        assertThat(banger.state("dev")).isEqualTo("stopped");
        assertThat(banger.show("dev").get("pid")).isNull();
        assertThat(HOME.vmms()).isEmpty();
        assertThat(banger.ok("vm", "start", "dev").out()).isEqualTo("dev\n");

        assertThat(banger.shell("dev", "cat /root/kept /etc/kept; ls /var/lib/kept"))
                .isEqualTo("work\nsystem\ndeep");
        assertThat(banger.shell("dev", "cat /proc/sys/kernel/random/boot_id")).isNotEqualTo(bootId);
        assertThat(banger.shell("dev", "cat /etc/machine-id")).isEqualTo(machineId);
        assertThat(banger.shell("dev", "cat /etc/ssh/ssh_host_ed25519_key.pub")).isEqualTo(hostKey);
    }

    @Test
    @Order(6)
    void memoryAndDiskOfAStoppedVmGrow() {
        banger.run("vm", "set", "dev", "--memory", "1024").refused(125, "running", "banger vm stop dev");
        banger.ok("vm", "stop", "dev");

        banger.ok("vm", "set", "dev", "--memory", "1024", "--disk-size", "12G");
        banger.run("vm", "set", "dev", "--disk-size", "8G").refused(2, "not shrink");
        banger.ok("vm", "start", "dev");

        long kilobytes = Long.parseLong(banger.shell("dev", "awk '/MemTotal/ {print $2}' /proc/meminfo"));
        assertThat(kilobytes).isBetween(900L << 10, 1024L << 10);
        long blocks = Long.parseLong(banger.shell("dev", "df -k --output=size /root | tail -n 1 | tr -d ' '"));
        assertThat(blocks).isBetween(11L << 20, 12L << 20);
        assertThat(banger.shell("dev", "cat /root/kept")).isEqualTo("work");
    }

    @Test
    @Order(7)
    void whatItIsAlreadyIsNoError() {
        long pid = Outcome.number(banger.show("dev"), "pid");

        banger.ok("vm", "start", "dev");
        assertThat(Outcome.number(banger.show("dev"), "pid")).isEqualTo(pid);

        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "kill", "dev");
        assertThat(banger.state("dev")).isEqualTo("stopped");
        banger.ok("vm", "start", "dev");
    }

    @Test
    @Order(8)
    void restartIsANewBootOfTheSameVm() {
        long pid = Outcome.number(banger.show("dev"), "pid");

        banger.ok("vm", "restart", "dev");

        assertThat(Outcome.number(banger.show("dev"), "pid")).isNotEqualTo(pid);
        assertThat(Processes.isAlive(pid)).isFalse();
        assertThat(banger.shell("dev", "cat /root/kept")).isEqualTo("work");
    }

    /** The first command runs before the image's init, which is used to emptying /tmp when it starts. */
    @Test
    @Order(8)
    void whatTheFirstCommandPutsInTmpStaysUntilARestart() {
        banger.ok("vm", "restart", "dev");
        assertThat(banger.shell("dev", "ls -A /tmp; mkdir /tmp/early && echo kept >/tmp/early/file"))
                .isEmpty();

        settle("dev");

        assertThat(banger.shell("dev", "cat /tmp/early/file; stat -c %a /tmp")).isEqualTo("kept\n1777");
        assertThat(banger.shell("dev", "systemctl is-active systemd-tmpfiles-setup.service"))
                .isEqualTo("active");
        banger.ok("vm", "restart", "dev");
        assertThat(banger.shell("dev", "ls -d /tmp/early 2>&1; true")).contains("No such file");
    }

    /** What was synced is there even after the plug was pulled. */
    @Test
    @Order(9)
    void killPullsThePlug() {
        banger.shell("dev", "echo synced >/root/synced; sync");

        banger.ok("vm", "kill", "dev");

        assertThat(banger.state("dev")).isEqualTo("stopped");
        banger.ok("vm", "start", "dev");
        assertThat(banger.shell("dev", "cat /root/synced")).isEqualTo("synced");
    }

    @Test
    @Order(10)
    void aGuestThatPowersItselfOffIsStopped() {
        settle("dev");
        banger.exec("dev", "systemctl", "poweroff").run();

        Awaitility.await("dev is stopped")
                .atMost(Duration.ofSeconds(60))
                .until(() -> banger.state("dev").equals("stopped"));
        banger.ok("vm", "start", "dev");
    }

    /** Its init takes requests from then on. */
    private void settle(String vm) {
        Awaitility.await(vm + " has settled")
                .atMost(Duration.ofSeconds(60))
                .until(() -> banger.exec(vm, "systemctl", "is-system-running")
                        .run()
                        .line()
                        .matches("running|degraded"));
    }

    /** P36: concurrently. */
    @Test
    @Order(11)
    void severalNamesAtOnce() {
        banger.ok("vm", "create", "--name", "second", "--memory", "256M");

        assertThat(banger.ok("vm", "stop", "dev", "second").lines()).containsExactly("dev", "second");
        assertThat(HOME.vmms()).isEmpty();
        assertThat(banger.ok("vm", "start", "dev", "second").lines()).containsExactly("dev", "second");
        assertThat(banger.shell("second", "hostname")).isEqualTo("second");
        banger.ok("vm", "kill", "second");

        assertThat(banger.ok("vm", "prune", "--yes").lines()).containsExactly("second");
        assertThat(banger.vms()).containsExactly("dev");
    }

    @Test
    @Order(12)
    void waitingForTheSystemWaitsForItsInit() {
        banger.ok("vm", "create", "--name", "settled", "--wait", "system", "--memory", "384M");

        assertThat(banger.exec("settled", "systemctl", "is-system-running")
                        .run()
                        .line())
                .isIn("running", "degraded");
        assertThat(banger.exec("settled", "systemctl", "--failed", "--no-legend", "--plain")
                        .run()
                        .expect(0)
                        .line())
                .as("failed units")
                .isEmpty();
        banger.ok("vm", "delete", "settled");
    }

    @Test
    @Order(13)
    void aDeletedVmLeavesNothing() {
        Path directory = Path.of(Outcome.text(banger.show("dev"), "directory"));
        long pid = Outcome.number(banger.show("dev"), "pid");

        assertThat(banger.ok("vm", "delete", "dev").out()).isEqualTo("dev\n");

        assertThat(directory).doesNotExist();
        assertThat(Processes.isAlive(pid)).isFalse();
        assertThat(List.of(banger.run("vm", "show", "dev").status())).containsExactly(125);
        HOME.assertNoVmIsLeft();
    }
}
