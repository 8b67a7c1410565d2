package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** VMs whose disks are no qcow2 files, from their first start to their end. */
@Order(67)
class RawDisksTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("raw-disks");

    private final Banger banger = HOME.banger().with("BANGER_ROOT_DISKS", "copy");

    /** A VM has disks of the kind that its template has; those of the first run are qcow2 files. */
    @BeforeAll
    void noTemplates() {
        for (String template : banger.ok("template", "ls", "-q").lines()) {
            banger.ok("template", "rm", template);
        }
    }

    @AfterEach
    void nothingIsLeft() {
        HOME.deleteVms();
        HOME.assertNoVmIsLeft();
        Path snapshots = HOME.path().resolve("state/snapshots");
        assertThat(Trees.names(snapshots)).isSubsetOf("making");
        banger.ok("daemon", "stop"); // the next test's has the same environment
    }

    private Path directory(String vm) {
        return HOME.vms().resolve(Outcome.text(banger.show(vm), "id"));
    }

    private void create(String vm) {
        banger.ok("vm", "create", "--name", vm, "--memory", "256M", "--disk-size", "128M");
    }

    @Test
    void whatIsWrittenIsThereAfterAStopAndTheDiskGrows() {
        create("dev");
        assertThat(Trees.names(directory("dev"))).contains("root.raw", "work.raw");
        banger.shell("dev", "echo root >/etc/file; echo work >/root/file; sync");

        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "set", "dev", "--disk-size", "256M");
        Processes.signal(HOME.daemonPid(), "KILL");
        banger.ok("vm", "start", "dev");

        assertThat(banger.shell("dev", "cat /etc/file /root/file")).isEqualTo("root\nwork");
        long mebibytes = Long.parseLong(
                banger.shell("dev", "df -m --output=size /root | tail -n 1").strip());
        assertThat(mebibytes).isGreaterThan(200);
    }

    @Test
    void itGoesBackToWhatItWasAndBecomesMany() {
        banger.ok("image", "warm", "--memory", "256M");
        create("dev");
        assertThat(banger.show("dev")).containsEntry("startedFrom", "template");
        banger.shell("dev", "echo before >/root/file; echo before >/etc/file; sleep 1000 >/dev/null 2>&1 &");
        banger.ok("vm", "snapshot", "create", "dev", "one");
        banger.shell("dev", "echo after >/root/file; echo after >/etc/file");

        assertThat(banger.ok("vm", "fork", "dev", "fork", "-n", "2").lines()).containsExactly("fork-1", "fork-2");
        banger.ok("vm", "snapshot", "restore", "dev", "one");

        assertThat(banger.shell("dev", "cat /root/file /etc/file; pgrep -x sleep | wc -l"))
                .isEqualTo("before\nbefore\n1");
        banger.ok("vm", "snapshot", "rm", "dev", "one");
        banger.ok("vm", "restart", "dev");
        assertThat(banger.shell("dev", "cat /root/file /etc/file")).isEqualTo("before\nbefore");
        banger.ok("vm", "delete", "dev");
        for (String fork : List.of("fork-1", "fork-2")) {
            assertThat(banger.shell(fork, "cat /root/file /etc/file; hostname")).isEqualTo("after\nafter\n" + fork);
        }
        banger.ok("vm", "restart", "fork-1");
        assertThat(banger.shell("fork-1", "cat /etc/file")).isEqualTo("after");
    }

    @Test
    void aWayThatThisHostCannotIsRefusedAndLeavesNothing() throws IOException {
        Banger wishful = banger.with("BANGER_ROOT_DISKS", "reflink");
        wishful.ok("daemon", "restart");

        Outcome outcome = wishful.run("vm", "create", "--name", "dev");

        if (Set.of("xfs", "btrfs").contains(Files.getFileStore(HOME.path()).type())) {
            outcome.expect(0);
        } else {
            outcome.refused(125, "BANGER_ROOT_DISKS", "XFS or btrfs");
            assertThat(wishful.vms()).isEmpty();
        }
    }
}
