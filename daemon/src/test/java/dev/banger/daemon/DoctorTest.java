package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.config.Places;
import dev.banger.host.linux.ControlGroup;
import dev.banger.host.linux.InstanceLock;
import dev.banger.host.store.SqliteVmStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where no daemon runs: whatever is wrong, the report has all of its parts, and nothing has changed. */
@Timeout(120)
class DoctorTest {
    private static final List<String> PARTS = List.of(
            "daemon",
            "configuration",
            "qemu with kvm",
            "qemu with tcg",
            "nested virtualisation",
            "network",
            "bridge",
            "root disks",
            "memory",
            "control group",
            "entropy",
            "mke2fs",
            "mmdebstrap",
            "images",
            "kernels",
            "directories",
            "disk",
            "names",
            "database");

    @TempDir
    private Path directory;

    private final Map<String, String> environment = new HashMap<>();
    private Path tree;
    private Path home;
    private Places places;

    @BeforeEach
    void aTreeAndAnEmptyHome() throws IOException {
        tree = Files.createDirectories(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("lib"));
        Files.writeString(tree.resolve("lib/build-id"), "abc123\n");
        home = directory.resolve("home");
        environment.putAll(Map.of("BANGER_HOME", home.toString(), "PATH", "/usr/bin:/bin", "BANGER_DNS_PORT", "0"));
        places = Places.of(environment);
    }

    private DoctorReport examine() {
        return new DoctorWithoutDaemon(tree, places, environment).examine();
    }

    private static Check row(DoctorReport report, String subject) {
        return report.checks().stream()
                .filter(check -> check.subject().equals(subject))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row " + subject + " in " + report));
    }

    private static void assertComplete(DoctorReport report) {
        assertThat(report.checks()).extracting(Check::subject).containsAll(PARTS);
        assertThat(report.checks()).allSatisfy(check -> {
            assertThat(check.finding()).isNotBlank().doesNotContain("Exception");
            if (check.status() == Status.FAIL) {
                assertThat(check.advice()).as("advice for %s", check).isNotBlank();
            }
        });
    }

