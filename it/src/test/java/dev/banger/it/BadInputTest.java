package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input gives one clear message and the documented status: 2 for a wrong command line, 125 where banger failed. */
@Order(20)
class BadInputTest {
    private static final int USAGE = 2;
    private static final int FAILED = 125;

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("bad-input");

    private final Banger banger = HOME.banger();

    @AfterEach
    void nothingIsLeft() {
        try {
            HOME.assertNoVmIsLeft();
        } finally {
            HOME.deleteVms(); // one test's failure is not the next one's
        }
    }

    record Case(int status, String says, List<String> words) {
        static Case of(int status, String says, String... words) {
            return new Case(status, says, List.of(words));
        }

        @Override
        public String toString() {
            return String.join(" ", words);
        }
    }

    static Stream<Case> unknownThings() {
        return Stream.of(
                Case.of(FAILED, "nosuch", "vm", "show", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "start", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "stop", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "restart", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "kill", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "delete", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "exec", "nosuch", "--", "true"),
                Case.of(FAILED, "nosuch", "vm", "ssh", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "logs", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "stats", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "set", "nosuch", "--cpus", "1"),
                Case.of(FAILED, "nosuch", "vm", "cp", "nosuch:/etc/hostname", "."),
                Case.of(FAILED, "nosuch", "image", "show", "nosuch"),
                Case.of(FAILED, "nosuch", "image", "delete", "nosuch"),
                Case.of(FAILED, "nosuch", "kernel", "show", "nosuch"),
                Case.of(FAILED, "nosuch", "kernel", "rm", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "create", "--image", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "create", "--kernel", "nosuch"),
                Case.of(FAILED, "nosuch", "vm", "run", "--rm", "--image", "nosuch", "--", "true"),
                Case.of(
                        FAILED,
                        "/no/such/tree",
                        "image",
                        "build",
                        "directory",
                        "--name",
                        "x",
                        "--path",
                        "/no/such/tree"),
                Case.of(USAGE, "mkae", "vm", "mkae"),
                Case.of(USAGE, "nosuch", "nosuch"),
                Case.of(USAGE, "--nosuch", "vm", "ls", "--nosuch"),
                Case.of(USAGE, "--nosuch", "--nosuch"));
    }

    @ParameterizedTest
    @MethodSource("unknownThings")
    void whatDoesNotExistIsNamed(Case bad) {
        banger.call(bad.words()).run().refused(bad.status(), bad.says());
    }

    static Stream<Case> outOfRange() {
        return Stream.of(
                Case.of(USAGE, "cpus", "--cpus", "0"),
                Case.of(USAGE, "cpus", "--cpus", "-1"),
                Case.of(USAGE, "cpus", "--cpus", "abc"),
                Case.of(USAGE, "cpus", "--cpus", "100000"),
                Case.of(USAGE, "99999999", "--memory", "99999999"),
                Case.of(USAGE, "memory", "--memory", "1"),
                Case.of(USAGE, "'abc'", "--memory", "abc"),
                Case.of(USAGE, "--memory", "--memory", ""),
                Case.of(USAGE, "work disk", "--disk-size", "1"),
                Case.of(USAGE, "work disk", "--disk-size", "99999T"),
                Case.of(USAGE, "'-5G'", "--disk-size", "-5G"),
                Case.of(USAGE, "port 0", "--publish", "0:80"),
                Case.of(USAGE, "port 99999", "--publish", "99999:1"),
                Case.of(USAGE, "'http'", "--publish", "http"),
                Case.of(USAGE, "published twice", "--publish", "8080:80", "--publish", "8080:81"),
                Case.of(USAGE, "magic", "--acceleration", "magic"),
                Case.of(USAGE, "forever", "--wait", "forever"));
    }

    @ParameterizedTest
    @MethodSource("outOfRange")
    void valuesOutOfRangeAreRefusedBeforeAnythingIsMade(Case bad) {
        banger.call(Stream.concat(Stream.of("vm", "create"), bad.words().stream())
                        .toList())
                .run()
                .refused(USAGE, bad.says());
    }

    /** P57: one grammar, checked everywhere. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Dev",
                "a_b",
                "a.b",
                "-a",
                "a-",
                "a b",
                "ä",
                "",
                "../up",
                "a/b",
                "a=b",
                "a\nb",
                "a23456789012345678901234567890123456789012345678901234567890123x"
            })
    void badNamesAreRefused(String name) {
        banger.run("vm", "create", "--no-start", "--name=" + name).refused(USAGE, "name");
    }

    /** P74: what help shows is accepted. */
    @ParameterizedTest
    @CsvSource({"4GiB,4096", "4g,4096", "1.5G,1536", "512,512", "640MB,640", "1048576k,1024"})
    void sizesAreReadAsPeopleWriteThem(String written, long mebibytes) {
        banger.ok("vm", "create", "--no-start", "--name", "sized", "--memory", written);

        assertThat(Outcome.number(banger.show("sized"), "memoryMiB")).isEqualTo(mebibytes);

        banger.ok("vm", "delete", "sized");
    }

