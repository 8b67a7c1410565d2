package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianKernelBuildTest {
    @TempDir
    Path directory;

    @Test
    void allToolsThatAreMissingAreNamedAtOnceWithWhatToInstall() {
        ProgramRunner without = new ProgramRunner(Map.of("PATH", directory.toString()));

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() ->
                        new DebianKernels(without).build(null, Optional.empty()).fetch(directory, Progress.none()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessageContaining("there is no program gcc on this host, needed to build a kernel")
                .withMessageContaining("there is no program flex on this host, needed to build a kernel")
                .withMessageContaining("install apt bc binutils bison dpkg flex gcc ")
                .withMessageContaining(" make perl-base squashfs-tools tar xz-utils");
        assertThat(directory).isEmptyDirectory();
    }
}