    /** Every file with what is in it and when it was written. */
    private Map<String, String> everything() throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                boolean content = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
                all.put(
                        file.toString(),
                        Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS) + " "
                                + Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS)
                                + (content ? Arrays.hashCode(Files.readAllBytes(file)) : ""));
            }
        }
        return all;
    }

    private void makePlaces() throws IOException {
        for (Path place : List.of(places.state(), places.cache(), places.run(), places.vms(), places.ssh())) {
            Files.createDirectories(
                    place, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        SqliteVmStore.open(places.database()).close();
        Files.setPosixFilePermissions(places.database(), PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void whereNothingIsYetNothingIsMade() throws IOException {
        Map<String, String> before = everything();

        DoctorReport report = examine();

        assertComplete(report);
        assertThat(everything()).isEqualTo(before);
        assertThat(row(report, "daemon").finding()).startsWith("none runs");
        assertThat(row(report, "database").status()).isEqualTo(Status.PASS);
    }

    @Test
    void whatIsThereIsLookedAtAndLeftAsItIs() throws IOException {
        makePlaces();
        Files.createDirectory(places.vms().resolve("0123456789ab"));
        Map<String, String> before = everything();

        DoctorReport report = examine();

        assertComplete(report);
        assertThat(everything()).isEqualTo(before);
        assertThat(row(report, "directories").status()).isEqualTo(Status.PASS);
        assertThat(row(report, "database"))
                .satisfies(check -> assertThat(check.status()).isEqualTo(Status.WARN))
                .satisfies(check -> assertThat(check.finding()).contains("0123456789ab"));
    }

    /** Not one tool is found: each is named with what has it. */
    @Test
    void aBareHostGetsACompleteReport() {
        environment.put("PATH", "/nonexistent");

        DoctorReport report = examine();

        assertComplete(report);
        assertThat(report.failed()).isTrue();
        assertThat(row(report, "mmdebstrap").status()).isEqualTo(Status.FAIL);
        assertThat(row(report, "mmdebstrap").advice()).endsWith("apt-get install mmdebstrap");
        assertThat(row(report, "qemu-img").advice()).endsWith("apt-get install qemu-utils");
        assertThat(row(report, "virtual machines").status()).isEqualTo(Status.FAIL);
        assertThat(row(report, "virtual machines").advice()).endsWith("apt-get install qemu-system-x86");
    }

    @Test
    void aConfigurationThatNoDaemonStartsWithIsARow() throws IOException {
        Files.createDirectories(places.config());
        Files.writeString(places.configFile(), "[daemon]\npatience = 0\nnonsense = 1\n");

        DoctorReport report = examine();

        assertComplete(report);
        assertThat(row(report, "configuration"))
                .satisfies(check -> assertThat(check.status()).isEqualTo(Status.FAIL))
                .satisfies(check -> assertThat(check.finding()).contains("config.toml:2", "config.toml:3"));
    }

    @Test
    void aDamagedDatabaseIsARow() throws IOException {
        makePlaces();
        Files.writeString(places.database(), "this is no database ".repeat(100));

        DoctorReport report = examine();

        assertComplete(report);
        assertThat(row(report, "database").status()).isEqualTo(Status.FAIL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"state", "cache", "run", "state/vms", "state/ssh", "state/banger.db"})
    void whatOthersMayGetAtFails(String path) throws IOException {
        makePlaces();
        Files.setPosixFilePermissions(home.resolve(path), PosixFilePermissions.fromString("rwxr-xrwx"));

        Check row = row(examine(), "directories");

        assertThat(row.status()).isEqualTo(Status.FAIL);
        assertThat(row.finding()).contains("others may", home.resolve(path) + " (mode 757)");
        assertThat(row.advice()).startsWith("chmod ").endsWith("'" + home.resolve(path) + "'");
    }

    @Test
    void whatIsNoSocketIsNotTakenForOne() throws IOException {
        makePlaces();
        Files.writeString(places.socket(), "");

        assertThat(row(examine(), "directories").finding()).contains("is no socket");
    }

    @Test
    void aDaemonThatDoesNotAnswerIsSaidToBeThere() throws IOException {
        makePlaces();
        try (InstanceLock lock = InstanceLock.tryTake(places.lock()).orElseThrow()) {
            Check row = row(examine(), "daemon");

            assertThat(row.status()).isEqualTo(Status.WARN);
            assertThat(row.advice()).contains("banger daemon restart");
        }
        assertThat(row(examine(), "daemon").status()).isEqualTo(Status.PASS);
    }

    @Test
    void aPartThatCannotBeLookedAtIsARowToo() {
        Doctor doctor = new Doctor(List.of(
                Doctor.Part.of("first", () -> {
                    throw new IllegalStateException("it is on fire");
                }),
                Doctor.Part.of("second", () -> new Check(Status.PASS, "second", "fine", ""))));

        assertThat(doctor.examine().checks())
                .containsExactly(
                        new Check(Status.FAIL, "first", "cannot be examined: it is on fire", "banger's log has more"),
                        new Check(Status.PASS, "second", "fine", ""));
    }

    @Test
    void aTightControlGroupAndAnEmptyPoolAreWarnings() {
        assertThat(HostChecks.controlGroup(new ControlGroup("/user.slice", 512)).status())
                .isEqualTo(Status.WARN);
        assertThat(HostChecks.controlGroup(new ControlGroup("/user.slice", ControlGroup.UNLIMITED))
                        .status())
                .isEqualTo(Status.PASS);
        assertThat(HostChecks.controlGroup(new ControlGroup("", ControlGroup.UNLIMITED))
                        .status())
                .isEqualTo(Status.PASS);
        assertThat(HostChecks.entropy(12).status()).isEqualTo(Status.WARN);
        assertThat(HostChecks.entropy(256).status()).isEqualTo(Status.PASS);
    }
}
