package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.operation.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Configures the real source from Debian's archive: half a minute, 140 MB and 1 GB of disk. It is not compiled, which takes ten
 * minutes: scripts/bench-kernel does that.
 */
class DebianKernelBuildIT {
    @TempDir
    Path directory;

    @Test
    @Timeout(600)
    void theKernelOfTodayTakesEveryLineOfOurConfigurationAndAUsersThatItDoesNotIsNamed() throws Exception {
        ProgramRunner programs = new ProgramRunner(System.getenv());
        Path more = Files.writeString(directory.resolve("more.config"), "CONFIG_XFS_FS=y\n");
        Path work = directory.resolve("work");

        DebianKernelBuild.Prepared prepared =
                new DebianKernelBuild(programs, Path.of("/"), null, Optional.of(more)).prepare(work, Progress.none());

        assertThat(prepared.release()).matches("[0-9.]+-sandbox");
        assertThat(prepared.source()).matches("built from Debian linux-source-[0-9.]+ [0-9].*");
        List<String> lines = Files.readAllLines(work.resolve("out/.config"));
        assertThat(lines)
                .contains("CONFIG_PVH=y", "CONFIG_OVERLAY_FS=y", "CONFIG_XFS_FS=y")
                .noneMatch(line -> line.endsWith("=m"));

        KernelConfiguration impossible = KernelConfiguration.parse("CONFIG_XFS_FS=y\n# CONFIG_BLOCK is not set\n", "x");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> new DebianKernelBuild(programs, Path.of("/"), null, Optional.empty())
                        .configure(work, KernelConfiguration.sandbox().with(impossible), Progress.none()))
                .withMessageContaining("CONFIG_XFS_FS=y (it is n)")
                .withMessageContaining("CONFIG_EXT4_FS=y (it is n)");
    }
}