    @Test
    void aTakenNameIsRefusedAndTheVmStays() {
        banger.ok("vm", "create", "--no-start", "--name", "dev");
        String id = Outcome.text(banger.show("dev"), "id");

        banger.run("vm", "create", "--no-start", "--name", "dev").refused(FAILED, "dev already exists");
        banger.run("vm", "run", "--rm", "--name", "dev", "--", "true").refused(FAILED, "dev already exists");

        assertThat(Outcome.text(banger.show("dev"), "id")).isEqualTo(id);
        banger.ok("vm", "delete", "dev");
    }

    @Test
    void aWorkDiskDoesNotShrink() {
        banger.ok("vm", "create", "--no-start", "--name", "dev");

        banger.run("vm", "set", "dev", "--disk-size", "1G").refused(USAGE, "not shrink");

        assertThat(Outcome.number(banger.show("dev"), "diskBytes")).isEqualTo(8L << 30);
        banger.ok("vm", "delete", "dev");
    }

    @Test
    void whatNeedsARunningVmSaysHowToStartIt() {
        banger.ok("vm", "create", "--no-start", "--name", "dev");

        banger.exec("dev", "true").run().refused(FAILED, "not running", "banger vm start dev");
        banger.run("vm", "ssh", "dev", "--", "true").refused(FAILED, "not running", "banger vm start dev");
        banger.run("vm", "stats", "dev").refused(FAILED, "not running");
        banger.run("vm", "cp", "dev:/etc/hostname", ".").refused(FAILED, "not running");

        banger.ok("vm", "delete", "dev");
    }

    @Test
    void anImageOrKernelInUseIsNotDeleted() {
        banger.ok("vm", "create", "--no-start", "--name", "dev");

        banger.run("image", "delete", "debian").refused(FAILED, "dev");
        banger.run("kernel", "rm", "debian").refused(FAILED, "dev");

        assertThat(banger.ok("image", "ls", "-q").lines()).contains("debian");
        assertThat(banger.ok("kernel", "ls", "-q").lines()).contains("debian");
        banger.ok("vm", "delete", "dev");
    }

    @Test
    void pruneDeletesStoppedVmsOnlyWhenToldTo() {
        banger.ok("vm", "create", "--no-start", "--name", "one");
        banger.ok("vm", "create", "--no-start", "--name", "two");

        banger.run("vm", "prune").refused(USAGE, "--yes");
        assertThat(banger.vms()).containsExactlyInAnyOrder("one", "two");

        assertThat(banger.ok("vm", "prune", "--yes").lines()).containsExactlyInAnyOrder("one", "two");
    }

    /** P36: one failure does not stop the others. */
    @Test
    void ofSeveralNamesTheGoodOnesAreDone() {
        banger.ok("vm", "create", "--no-start", "--name", "one");
        banger.ok("vm", "create", "--no-start", "--name", "two");

        Outcome deleted = banger.run("vm", "delete", "one", "nosuch", "two").expect(FAILED);

        assertThat(deleted.lines()).containsExactlyInAnyOrder("one", "two");
        assertThat(deleted.stderr()).contains("nosuch");
    }

    @Test
    void aVmIsNamedByNameIdOrUniquePrefix() {
        banger.ok("vm", "create", "--no-start", "--name", "dev");
        String id = Outcome.text(banger.show("dev"), "id");

        assertThat(Outcome.text(banger.show(id), "name")).isEqualTo("dev");
        assertThat(Outcome.text(banger.show(id.substring(0, 4)), "name")).isEqualTo("dev");

        banger.ok("vm", "delete", id);
    }

    @Test
    void aNameIsMadeUpWhereNoneIsGiven() {
        String name = banger.ok("vm", "create", "--no-start").line();

        assertThat(name).matches("[a-z]+-[a-z]+");
        assertThat(banger.vms()).containsExactly(name);
        banger.ok("vm", "delete", name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "vm", "image", "kernel", "daemon"})
    void everyGroupExplainsItself(String group) {
        Outcome help = group.isEmpty() ? banger.ok("--help") : banger.ok(group, "--help");

        assertThat(help.out()).contains("Usage: banger", "Commands:", "banger ");
        assertThat(help.stderr()).isEmpty();
    }

    @Test
    void completionIsAScriptThatBashTakes() {
        String script = banger.ok("completion", "bash").out();

        Call.program("bash", "-n").input(script).run().expect(0);
        assertThat(script).contains("banger");
    }

    @Test
    void theDoctorReportsOnTheHost() {
        Outcome doctor = banger.ok("doctor", "--json");

        assertThat(doctor.out()).contains("\"subject\": \"qemu with tcg\"");
        assertThat(banger.ok("doctor").out()).contains("PASS");
    }

    @Test
    void anEmptyListIsAnEmptyListInJson() {
        assertThat(banger.ok("vm", "ls", "--json").list()).isEmpty();
    }
}
