package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.NatStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What verify makes of what a client does; the real one is tried in booted VMs. */
@Timeout(60)
class VerificationTest {
    private static final String NAME = "verify-x";
    private static final Verification.Target TARGET = new Verification.Target("192.0.2.1", 80);

    private final ScriptedBanger banger = new ScriptedBanger();
    private final List<Check> told = new ArrayList<>();

    @TempDir
    private Path directory;

    /** A client for which all goes well, after {@code first}. It has reached what is beyond the host once. */
    private DoctorReport verify(String first, Verification.Wish wish) throws IOException {
        Path client = Files.createFile(
                directory.resolve("banger"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(client, """
                #!/bin/sh
                echo "$*" >>%1$s/ran
                %2$s
                case "$*" in
                *"-- hostname") echo "$3" ;;
                *"exit 7") exit 7 ;;
                */dev/tcp/*)
                    [ -e %1$s/reached ] && exit 124
                    touch %1$s/reached
                    echo "bash: connect: Connection refused" >&2
                    exit 1
                    ;;
                esac
                """.formatted(directory, first));
        Session session = new Session(banger, ScriptedConsole.piped(), "0.1.0", "abc123", client);
        return new Verification(session, new ClientProcess(Map.of("PATH", "/usr/bin:/bin")), NAME, wish, told::add)
                .run();
    }

    private static Verification.Wish plain() {
        return new Verification.Wish(null, null, false, null);
    }

    private static Verification.Wish nat() {
        return new Verification.Wish(null, null, true, TARGET);
    }

    private static List<String> failed(DoctorReport report) {
        return report.checks().stream()
                .filter(check -> check.status() == Status.FAIL)
                .map(Check::subject)
                .toList();
    }

    @Test
    void everyStepIsToldInOrder() throws IOException {
        DoctorReport report = verify("", plain());

        assertThat(report.checks())
                .extracting(Check::subject)
                .containsExactly("boot", "agent", "exec", "exit status", "ssh", "delete", "nothing is left");
        assertThat(failed(report)).isEmpty();
        assertThat(told).isEqualTo(report.checks());
    }

    @Test
    void withoutAVmNothingElseIsTried() throws IOException {
        DoctorReport report = verify("echo 'no qemu here' >&2; exit 125", plain());

        assertThat(report.checks()).singleElement().satisfies(check -> {
            assertThat(check.status()).isEqualTo(Status.FAIL);
            assertThat(check.finding()).contains("ended with 125: no qemu here");
            assertThat(check.advice()).contains("banger doctor");
        });
    }

    @ParameterizedTest
    @CsvSource({
        "vm exec verify-x -- hostname, exec",
        "vm exec verify-x -- sh -c exit 7, exit status",
        "vm ssh verify-x -- hostname, ssh",
        "vm delete -q verify-x, delete"
    })
    void aStepThatFailsIsToldAndTheOthersAreTried(String command, String step) throws IOException {
        DoctorReport report = verify("[ \"$*\" != '" + command + "' ] || exit 3", plain());

        assertThat(failed(report)).containsExactly(step);
        assertThat(report.checks()).hasSize(7);
    }

    @Test
    void whatIsLeftIsToldAndDeleted() throws IOException {
        banger.with(Samples.running(NAME));

        DoctorReport report = verify("", plain());

        assertThat(failed(report)).containsExactly("nothing is left");
        assertThat(report.checks().getLast().finding()).contains("left: the VM");
        assertThat(banger.calls()).contains("delete " + Samples.running(NAME).id());
    }

    @Test
    void withNatTheGuestReachesWhatIsBeyondUntilItIsOff() throws IOException {
        banger.with(new NatStatus(Samples.ID, NAME, true, "eth0", true));

        DoctorReport report = verify("", nat());

        assertThat(failed(report)).isEmpty();
        assertThat(report.checks()).extracting(Check::subject).contains("NAT rules", "NAT", "NAT off");
        assertThat(Files.readString(directory.resolve("ran")))
                .contains("vm create -q --cold --name verify-x --network bridge --nat")
                .contains("exec 3<>/dev/tcp/192.0.2.1/80");
    }

    @Test
    void rulesThatAreNotThereAreAFailure() throws IOException {
        banger.with(new NatStatus(Samples.ID, NAME, true, "eth0", false));

        assertThat(failed(verify("", nat()))).containsExactly("NAT rules");
    }

    @Test
    void aHostWithoutARouteHasNoNat() throws IOException {
        banger.with(new NatStatus(Samples.ID, NAME, true, null, true));

        DoctorReport report = verify("", nat());

        assertThat(failed(report)).containsExactly("NAT rules");
        assertThat(report.checks())
                .anySatisfy(check -> assertThat(check.finding()).contains("no default route"));
    }

    @Test
    void aGuestThatGetsNowhereIsAFailure() throws IOException {
        banger.with(new NatStatus(Samples.ID, NAME, true, "eth0", true));
        assertThat(failed(verify("touch " + directory + "/reached", nat()))).containsExactly("NAT");
    }

    @Test
    void aGuestThatStillGetsOutIsAFailure() throws IOException {
        banger.with(new NatStatus(Samples.ID, NAME, true, "eth0", true));
        assertThat(failed(verify("rm -f " + directory + "/reached", nat()))).containsExactly("NAT off");
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "host:80", "192.0.2.1:80; reboot", ""})
    void whatIsReachedIsAnAddressAndAPort(String text) {
        assertThatThrownBy(() -> Verification.Target.parse(text))
                .isInstanceOf(BangerException.class)
                .hasMessageContaining("--reach takes");
    }

    private Optional<List<String>> isolated(String image, String path) {
        ScriptedConsole console = ScriptedConsole.piped().with("PATH", path);
        Session session = new Session(banger, console, "0.1.0", "abc123", Path.of("/opt/banger/bin/banger"));
        return VerifyNamespace.command(session, image, List.of("--nat", "--json"));
    }

    /** Where it can be had: by root, with the programs it takes, and with what the VM is made from. */
    @Test
    void natIsTriedInANamespaceOfItsOwn() throws IOException {
        boolean root = Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));

        Optional<List<String>> command = isolated("debian", "/usr/bin:/bin");

        assertThat(command.isPresent()).isEqualTo(root);
        command.ifPresent(words -> assertThat(words)
                .startsWith("unshare", "--net")
                .endsWith(
                        "/opt/banger/bin/banger", "/cache/images/debian", "/cache/kernels/debian", "--nat", "--json"));
        assertThat(isolated("other", "/usr/bin:/bin")).isEmpty();
        assertThat(isolated("debian", "/nonexistent")).isEmpty();
    }

    @Test
    void reachWantsNat() {
        ScriptedConsole console = ScriptedConsole.piped();

        assertThat(console.run(banger, "verify", "--reach", "192.0.2.1:80")).isEqualTo(2);
        assertThat(console.err()).contains("add --nat");
    }
}
