package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command line ends with, and what it says then. */
class ExitStatusTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 42, 125, 126, 127, 130, 137, 255})
    void theGuestCommandsOwnStatusIsPassedOn(int status) {
        banger.running(FakeProgram.ending(status));

        assertThat(console.run(banger, "vm", "exec", "dev", "--", "job")).isEqualTo(status);
        assertThat(console.err()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void aFailureEndsWithTheExitCodeOfItsKindAndOneLine(ErrorCode code) {
        banger.refuse("dev", new BangerException(code, "what failed; what to do"));

        assertThat(console.run(banger, "vm", "show", "dev")).isEqualTo(code.exitCode());
        assertThat(console.err())
                .isEqualTo(code == ErrorCode.CANCELLED ? "banger: cancelled\n" : "banger: what failed; what to do\n");
        assertThat(console.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"COMMAND_NOT_FOUND, 127", "COMMAND_NOT_EXECUTABLE, 126", "NOT_FOUND, 125", "INVALID_ARGUMENT, 2"})
    void aProgramThatCannotRunEndsAsInAShell(ErrorCode code, int status) {
        banger.programs(request -> {
            throw new BangerException(code, "no");
        });

        assertThat(console.run(banger, "vm", "exec", "dev", "--", "job")).isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vm frobnicate",
                "frobnicate",
                "vm show",
                "vm show dev --no-such-option",
                "vm create --cpus many",
                "vm create --memory 4XB",
                "vm create --publish 80:70000",
                "vm create --wait forever",
                "vm stop",
                "vm exec dev",
                "vm run --tty --no-tty -- true",
                "vm set dev",
                "vm set dev --publish 80 --publish-none",
                "vm cp a b",
                "vm cp one:a two:b",
                "image build tar --name mine",
                "completion fish",
                "vm pause",
                "vm resume",
                "vm create --idle-pause soon",
                "vm snapshot create",
                "vm snapshot restore dev",
                "vm snapshot rm dev",
                "vm snapshot ls",
                "vm fork",
                "vm fork dev -n many",
                "template show",
                "template rm",
                "network create",
                "network show",
                "network rm",
                "image warm --memory lots",
                "vm snapshot",
                "template",
                "vm",
                "image",
                "kernel",
                "daemon"
            })
    void aWrongCommandLineEndsWith2AndChangesNothing(String line) {
        assertThat(console.run(banger, line.split(" "))).isEqualTo(2);
        assertThat(console.err()).isNotBlank().doesNotContain("Exception");
        assertThat(console.out()).isEmpty();
        assertThat(banger.calls()).isEmpty();
    }

    @Test
    void aSignalThatCancelsEndsWith130() {
        var operation = FakeOperation.unfinished(Samples.running("dev"));
        banger.creating(operation);
        var run = console.start(banger, "vm", "create", "--name", "dev");

        console.signal(2);

        assertThat(run.status()).isEqualTo(130);
        assertThat(operation.wasCancelled()).isTrue();
        assertThat(console.err()).isEqualTo("banger: cancelled\n");
    }

    @Test
    void aDefectEndsWith125AndShowsNoStackTrace() {
        banger.refuse("dev", new IllegalStateException("a defect"));

        assertThat(console.run(banger, "vm", "show", "dev")).isEqualTo(125);
        assertThat(console.err()).contains("internal error").contains("log").doesNotContain("\tat ");
    }

    @Test
    void whatStandsBehindAnErrorIsShownIndentedAndHarmless() {
        banger.refuse(
                "dev", new BangerException(ErrorCode.VMM_FAILED, "it did not start", "first\nsecond\u001b[2J", null));

        console.run(banger, "vm", "show", "dev");

        assertThat(console.err()).isEqualTo("banger: it did not start\n  | first\n  | second[2J\n");
    }

    @Test
    void doctorEndsWith1OnlyWhenACheckFailed() {
        banger.reporting(new Check(Status.WARN, "images", "none yet", "run one"));
        assertThat(console.run(banger, "doctor")).isZero();
        assertThat(console.out()).contains("WARN  images: none yet\n      run one\n");

        banger.reporting(new Check(Status.FAIL, "ssh", "not installed", ""));
        assertThat(console.run(banger, "doctor")).isEqualTo(1);
    }
}
