package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VMs that start from a template, and what happens when it is not what it was. */
@Order(65)
class TemplateTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("template");

    private final Banger banger = HOME.banger();
    private final Path templates = HOME.path().resolve("cache/templates");

    /** The template of the usual VM, as the first run made it; files of its own, which a test may damage. */
    @BeforeEach
    void aWholeTemplate() throws IOException {
        Call.program("rm", "-rf", templates.toString()).run().expect(0);
        Trees.makeDirectory(templates);
        Path made = FirstRun.home().resolve("cache/templates");
        for (String name : Trees.names(made)) {
            if (name.matches("[0-9a-f]{16}") && isUsual(made.resolve(name))) {
                Call.program(
                                "cp",
                                "-a",
                                "--sparse=always",
                                made.resolve(name).toString(),
                                templates.resolve(name).toString())
                        .run()
                        .expect(0);
            }
        }
    }

    private static boolean isUsual(Path template) throws IOException {
        return Files.readString(template.resolve("snapshot.json")).contains("\"memoryMiB\": 512,");
    }

    private Path template() {
        List<Map<String, Object>> all = banger.ok("template", "ls", "--json").list();
        return Path.of(all.stream()
                .filter(each -> Boolean.TRUE.equals(each.get("current")))
                .map(each -> Outcome.text(each, "directory"))
                .findFirst()
                .orElseThrow());
    }

    @Test
    void aNewVmStartsFromItAndIsItself() {
        banger.ok("vm", "create", "--name", "dev", "--disk-size", "1G");

        assertThat(banger.show("dev")).containsEntry("startedFrom", "template");
        assertThat(banger.shell("dev", "hostname; cat /etc/hostname")).isEqualTo("dev\ndev");
        assertThat(Long.parseLong(banger.shell("dev", "df -Pm /root | awk 'END { print $2 }'")))
                .as("MiB of the work disk")
                .isBetween(800L, 1024L);
        banger.assertClockIsRight("dev");
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
        assertThat(banger.shell("dev", "systemctl is-system-running")).isIn("running", "degraded");
        banger.ok("vm", "delete", "dev");
    }

    /** The user network of the saved machine is remembered with a MAC that is not the new VM's. */
    @Test
    void aNewVmIsReachedBeforeItHasSentAnything() throws IOException {
        banger.ok("vm", "create", "--name", "dev");

        assertThat(NamesTest.sshBanner(banger.show("dev"), Duration.ofSeconds(20)))
                .isEqualTo("SSH-2.0-");
        assertThat(banger.show("dev")).containsEntry("startedFrom", "template");
        banger.ok("vm", "delete", "dev");
    }

    /** What any two restored guests have in common is what the template's had; of these things nothing. */
    @Test
    void tenAreTenDifferentMachines() {
        List<String> names =
                IntStream.rangeClosed(1, 10).mapToObj(i -> "dev-" + i).toList();
        Map<String, Set<String>> seen = new TreeMap<>();
        for (String name : names) {
            banger.ok("vm", "create", "--name", name);
            // First of all what the guest's random pool gives; then who it is.
            String said = banger.shell(
                    name,
                    "echo random $(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' '); echo hostname $(hostname);"
                            + " echo machine-id $(cat /etc/machine-id); echo mac $(cat /sys/class/net/eth0/address);"
                            + " echo boot-id $(cat /proc/sys/kernel/random/boot_id);"
                            + " echo host-key $(cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub)");
            for (String line : said.lines().toList()) {
                String[] words = line.split(" ");
                assertThat(words).as(line).hasSize(2);
                seen.computeIfAbsent(words[0], key -> new TreeSet<>()).add(words[1]);
            }
            banger.assertClockIsRight(name);
        }

        assertThat(seen)
                .hasSize(6)
                .allSatisfy((what, values) -> assertThat(values).as(what).hasSize(names.size()));
        for (String name : names) {
            assertThat(banger.show(name)).containsEntry("startedFrom", "template");
        }
        HOME.deleteVms();
    }

    /** Whenever it dies: the VM is there and works, or it is not there, and the template is as good as before. */
    @ParameterizedTest
    @ValueSource(ints = {50, 200, 450})
    void aDaemonThatIsKilledDuringARestoreLeavesNothingHalfMade(int millis) {
        Path template = template();
        long daemon = HOME.daemonPid();
        try (Running create = banger.call("vm", "create", "-q", "--name", "dev").start()) {
            Awaitility.await().pollDelay(Duration.ofMillis(millis)).until(() -> true);
            Processes.signal(daemon, "KILL");
            create.await();
        }

        assertThat(banger.vms()).isSubsetOf("dev");
        assertThat(HOME.vmms()).hasSameSizeAs(banger.vms());
        for (String vm : banger.vms()) {
            assertThat(banger.shell(vm, "hostname")).isEqualTo(vm);
        }
        HOME.deleteVms();
        HOME.assertNoVmIsLeft();
        assertThat(template()).isEqualTo(template);
        banger.ok("vm", "create", "--name", "next");
        assertThat(banger.show("next")).containsEntry("startedFrom", "template");
        banger.ok("vm", "delete", "next");
    }

    @Test
    void coldBoots() {
        banger.ok("vm", "create", "--name", "dev", "--cold");

        assertThat(banger.show("dev")).containsEntry("startedFrom", "boot");
        banger.ok("vm", "delete", "dev");
    }

    /** Flipped, cut short, gone: it is said, the template is set aside, and the VM boots. */
    @ParameterizedTest
    @ValueSource(strings = {"flipped", "cut", "missing", "state"})
    void aBrokenOneIsSetAsideAndTheVmBoots(String damage) throws IOException {
        Path template = template();
        switch (damage) {
            case "flipped" -> Damage.flip(template.resolve("memory"));
            case "state" -> Damage.flip(template.resolve("state"));
            case "cut" -> Damage.cut(template.resolve("memory"));
            default -> Files.delete(template.resolve("state"));
        }

        Outcome run = banger.run("vm", "run", "--rm", "--", "hostname").expect(0);

        assertThat(run.stderr()).contains("warning", "template", "broken", "the VM boots");
        assertThat(template).doesNotExist();
        assertThat(templates.resolve("broken")).isDirectory();
        HOME.assertNoVmIsLeft();
    }

    /** Another QEMU has another key, so the VM boots, and nothing is said against the template. */
    @Test
    void anotherVmmDoesNotTouchIt() throws IOException {
        Path facts = template().resolve("snapshot.json");
        String text = Files.readString(facts);
        Path renamed = templates.resolve("0123456789abcdef");
        Files.move(template(), renamed, StandardCopyOption.ATOMIC_MOVE);
        Files.writeString(renamed.resolve("snapshot.json"), text.replaceFirst("qemu of", "qemu before"));

        banger.ok("vm", "create", "--name", "dev");

        assertThat(banger.show("dev")).containsEntry("startedFrom", "boot");
        assertThat(renamed).isDirectory();
        banger.ok("vm", "delete", "dev");
    }

    @Test
    void aDaemonThatIsKilledWhileItMakesOneLeavesNothing() {
        try (Running warm = banger.call("image", "warm", "--memory", "300M").start()) {
            Awaitility.await("the machine of the template")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> HOME.vmms().size() == 1);
            Processes.signal(HOME.daemonPid(), "KILL");
        }

        assertThat(banger.vms()).isEmpty();
        HOME.assertNoVmIsLeft();
        assertThat(Trees.names(templates.resolve("making"))).isEmpty();
        assertThat(banger.ok("template", "ls", "--json").list()).hasSize(1);
    }

    @Test
    void aPreparedVmIsTakenAndAnotherOnePrepared() throws IOException {
        banger.ok("daemon", "stop");
        Banger pooling = banger.with("BANGER_POOL_SIZE", "1");

        pooling.ok("vm", "run", "--rm", "--", "true");
        awaitPrepared();
        pooling.ok("vm", "create", "--name", "dev", "--publish", "18090:80");

        var dev = pooling.show("dev");
        assertThat(dev).containsEntry("startedFrom", "pool");
        assertThat(NamesTest.sshBanner(dev, Duration.ofSeconds(20))).isEqualTo("SSH-2.0-");
        assertThat(pooling.ok("vm", "ports", "dev").out())
                .contains(Outcome.text(dev, "address") + ":" + Outcome.number(dev, "sshPort"));
        assertThat(pooling.shell("dev", "hostname; df -Pm /root | awk 'END { print ($2 > 7000) }'"))
                .isEqualTo("dev\n1");
        assertThat(pooling.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
        awaitPrepared();
        pooling.ok("vm", "stop", "dev");
        pooling.ok("vm", "start", "dev");
        assertThat(pooling.shell("dev", "hostname")).isEqualTo("dev");
        pooling.ok("vm", "delete", "dev");

        awaitPrepared();
        Processes.signal(HOME.daemonPid(), "KILL");
        assertThat(banger.vms()).isEmpty();
        HOME.assertNoVmIsLeft(); // this daemon has no pool, and ended what the other had prepared
        assertThat(Trees.names(HOME.path().resolve("state/pool"))).isEmpty();
    }

    private static void awaitPrepared() {
        Awaitility.await("a prepared VM")
                .atMost(60, TimeUnit.SECONDS)
                .until(() -> HOME.vmms().stream().anyMatch(TemplateTest::isPrepared));
    }

    /** In the pool and standing still: preparing ends with a pause, when the file it is done by is there. */
    private static boolean isPrepared(Processes.Found vmm) {
        return vmm.directory().contains("/state/pool/")
                && !Files.exists(Path.of(vmm.directory(), "load.sock"))
                && sleeps(vmm.pid());
    }

    private static boolean sleeps(long pid) {
        long before = cpuTicks(pid);
        Awaitility.await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        return cpuTicks(pid) - before <= 1;
    }

    private static long cpuTicks(long pid) {
        try {
            String[] fields =
                    Files.readString(Path.of("/proc/" + pid + "/stat")).split(" ");
            return Long.parseLong(fields[13]) + Long.parseLong(fields[14]);
        } catch (IOException e) {
            return Long.MAX_VALUE / 2; // it was taken, or ended
        }
    }

    @Test
    void inTheBackgroundOneIsMadeAfterABootForWantOfIt() {
        banger.ok("daemon", "stop");
        Banger automatic = banger.with("BANGER_TEMPLATES", "auto");
        automatic.ok("vm", "run", "--rm", "--memory", "280M", "--", "true");

        Awaitility.await("the template of a VM with 280 MiB")
                .atMost(Duration.ofSeconds(90))
                .until(() -> automatic.ok("template", "ls", "--json").list().stream()
                        .anyMatch(each -> Outcome.number(each, "memoryMiB") == 280));
        automatic.ok("vm", "create", "--name", "dev", "--memory", "280M");
        assertThat(automatic.show("dev")).containsEntry("startedFrom", "template");
        automatic.ok("vm", "delete", "dev");
        automatic.ok("daemon", "stop");
    }
}
