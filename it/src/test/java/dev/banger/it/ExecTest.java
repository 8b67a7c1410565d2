package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code vm exec} behaves as a local program would. */
@Order(50)
class ExecTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("exec");

    private final Banger banger = HOME.banger();

    @BeforeAll
    void aVm() {
        banger.ok("vm", "create", "--name", "dev");
    }

    @Test
    void binaryStreamsComeBackUnchanged() throws NoSuchAlgorithmException {
        byte[] sent = new byte[50 << 20];
        new Random(1).nextBytes(sent);

        Outcome back = banger.exec("dev", "cat").input(sent).run().expect(0);

        assertThat(back.stdout()).hasSameSizeAs(sent);
        assertThat(sha256(back.stdout())).isEqualTo(sha256(sent));
    }

    private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Test
    void theExitStatusIsTheCommands() {
        banger.exec("dev", "true").run().expect(0);
        banger.exec("dev", "false").run().expect(1);
        banger.exec("dev", "sh", "-c", "exit 255").run().expect(255);
    }

    @Test
    void aProgramThatASignalEndsIs128PlusItsNumber() {
        banger.exec("dev", "sh", "-c", "kill -9 $$").run().expect(137);
        banger.exec("dev", "sh", "-c", "kill -TERM $$").run().expect(143);
    }

    @Test
    void aMissingProgramIs127AndOneThatIsNotExecutable126() {
        banger.exec("dev", "no-such-program").run().refused(127, "no-such-program");
        banger.exec("dev", "/no/such/program").run().refused(127, "/no/such/program");
        banger.exec("dev", "/etc/passwd").run().refused(126, "/etc/passwd");
        banger.exec("dev", "/etc").run().refused(126, "/etc");
    }

    @Test
    void stdoutAndStderrStayApart() {
        Outcome outcome = banger.exec("dev", "sh", "-c", "echo to-out; echo to-err >&2")
                .run()
                .expect(0);

        assertThat(outcome.out()).isEqualTo("to-out\n");
        assertThat(outcome.stderr()).isEqualTo("to-err\n");
    }

    static Stream<List<String>> words() {
        return Stream.of(
                List.of("two words", "tab\there"),
                List.of("it's", "\"quoted\"", "`id`", "$HOME", "$(id)", "back\\slash", "*", "~"),
                List.of("line\nbreak", "\n", "trailing\n"),
                List.of("", "", "between", ""),
                List.of("ä", "日本語", "🦀", "e\u0301"),
                List.of("--", "-x", "--help", "-", "--rm"),
                List.of("x".repeat(100_000)));
    }

    /** P60: what is written is what arrives. */
    @ParameterizedTest
    @MethodSource("words")
    void argumentsArriveByteForByte(List<String> words) {
        List<String> command = Stream.concat(
                        Stream.of("vm", "exec", "dev", "--", "sh", "-c", "printf '%s\\0' \"$@\"", "sh"), words.stream())
                .toList();

        Outcome echoed = banger.call(command).run().expect(0);

        assertThat(echoed.out().split("\0", -1))
                .startsWith(words.toArray(String[]::new))
                .hasSize(words.size() + 1);
    }

    @Test
    void environmentDirectoryAndUserAreAsAsked() {
        assertThat(banger.with("OUTER", "from the caller")
                        .call(
                                "vm",
                                "exec",
                                "-e",
                                "A=1 = 2",
                                "-e",
                                "EMPTY=",
                                "-e",
                                "OUTER",
                                "dev",
                                "--",
                                "sh",
                                "-c",
                                "echo \"[$A][$EMPTY][$OUTER][${NONE-unset}]\"")
                        .run()
                        .expect(0)
                        .line())
                .isEqualTo("[1 = 2][][from the caller][unset]");
        assertThat(banger.ok("vm", "exec", "-w", "/usr/share", "dev", "--", "pwd")
                        .line())
                .isEqualTo("/usr/share");
        assertThat(banger.ok("vm", "exec", "-u", "nobody", "dev", "--", "id", "-un")
                        .line())
                .isEqualTo("nobody");
        assertThat(banger.ok("vm", "exec", "-u", "65534", "dev", "--", "id", "-u")
                        .line())
                .isEqualTo("65534");
        assertThat(banger.shell("dev", "id -un; pwd; echo $HOME; echo $USER")).isEqualTo("root\n/root\n/root\nroot");
    }

    @Test
    void whatTheGuestHasNotGotIsNamed() {
        banger.run("vm", "exec", "-w", "/no/such/dir", "dev", "--", "pwd").refused(125, "/no/such/dir");
        banger.run("vm", "exec", "-u", "nosuchuser", "dev", "--", "id").refused(125, "nosuchuser");
    }

    @Test
    void theCallersSecretsStayOutside() {
        assertThat(banger.with("SECRET_TOKEN", "s3cret")
                        .exec("dev", "env")
                        .run()
                        .expect(0)
                        .out())
                .doesNotContain("SECRET_TOKEN");
    }

    /** A command that does not read stdin takes none of it: the loop sees its whole list. */
    @Test
    void stdinIsLeftToOthers() {
        Outcome loop = new Call(
                        List.of(
                                "sh",
                                "-c",
                                "while read -r x; do \"$0\" vm ls -q; echo \"after $x\"; done",
                                banger.program()),
                        banger.environment())
                .input("one\ntwo\nthree\n")
                .run()
                .expect(0);

        assertThat(loop.lines()).containsExactly("dev", "after one", "dev", "after two", "dev", "after three");
    }

    @Test
    void endOfFileReachesTheProgramWhileItStillWrites() {
        Outcome sorted = banger.exec("dev", "sh", "-c", "sort; echo done; sleep 0.2; echo later")
                .input("b\na\n")
                .run()
                .expect(0);

        assertThat(sorted.lines()).containsExactly("a", "b", "done", "later");
    }

    @Test
    void inputArrivesAsItIsTyped() throws IOException {
        try (Running cat = banger.exec("dev", "cat").open()) {
            OutputStream stdin = cat.stdin();
            stdin.write("first\n".getBytes(StandardCharsets.UTF_8));
            stdin.flush();
            cat.awaitOutput("first\n");
            stdin.write("second\n".getBytes(StandardCharsets.UTF_8));
            stdin.flush();
            cat.awaitOutput("first\nsecond\n");
            stdin.close();
            cat.await().expect(0);
        }
    }

    @Test
    void aProgramEndsAlthoughStdinStaysOpen() {
        try (Running echo = banger.exec("dev", "echo", "hello").open()) {
            assertThat(echo.await().expect(0).line()).isEqualTo("hello");
        }
    }

    @Test
    void aBrokenPipeEndsTheProgram() {
        Outcome head = new Call(
                        List.of("sh", "-c", "\"$0\" vm exec dev -- yes | head -n 1", banger.program()),
                        banger.environment())
                .run()
                .expect(0);

        assertThat(head.line()).isEqualTo("y");
        Awaitility.await("the guest's program ended")
                .atMost(Duration.ofSeconds(20))
                .until(() -> banger.shell("dev", "ps -C yes -o pid= | wc -l").equals("0"));
    }

    @Test
    void aKilledClientEndsTheProgram() {
        try (Running sleep =
                banger.exec("dev", "sh", "-c", "echo ready; exec sleep 4321").start()) {
            sleep.awaitOutput("ready");
            sleep.signal("KILL");
            sleep.await().expect(137);
        }

        Awaitility.await("the guest's program ended")
                .atMost(Duration.ofSeconds(20))
                .until(() ->
                        banger.shell("dev", "pgrep -f '[s]leep 4321' | wc -l").equals("0"));
    }

    @Test
    void signalsReachTheProgram() {
        for (String signal : List.of("INT", "TERM", "HUP", "USR1", "USR2", "QUIT")) {
            try (Running trap = banger.exec(
                            "dev",
                            "sh",
                            "-c",
                            "trap 'echo got; exit 9' " + signal + "; echo ready; while :; do sleep 0.05; done")
                    .start()) {
                trap.awaitOutput("ready");
                trap.signal(signal);
                assertThat(trap.await().expect(9).lines()).as(signal).containsExactly("ready", "got");
            }
        }
    }

    @Test
    void manyCommandsRunAtOnce() {
        List<Running> commands = Stream.iterate(1, n -> n + 1)
                .limit(20)
                .map(n -> banger.exec("dev", "sh", "-c", "sleep 0.2; echo " + n).start())
                .toList();

        for (int i = 0; i < commands.size(); i++) {
            assertThat(commands.get(i).await().expect(0).line()).isEqualTo(Integer.toString(i + 1));
        }
    }

    /** A background child that keeps stdout open does not keep the command. */
    @Test
    void backgroundChildrenAreNotWaitedFor() {
        Outcome outcome =
                banger.exec("dev", "sh", "-c", "sleep 600 & echo started").run().expect(0);

        assertThat(outcome.line()).isEqualTo("started");
        banger.shell("dev", "pkill sleep; true");
    }

    @Test
    void onATerminalTheProgramGetsATerminalOfTheSameSize() {
        Outcome outcome = Terminal.of(
                        banger,
                        "stty rows 33 cols 111; ",
                        List.of("vm", "exec", "dev", "--", "sh", "-c", "tty; stty size; echo $TERM"),
                        "")
                .open()
                .await()
                .expect(0);

        assertThat(outcome.out().replace("\r", "").lines())
                .satisfiesExactly(
                        tty -> assertThat(tty).startsWith("/dev/pts/"),
                        size -> assertThat(size).isEqualTo("33 111"),
                        term -> assertThat(term).isEqualTo("xterm"));
    }

    @Test
    void withoutATerminalItGetsNoneUnlessAskedFor() {
        assertThat(banger.exec("dev", "tty").run().expect(1).line()).isEqualTo("not a tty");
        assertThat(Terminal.of(banger, "", List.of("vm", "exec", "-T", "dev", "--", "sh", "-c", "tty || true"), "")
                        .open()
                        .await()
                        .expect(0)
                        .line())
                .isEqualTo("not a tty");
    }

    @Test
    void theTerminalIsAsBeforeWhenTheProgramHasEnded() {
        Outcome outcome = Terminal.of(
                        banger,
                        "before=$(stty -g); ",
                        List.of("vm", "exec", "dev", "--", "true"),
                        "; test \"$before\" = \"$(stty -g)\" && echo unchanged")
                .open()
                .await()
                .expect(0);

        assertThat(outcome.out()).contains("unchanged");
    }

    @Test
    void theProgramSeesWhenTheTerminalIsResized() {
        Outcome outcome = Terminal.of(
                        banger,
                        "stty rows 20 cols 80; exec 3<&0; (sleep 2; stty rows 44 cols 122 <&3) & ",
                        List.of(
                                "vm",
                                "exec",
                                "dev",
                                "--",
                                "bash",
                                "-c",
                                "trap 'stty size; exit 0' WINCH; for i in $(seq 600); do sleep 0.05; done; exit 1"),
                        "")
                .within(Duration.ofSeconds(60))
                .open()
                .await()
                .expect(0);

        assertThat(outcome.out()).contains("44 122");
    }

    @Test
    void controlCOnTheTerminalInterruptsTheGuestsProgramNotTheClient() throws IOException {
        try (Running program = Terminal.of(
                        banger,
                        "",
                        List.of(
                                "vm",
                                "exec",
                                "dev",
                                "--",
                                "sh",
                                "-c",
                                "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"),
                        "")
                .open()) {
            program.awaitOutput("ready");
            program.stdin().write(3);
            program.stdin().flush();

            assertThat(program.await().expect(5).out()).contains("caught");
        }
    }
}
