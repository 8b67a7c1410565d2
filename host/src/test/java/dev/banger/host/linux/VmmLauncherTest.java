package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.testkit.Records;
import dev.banger.vm.VmRuntime;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class VmmLauncherTest {
    private static final VmRuntime RUNTIME = Records.vm("dev", 1).runtime();

    private final VmmLauncher launcher = new VmmLauncher(Path.of("/banger-launch"), Duration.ofMillis(300));

    /** A template is not broken because the host is slow: only of what ended it is said that it did not start. */
    @Test
    void aVmmThatRunsButDoesNotAnswerIsLate() {
        BangerException late = launcher.withoutControl("qemu", RUNTIME, true);

        assertThat(late.code()).isEqualTo(ErrorCode.TIMED_OUT);
        assertThat(late)
                .hasMessageContaining("qemu did not answer within 0.3 s")
                .hasMessageContaining("BANGER_PATIENCE");
        BangerException ended = launcher.withoutControl("qemu", RUNTIME, false);
        assertThat(ended.code()).isEqualTo(ErrorCode.VMM_FAILED);
        assertThat(ended).hasMessage("qemu did not start: it said nothing");
    }

    @Test
    void oneThatNobodyWaitsForAnyMoreWasCancelled() {
        Thread.currentThread().interrupt();
        try {
            assertThat(launcher.withoutControl("qemu", RUNTIME, true).code()).isEqualTo(ErrorCode.CANCELLED);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void aSlowHostIsWaitedForLonger() {
        Path program = launcher.program();

        assertThat(new VmmLauncher(program, 10).control())
                .isEqualTo(new VmmLauncher(program, 1).control().multipliedBy(10));
    }
}
