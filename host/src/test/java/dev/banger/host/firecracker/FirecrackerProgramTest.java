package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirecrackerProgramTest {
    @TempDir
    private Path directory;

    private FirecrackerProgram program(String wanted) {
        return new FirecrackerProgram(new ProgramRunner(Map.of("PATH", directory.toString())), wanted, directory);
    }

    private Path install(String name, String version) throws IOException {
        Path program = directory.resolve(name);
        Files.writeString(program, "#!/bin/sh\necho 'Firecracker v" + version + "'\necho\necho 'and more'\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        return program;
    }

    @Test
    void aReleaseInTheTestedRangeIsUsed() throws IOException {
        Path there = install("firecracker", "1.16.1");

        assertThat(program("").find()).contains(there);
        assertThat(program("").obstacle()).isEmpty();
        assertThat(program("").warning()).isEmpty();
        assertThat(program(there.toString()).obstacle()).isEmpty();
    }

    @Test
    void anOlderReleaseIsRefusedWithTheReason() throws IOException {
        install("firecracker", "1.11.0");

        assertThat(program("").obstacle()).contains("is release 1.11").contains("1.12 is the oldest");
    }

    @Test
    void aNewerReleaseIsUsedWithAWarning() throws IOException {
        install("firecracker", "1.17.0-dev");

        assertThat(program("").obstacle()).isEmpty();
        assertThat(program("").warning()).contains("1.17 is newer than 1.16");
    }

    @Test
    void oneThatIsNamedAndIsNotThereIsRefusedByItsName() throws IOException {
        install("firecracker", "1.16.1");

        assertThat(program("/nowhere/firecracker").obstacle())
                .contains("/nowhere/firecracker")
                .contains("is no program");
        assertThat(program(install("other", "1.16.1").toString()).obstacle()).contains("is not named firecracker");
    }

    @Test
    void oneThatSaysNoVersionIsRefused() throws IOException {
        Path program = install("firecracker", "1.16.1");
        Files.writeString(program, "#!/bin/sh\necho hello\n");

        assertThat(program("").obstacle()).contains("does not say which release");
    }
}
