package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** doctor, whatever the host lacks: a complete report, no daemon for it, the right advice. */
@Order(25)
class DoctorTest {
    /** A row of each part that looks at the host. */
    private static final List<String> PARTS = List.of(
            "firecracker with kvm",
            "qemu with kvm",
            "qemu with tcg",
            "nested virtualisation",
            "network",
            "bridge",
            "root disks",
            "memory",
            "control group",
            "entropy",
            "ssh",
            "images",
            "kernels",
            "directories",
            "disk",
            "database");

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("doctor");

    private final Banger banger = HOME.banger();

    private static Path home(String name) {
        return HOME.path().resolve(name);
    }

    /** The rows; whatever happened to the host, it is a whole report of the documented form. */
    private static List<Map<String, Object>> report(Banger of) {
        Outcome outcome = of.run("doctor", "--json");
        assertThat(outcome.stderr()).doesNotContain("Exception", "\tat ");
        @SuppressWarnings("unchecked")
        List<Map<String, Object>> rows = (List<Map<String, Object>>)
                Objects.requireNonNull(outcome.object().get("checks"), "checks");
        assertThat(rows.stream().map(row -> Outcome.text(row, "subject")).toList())
                .containsAll(PARTS);
        boolean failed =
                rows.stream().anyMatch(row -> Outcome.text(row, "status").equals("FAIL"));
        assertThat(outcome.status()).isEqualTo(failed ? 1 : 0);
        assertThat(rows)
                .allSatisfy(row ->
                        assertThat(Outcome.text(row, "finding")).isNotBlank().doesNotContain("Exception"));
        return rows;
    }

    private static Map<String, Object> row(List<Map<String, Object>> rows, String subject) {
        return rows.stream()
                .filter(row -> Outcome.text(row, "subject").equals(subject))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row " + subject + " in " + rows));
    }

    @Test
    void itStartsNoDaemonAndMakesNothing() {
        Path nowhere = home("nowhere");

        List<Map<String, Object>> rows = report(Banger.in(nowhere));

        assertThat(nowhere).doesNotExist();
        assertThat(Processes.concerning(nowhere)).isEmpty();
        assertThat(Outcome.text(row(rows, "daemon"), "finding")).startsWith("none runs");
        assertThat(Banger.in(nowhere).run("doctor").out())
                .contains("PASS  qemu with tcg: works")
                .contains("WARN  kernels: none yet");
        assertThat(nowhere).doesNotExist();
    }

    /** Each is hidden where it lies: directories for administrators are searched whatever PATH says. */
    @ParameterizedTest
    @CsvSource({
        "mmdebstrap, mmdebstrap",
        "mke2fs, e2fsprogs",
        "e2fsck, e2fsprogs",
        "mksquashfs, squashfs-tools",
        "qemu-img, qemu-utils",
        "ssh, openssh-client",
        "apt-get, apt",
        "apt-cache, apt",
        "apt-config, apt",
        "dpkg-deb, dpkg",
        "depmod, kmod",
        "tar, tar",
        "qemu-system-x86_64, qemu-system-x86",
        "ip, iproute2",
        "sysctl, procps"
    })
    void aToolThatIsGoneIsNamedWithThePackageThatHasIt(String tool, String packageName) throws IOException {
        Path file = Path.of(Call.program("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin command -v \"$0\"", tool)
                        .run()
                        .line())
                .toRealPath();
        Banger lacking = Banger.in(home("lacking"))
                .under("unshare", "--mount", "--propagation", "private")
                .under("sh", "-c", "mount --bind /dev/null \"$0\" && exec \"$@\"", file.toString());

        List<Map<String, Object>> rows = report(lacking);

        assertThat(rows)
                .filteredOn(row -> Outcome.text(row, "finding").contains(tool))
                .isNotEmpty()
                .anySatisfy(row -> assertThat(Outcome.text(row, "advice"))
                        .matches("(.*; )?apt-get install ([a-z0-9-]+ )*" + packageName + "( .*|;.*)?"));
    }

    @Test
    void aBarePathIsToldEverythingAtOnce() {
        List<Map<String, Object>> rows = report(Banger.in(home("bare")).with("PATH", "/nonexistent"));

        assertThat(row(rows, "virtual machines")).containsEntry("status", "FAIL");
        assertThat(row(rows, "mmdebstrap")).containsEntry("advice", "apt-get install mmdebstrap");
    }

    @Test
    void anOrdinaryUserWithoutAHomeToWriteToGetsOne() {
        Banger user = Banger.in(Path.of("/nonexistent/home"))
                .under("unshare", "--mount", "--propagation", "private")
                // Wherever the tree lies, this user can get at it.
                .under(
                        "sh",
                        "-c",
                        "mount --bind \"$0\" /mnt && exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"")
                .under(Banger.TREE.toString());

        List<Map<String, Object>> rows = report(user.of(Path.of("/mnt")));

        assertThat(Outcome.text(row(rows, "bridge"), "finding")).contains("needs root");
    }

    /** What keeps a daemon from starting is what one wants to be told. */
    @Test
    void directoriesThatNoDaemonUsesAreRows() throws IOException {
        Path home = Files.createDirectory(home("open"));
        Path run = Files.createDirectory(home.resolve("run"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxrwxrwx"));

        Map<String, Object> row = row(report(Banger.in(home)), "directories");

        assertThat(row).containsEntry("status", "FAIL").containsEntry("advice", "chmod go= '" + run + "'");
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
        assertThat(row(report(Banger.in(home)), "directories")).containsEntry("status", "PASS");
    }

    @Test
    void aDaemonThatRunsIsAsked() {
        banger.ok("daemon", "start");

        List<Map<String, Object>> rows = report(banger);

        assertThat(rows.stream().map(row -> Outcome.text(row, "subject")).toList())
                .contains("pool", "published ports");
    }

    /** Any other command would replace it. */
    @Test
    void aDaemonOfAnotherBuildIsLeftAlone() throws IOException {
        Path tree = HOME.path().resolve("other-tree");
        Trees.copy(Banger.TREE, tree);
        Files.writeString(tree.resolve("lib/build-id"), "another\n");
        banger.ok("daemon", "start");
        long pid = HOME.daemonPid();

        Map<String, Object> row = row(report(banger.of(tree)), "daemon");

        assertThat(row).containsEntry("status", "WARN").containsEntry("advice", "banger daemon restart (VMs live on)");
        assertThat(HOME.daemonPid()).isEqualTo(pid);
        Trees.delete(tree);
    }

    @Test
    void aDamagedDatabaseIsARow() throws IOException {
        Path home = home("bad-database");
        Trees.makeDirectory(home);
        Files.createDirectory(
                home.resolve("state"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(home.resolve("state/banger.db"), "this is no database ".repeat(100));

        assertThat(row(report(Banger.in(home)), "database")).containsEntry("status", "FAIL");
        assertThat(Files.exists(home.resolve("state/banger.db-wal"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
    }
}
