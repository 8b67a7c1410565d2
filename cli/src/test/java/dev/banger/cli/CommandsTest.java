package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ErrorCode;
import dev.banger.api.VmState;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Command lines against an API in memory: what is asked, what is printed, the exit status. */
class CommandsTest {
    private final FakeBanger banger = new FakeBanger();
    private final FakeConsole console = new FakeConsole();

    private int run(String... arguments) {
        return new BangerCli(banger, "1.0", "b1", Path.of("/o p/it's 100%/banger")).run(List.of(arguments), console);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nosuch",
                "vm",
                "vm nosuch",
                "vm create --cpus abc",
                "vm create --memory much",
                "vm create --publish 0:80",
                "vm create --publish 1:2:3",
                "vm ls --wrong",
                "vm exec",
                "vm exec dev",
                "vm set dev",
                "vm cp a b"
            })
    void aWrongCommandLineEndsWith2AndSaysWhere(String line) {
        banger.vm("dev", VmState.RUNNING);
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(console.err()).isNotBlank();
        assertThat(console.out()).isEmpty();
    }

    @Test
    void aMistypedCommandGetsASuggestion() {
        assertThat(run("vm", "creates")).isEqualTo(2);
        assertThat(console.err()).contains("Did you mean").contains("create");
    }

    @ParameterizedTest
    @CsvSource({"vm show nosuch", "image show nosuch", "image delete debian", "image build debian", "vm stats nosuch"})
    void whatBangerCannotDoEndsWith125AndOneMessage(String line) {
        assertThat(run(line.split(" "))).isEqualTo(125);
        assertThat(console.err()).startsWith("banger: ");
        assertThat(console.out()).isEmpty();
    }

    @Test
    void aDefectEndsWith125AndNoTrace() {
        assertThat(run("kernel", "show", "debian")).isEqualTo(125);
        assertThat(console.err()).contains("internal error").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource({"COMMAND_NOT_FOUND, 127", "COMMAND_NOT_EXECUTABLE, 126", "GUEST_UNAVAILABLE, 125"})
    void execEndsAsAShellWould(ErrorCode code, int status) {
        banger.vm("dev", VmState.RUNNING).execFailure = code;
        assertThat(run("vm", "exec", "dev", "--", "x")).isEqualTo(status);
    }

    @Test
    void execGivesBackOutputAndStatusOfTheProgram() {
        banger.vm("dev", VmState.RUNNING);
        banger.output = "hello\n";
        banger.status = 42;

        assertThat(run("vm", "exec", "dev", "--", "sh", "-c", "x")).isEqualTo(42);
        assertThat(console.out()).isEqualTo("hello\n");
        assertThat(banger.execs.getFirst().command()).containsExactly("sh", "-c", "x");
        assertThat(banger.execs.getFirst().terminal()).isNull();
    }

    @Test
    void theGuestsOptionsAreItsOwnWithAndWithoutHyphens() {
        banger.vm("dev", VmState.RUNNING);
        run("vm", "exec", "dev", "ls", "-la");
        run("vm", "exec", "dev", "--", "ls", "-la");
        run("vm", "exec", "dev", "--", "echo", "--", "-x");

        assertThat(banger.execs)
                .extracting(exec -> exec.command())
                .containsExactly(List.of("ls", "-la"), List.of("ls", "-la"), List.of("echo", "--", "-x"));
    }

    @Test
    void environmentComesFromTheOptionOrTheCaller() {
        banger.vm("dev", VmState.RUNNING);
        console.with("TOKEN", "t");
        run("vm", "exec", "-e", "A=b=c", "-e", "TOKEN", "-e", "UNSET", "-u", "app", "-w", "/srv", "dev", "--", "env");

        assertThat(banger.execs.getFirst().environment())
                .containsExactlyInAnyOrderEntriesOf(Map.of("A", "b=c", "TOKEN", "t"));
        assertThat(banger.execs.getFirst().user()).isEqualTo("app");
        assertThat(banger.execs.getFirst().directory()).isEqualTo("/srv");
    }

    @Test
    void aTerminalIsAllocatedOnATerminalAndCanBeRefused() {
        banger.vm("dev", VmState.RUNNING);
        console.onTerminal();
        run("vm", "exec", "dev", "--", "top");
        run("vm", "exec", "-T", "dev", "--", "top");

        assertThat(banger.execs.getFirst().terminal()).isNotNull();
        assertThat(banger.execs.get(1).terminal()).isNull();
        assertThat(console.rawChanges).isEqualTo(2);
    }

    @Test
    void runWithRmDeletesTheVmAfterTheCommandAndSaysNoReminder_P63() {
        console.onTerminal();
        banger.status = 3;
        assertThat(run("vm", "run", "--rm", "-T", "--", "false")).isEqualTo(3);
        assertThat(banger.vms).isEmpty();
        assertThat(banger.creates.getFirst().ephemeral()).isTrue();
        assertThat(console.err()).doesNotContain("still running");
    }

    @Test
    void runWithRmDeletesTheVmAlsoWhenTheCommandCannotRun() {
        banger.execFailure = ErrorCode.COMMAND_NOT_FOUND;
        assertThat(run("vm", "run", "--rm", "--", "nosuch")).isEqualTo(127);
        assertThat(banger.vms).isEmpty();
    }

    @Test
    void runWithoutRmKeepsTheVmAndRemindsOnATerminal() {
        console.onTerminal();
        assertThat(run("vm", "run", "--name", "dev", "-T", "--", "true")).isZero();
        assertThat(banger.vms).containsKey("dev");
        assertThat(console.err()).contains("still running");
    }

    @Test
    void oneOfSeveralFailingDoesNotStopTheOthers_P36() {
        banger.vm("a", VmState.RUNNING).vm("b", VmState.RUNNING);
        assertThat(run("vm", "stop", "a", "nosuch", "b")).isEqualTo(125);
        assertThat(banger.calls).containsExactly("stop a", "stop b");
        assertThat(console.out()).isEqualTo("a\nb\n");
        assertThat(console.err()).contains("nosuch");
    }

    @Test
    void jsonHasTheDocumentedNames() {
        banger.vm("dev", VmState.RUNNING);
        run("vm", "show", "dev", "--json");
        assertThat(console.out())
                .contains(
                        "\"id\"",
                        "\"name\"",
                        "\"state\": \"running\"",
                        "\"vmm\"",
                        "\"acceleration\"",
                        "\"pid\": 4711",
                        "\"address\"",
                        "\"directory\"",
                        "\"image\"",
                        "\"kernel\"",
                        "\"cpus\"",
                        "\"memoryMiB\"");
        run("daemon", "status", "--json");
        assertThat(console.out()).contains("\"pid\": 42", "\"version\"", "\"socket\"");
    }

    @Test
    void quietListsNamesAlone() {
        banger.vm("a", VmState.RUNNING).vm("b", VmState.STOPPED);
        run("vm", "ls", "-q");
        assertThat(console.out()).isEqualTo("a\nb\n");
    }

    @Test
    void pruneAsksAndWithoutAnAnswerDeletesNothing() {
        banger.vm("a", VmState.STOPPED).vm("b", VmState.RUNNING);
        assertThat(run("vm", "prune")).isEqualTo(2);
        console.onTerminal().typing("n\n");
        assertThat(run("vm", "prune")).isEqualTo(2);
        assertThat(banger.calls).isEmpty();
        console.typing("y\n");
        assertThat(run("vm", "prune")).isZero();
        assertThat(run("vm", "prune", "--yes")).isZero();
        assertThat(banger.calls).containsExactly("prune 1", "prune 1");
    }

    @Test
    void sshBecomesTheUsersSshWithAKnownHostKey_P59() {
        banger.vm("dev", VmState.RUNNING);
        assertThat(run("vm", "ssh", "dev", "--", "-L", "8080:localhost:80", "-v", "uname", "-a"))
                .isZero();

        assertThat(console.became)
                .startsWith("ssh", "-i", "/s p/key")
                .contains(
                        "StrictHostKeyChecking=yes",
                        "ForwardAgent=no",
                        "UserKnownHostsFile=\"/s p/known_hosts\"",
                        "ProxyCommand='/o p/it'\\''s 100%%/banger' internal tcp --wait 90 0123456789ab 22");
        assertThat(console.became).endsWith("-L", "8080:localhost:80", "-v", "banger-0123456789ab", "uname", "-a");
    }

    @Test
    void sshToAStoppedVmSaysHowToStartIt() {
        banger.vm("dev", VmState.STOPPED);
        assertThat(run("vm", "ssh", "dev")).isEqualTo(125);
        assertThat(console.err()).contains("banger vm start dev");
        assertThat(console.became).isEmpty();
    }

    @Test
    void logsLoseControlCharactersOnATerminalAlone() {
        banger.vm("dev", VmState.RUNNING).log = "ok\u001b]0;evil\u0007\u009b31m\ttab\nend\n";
        run("vm", "logs", "dev");
        assertThat(console.out()).isEqualTo(banger.log);
        FakeConsole terminal = new FakeConsole().onTerminal();
        new BangerCli(banger, "1.0", "b1", Path.of("banger")).run(List.of("vm", "logs", "dev"), terminal);
        assertThat(terminal.out()).isEqualTo("ok]0;evil31m\ttab\nend\n");
    }

    @Test
    void coloursAreForTerminalsThatWantThem() {
        console.onTerminal();
        run("vm", "show", "nosuch");
        assertThat(console.err()).contains("\u001b[31m");
        FakeConsole plain = new FakeConsole().onTerminal().with("NO_COLOR", "1");
        new BangerCli(banger, "1.0", "b1", Path.of("banger")).run(List.of("vm", "show", "nosuch"), plain);
        assertThat(plain.err()).doesNotContain("\u001b");
    }

    @ParameterizedTest
    @CsvSource({
        "512, 536870912",
        "512M, 536870912",
        "512MiB, 536870912",
        "512mb, 536870912",
        "4GiB, 4294967296",
        "4 GiB, 4294967296",
        "1.5g, 1610612736",
        "1T, 1099511627776",
        "0, 0"
    })
    void sizesAreReadAsPeopleWriteThem_P74(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @Test
    void sizesAreShownShort() {
        assertThat(Sizes.show(0)).isEqualTo("0 B");
        assertThat(Sizes.show(8L << 30)).isEqualTo("8 GiB");
        assertThat(Sizes.show(1_300_000_000)).isEqualTo("1.2 GiB");
    }

    @Test
    void doctorFailsWithItsReport() {
        assertThat(run("doctor")).isEqualTo(1);
        assertThat(console.out()).contains("FAIL  qemu: not there").contains("install it");
    }

    @Test
    void completionIsAScriptForTheShell() {
        assertThat(run("completion", "bash")).isZero();
        assertThat(console.out()).contains("complete -F").contains("banger");
        assertThat(run("completion", "fish")).isEqualTo(2);
    }
}
