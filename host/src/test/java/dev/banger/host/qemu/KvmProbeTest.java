package dev.banger.host.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.linux.ProgramRunner;
import dev.banger.vm.Acceleration;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmProbeTest {
    @TempDir
    private Path directory;

    private KvmProbe probe() {
        return new KvmProbe(new ProgramRunner(System.getenv()), directory);
    }

    @Test
    void theTestGuestRunsWhereGuestsRun() {
        assertThat(probe().run(Acceleration.TCG)).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void withoutADeviceKvmIsRefusedWithAReason() {
        String obstacle = probe().obstacle();
        if (Files.exists(Path.of("/dev/kvm"))) {
            // Whether it works depends on the host; a refusal has a reason, and asking twice gives the same answer.
            assertThat(probe().obstacle()).isEqualTo(obstacle);
        } else {
            assertThat(obstacle).contains("/dev/kvm");
        }
    }
}
