package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.operation.Lack;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramRunnerTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @Test
    void argumentsReachTheProgramAsTheyAre() {
        Output output = programs.run(Program.of(SOON, "printf", "%s|", "a b", "$HOME", "; rm -rf *", ""));

        assertThat(output.text()).isEqualTo("a b|$HOME|; rm -rf *||");
    }

    @Test
    void programsRunInTheCLocaleWithWhatIsAddedToTheEnvironment() {
        ProgramRunner inherited = new ProgramRunner(Map.of("PATH", "/usr/bin:/bin", "KEPT", "1", "LANGUAGE", "de"));

        Output output = inherited.run(Program.of(SOON, "env").with("ADDED", "2"));

        assertThat(output.text().lines())
                .contains("LC_ALL=C", "KEPT=1", "ADDED=2")
                .noneMatch(line -> line.startsWith("LANGUAGE"));
    }

    @Test
    void onASlowHostProgramsHaveMoreTime() {
        ProgramRunner patient = new ProgramRunner(Map.of("PATH", "/usr/bin:/bin"), 100);

        patient.run(Program.of(Duration.ofMillis(100), "sleep", "0.5"));
    }

    @Test
    void aProgramReadsItsInputAndRunsInItsDirectory(@TempDir Path directory) {
        Output output = programs.run(Program.of(SOON, "sh", "-c", "cat; pwd -P")
                .reading("input\n".getBytes(StandardCharsets.UTF_8))
                .in(directory));

        assertThat(output.text().lines()).containsExactly("input", directory.toString());
    }

    @Test
    void aFailureTellsProgramStatusAndTheEndOfItsErrors() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> programs.run(Program.of(SOON, "sh", "-c", "seq 1 100 >&2; echo broken >&2; exit 7")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.HOST_COMMAND_FAILED))
                .withMessageContaining("sh failed (exit status 7)")
                .withMessageEndingWith("99\n100\nbroken")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n50\n"))
                .satisfies(e -> assertThat(e.detail()).contains("\n50\n"));
    }

    @Test
    void aProgramRunByAnotherKeepsItsNameInMessages() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> programs.run(Program.of(SOON, "false").under(List.of("env"))))
                .withMessageStartingWith("false failed (exit status 1)");
    }

    @Test
    void anAttemptAnswersWithTheStatus() {
        assertThat(programs.attempt(Program.of(SOON, "sh", "-c", "exit 3")).status())
                .isEqualTo(3);
        assertThat(programs.attempt(Program.of(SOON, "sh", "-c", "kill -9 $$")).status())
                .isEqualTo(137);
    }

    @Test
    void aProgramThatFindsTheDiskFullHasExhaustedAResource() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> programs.run(
                        Program.of(SOON, "sh", "-c", "echo 'write error: No space left on device' >&2; exit 1")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED));
    }

    @Test
    void linesAreToldFromBothStreams() {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());

        programs.run(Program.of(SOON, "sh", "-c", "printf 'one\\rtwo\\n\\nthree'; echo four >&2")
                .following(lines::add));

        assertThat(lines).containsExactlyInAnyOrder("one", "two", "three", "four");
    }

    @Test
    void aFollowersFailureEndsTheRunWithThatFailure() {
        assertThatThrownBy(() ->
                        programs.run(Program.of(SOON, "seq", "1", "100000").following(line -> {
                            throw new IllegalStateException("follower");
                        })))
                .hasMessage("follower");
    }

    @Test
    void outputIsKeptUpToALimitAndReadToItsEnd() {
        Output output = programs.run(Program.of(
                SOON, "sh", "-c", "head -c 20000000 /dev/zero; head -c 1000000 /dev/zero >&2; echo end >&2"));

        assertThat(output.stdout()).hasSize(16 * 1024 * 1024);
        assertThat(output.truncated()).isTrue();
        assertThat(output.stderr()).endsWith("end\n").hasSizeLessThan(150_000);
    }

    @Test
    void aTimeOutEndsTheProgramWithItsDescendants(@TempDir Path directory) throws Exception {
        Path pid = directory.resolve("pid");

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> programs.run(
                        Program.of(Duration.ofMillis(700), "sh", "-c", "sleep 600 & echo $! > " + pid + "; wait")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMED_OUT));

        assertThat(isAlive(pid)).isFalse();
    }

    @Test
    void anInterruptEndsTheProgramWithItsDescendantsEvenIfTheyIgnoreTerm(@TempDir Path directory) throws Exception {
        Path pid = directory.resolve("pid");
        CompletableFuture<BangerException> thrown = new CompletableFuture<>();
        Thread runner = Thread.ofPlatform().daemon().start(() -> {
            try {
                programs.run(Program.of(
                        Duration.ofMinutes(5),
                        "sh",
                        "-c",
                        "trap '' TERM; sleep 600 & echo $! > " + pid + ".new; mv " + pid + ".new " + pid
                                + "; while :; do wait; done"));
            } catch (BangerException e) {
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                thrown.complete(e);
            }
        });
        while (Files.notExists(pid)) {
            TimeUnit.MILLISECONDS.sleep(5);
        }

        runner.interrupt();

        assertThat(thrown.get(20, TimeUnit.SECONDS).code()).isEqualTo(ErrorCode.CANCELLED);
        assertThat(isAlive(pid)).isFalse();
    }

    @Test
    void aChildThatKeepsThePipesOpenDoesNotHoldTheCaller() {
        long start = System.nanoTime();

        Output output = programs.run(Program.of(SOON, "sh", "-c", "echo said; sleep 8 &"));

        assertThat(output.text()).isEqualTo("said");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(7));
    }

    @Test
    void aMissingProgramIsNamedWithThePackageThatHasIt() {
        ProgramRunner nowhere = new ProgramRunner(Map.of("PATH", "/nonexistent"));

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> nowhere.run(Program.of(SOON, "mmdebstrap", "--version")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessageContaining("apt-get install mmdebstrap");
    }

    @Test
    void everythingMissingIsNamedAtOnceWithOneCommandThatInstallsIt() {
        ProgramRunner nowhere = new ProgramRunner(Map.of("PATH", "/nonexistent"));
        List<Requirement> requirements = List.of(
                new Requirement("qemu-img", "do the first thing"),
                new Requirement("mksquashfs", "do the second thing"),
                new Requirement("/usr/include/gelf.h/none", "do the third thing"),
                new Requirement("/etc/passwd", "do what is there"), // which cannot be run
                new Requirement("mke2fs", "do what is there")); // in /sbin

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> Lack.refuse("work", nowhere.lacks(requirements)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessage("""
                        cannot work; this host lacks what it takes:
                          there is no program qemu-img on this host, needed to do the first thing
                          there is no program mksquashfs on this host, needed to do the second thing
                          there is no file /usr/include/gelf.h/none on this host, needed to do the third thing
                        what to do: %s qemu-utils squashfs-tools""".formatted(PackageInstaller.APT.command(ProcFs.uid() == 0)));
    }

    @Test
    void administratorsProgramsAreFoundWhenAUsersPathLacksThem() {
        ProgramRunner user = new ProgramRunner(Map.of("PATH", "/usr/bin:relative"));

        assertThat(user.find("mke2fs")).map(Path::getFileName).contains(Path.of("mke2fs"));
        assertThat(user.find("no-such-program")).isEqualTo(Optional.empty());
    }

    private static boolean isAlive(Path pidFile) throws Exception {
        long pid = Long.parseLong(Files.readString(pidFile).strip());
        // What was killed may be a zombie until its new parent has looked.
        Optional<ProcessHandle> handle = ProcessHandle.of(pid);
        if (handle.isEmpty()) {
            return false;
        }
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return !stat.substring(stat.lastIndexOf(')') + 2).startsWith("Z");
        } catch (java.nio.file.NoSuchFileException e) {
            return false;
        }
    }
}
