package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ClientProcessTest {
    private final ClientProcess process = new ClientProcess(Map.of("BANGER_HOME", "/there", "PATH", "/usr/bin:/bin"));

    @Test
    void theTimeIsThatOfTheWholeProcess() {
        assertThat(process.run(List.of("sleep", "0.2"))).isGreaterThanOrEqualTo(Duration.ofMillis(200));
    }

    @Test
    void itHasTheCallersEnvironmentAndNoInput() {
        process.run(List.of("sh", "-c", "test \"$BANGER_HOME\" = /there && test -z \"$HOME$(cat)\""));
    }

    @Test
    void aFailureIsToldInTheProgramsOwnWords() {
        assertThatThrownBy(() -> process.run(List.of("sh", "-c", "echo no space >&2; echo more >&2; exit 3")))
                .isInstanceOf(BangerException.class)
                .hasMessageEndingWith("ended with 3: no space");
    }

    @Test
    void aProgramThatIsNotThereIsAFailure() {
        assertThatThrownBy(() -> process.run(List.of("/no/such/program")))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HOST_COMMAND_FAILED))
                .hasMessageContaining("/no/such/program");
    }

    @Test
    void muchOnStderrDoesNotHoldItUp() {
        process.run(List.of("sh", "-c", "head -c 1000000 /dev/zero >&2"));
    }

    @Test
    void anInterruptLetsTheProgramUndoItsWorkFirst(@TempDir Path directory) throws Exception {
        Path undone = directory.resolve("undone");
        Path begun = directory.resolve("begun");
        CompletableFuture<ErrorCode> outcome = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().daemon().start(() -> {
            try {
                process.run(List.of(
                        "sh",
                        "-c",
                        "trap 'echo > \"$1\"; exit 143' TERM; echo > \"$0\"; while :; do sleep 0.05; done",
                        begun.toString(),
                        undone.toString()));
            } catch (BangerException e) {
                outcome.complete(e.code());
            }
        });
        while (!Files.exists(begun)) {
            TimeUnit.MILLISECONDS.sleep(5);
        }

        thread.interrupt();

        assertThat(outcome.get(30, TimeUnit.SECONDS)).isEqualTo(ErrorCode.CANCELLED);
        assertThat(undone).exists();
    }
}
