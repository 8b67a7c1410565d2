package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The disk of a VM's home directory: seeded from the image, kept, grown under a running guest, checked before it is used (E2). */
@Order(66)
class WorkDiskTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("work-disk");

    private final Banger banger = HOME.banger();

    @BeforeEach
    void aVmWithAFileInItsHome() {
        banger.ok("vm", "create", "--name", "dev", "--memory", "256M", "--disk-size", "128M");
        banger.shell("dev", "echo kept >/root/file; sync");
    }

    @AfterEach
    void nothingIsLeft() {
        HOME.deleteVms();
        HOME.assertNoVmIsLeft();
    }

    private Path disk() {
        return HOME.vms().resolve(Outcome.text(banger.show("dev"), "id")).resolve("work.qcow2");
    }

    private long mebibytes() {
        return Long.parseLong(
                banger.shell("dev", "df -m --output=size /root | tail -n 1").strip());
    }

    private static void program(String... words) {
        Call.program(words).run().expect(0);
    }

    /** Does to the file system of the stopped VM what a fault of the host would. */
    private void damage(String... requests) {
        Path raw = HOME.path().resolve("damaged.raw");
        program("qemu-img", "convert", "-O", "raw", disk().toString(), raw.toString());
        for (String request : requests) {
            program("debugfs", "-w", "-R", request, raw.toString());
        }
        program("debugfs", "-w", "-R", "set_super_value state 3", raw.toString());
        program("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw.toString(), disk().toString());
        program("rm", raw.toString());
    }

    @Test
    void itGrowsUnderARunningGuestAndIsKept() {
        assertThat(banger.shell("dev", "test -s /root/.bashrc && mountpoint /root"))
                .as("it has the image's own content")
                .endsWith("/root is a mountpoint");
        long pid = Outcome.number(banger.show("dev"), "pid");
        banger.shell("dev", "(while sleep 0.1; do date >>/root/busy; done) >/dev/null 2>&1 &");
        assertThat(mebibytes()).isLessThan(128);

        banger.ok("vm", "set", "dev", "--disk-size", "512M");

        assertThat(mebibytes()).isBetween(450L, 512L);
        assertThat(Outcome.number(banger.show("dev"), "pid")).isEqualTo(pid);
        assertThat(Outcome.number(banger.show("dev"), "diskBytes")).isEqualTo(512L << 20);
        banger.shell("dev", "head -c 150M /dev/zero >/root/large && rm /root/large");
        banger.run("vm", "set", "dev", "--disk-size", "256M").refused(2, "not shrink");
        banger.run("vm", "set", "dev", "--disk-size", "1G", "--memory", "512M").refused(125, "banger vm stop dev");
        assertThat(mebibytes()).isLessThan(513);

        banger.ok("vm", "restart", "dev");

        assertThat(mebibytes()).isBetween(450L, 512L);
        assertThat(banger.shell("dev", "cat /root/file; test -s /root/busy && echo busy"))
                .isEqualTo("kept\nbusy");
    }

    @Test
    void whatIsDamagedIsRepairedBeforeItIsUsed() {
        banger.ok("vm", "stop", "dev");
        damage("set_super_value free_blocks_count 7");

        banger.ok("vm", "start", "dev");

        assertThat(banger.shell("dev", "cat /root/file")).isEqualTo("kept");
        assertThat(banger.ok("vm", "logs", "dev").out())
                .contains("the file system of the work disk was damaged and has been repaired");
        banger.shell("dev", "echo more >/root/another");
    }

    /** What a repair without questions would lose is the owner's to decide; he is told how. */
    @Test
    void whatCannotBeRepairedWithoutALossIsRefused() throws Exception {
        banger.ok("vm", "stop", "dev");
        Path disk = disk();
        damage("clri <2>"); // the root directory

        Outcome refused = banger.run("vm", "start", "dev");

        refused.refused(
                125,
                "the file system of the work disk is damaged, and e2fsck does not repair it without being asked",
                "cp " + disk + " " + disk + ".damaged",
                "e2fsck -f -y " + disk + ".raw");
        assertThat(banger.state("dev")).isEqualTo("stopped");
        assertThat(HOME.vmms()).isEmpty();

        List<String> commands = refused.stderr()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("cp ") || line.startsWith("qemu-img ") || line.startsWith("e2fsck "))
                .toList();
        assertThat(commands).hasSize(4);
        for (String command : commands) {
            Outcome done = Call.program("sh", "-c", command).run();
            assertThat(done.status()).as(command).isIn(0, 1); // 1: e2fsck has repaired something
        }
        assertThat(Files.exists(Path.of(disk + ".damaged"))).isTrue();
        banger.ok("vm", "start", "dev");
        assertThat(banger.shell("dev", "cat /root/lost+found/* 2>&1; true")).contains("kept");
    }
}
