package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Closing publishes what is left, so after it everything can be looked at. */
@Timeout(60)
class MappingToolTest {
    private static final String HEAD = "# Written by banger, as a whole, whenever a VM starts or ends.\n";

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("with space/names.hosts");
    }

    private Path program(String script) throws IOException {
        Path program = directory.resolve("tool");
        Files.writeString(program, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return program;
    }

    private MappingTool tool(Optional<Path> program) {
        return new MappingTool(file(), program, new ProgramRunner(System.getenv()));
    }

    @Test
    void namesAreLinesOfAHostsFileThatOthersCanRead() throws IOException {
        try (MappingTool tool = tool(Optional.empty())) {
            tool.replaceDns(Map.of("web.vm", "127.64.0.3", "dev.vm", "127.64.0.2"));
            tool.start();
        }

        assertThat(file()).hasContent(HEAD + "127.64.0.2 dev.vm\n127.64.0.3 web.vm\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-r--r--");
        try (var entries = Files.list(file().getParent())) {
            assertThat(entries).hasSize(1);
        }
    }

    @Test
    void whatAPredecessorPublishedIsReplacedThoughNoVmRuns() throws IOException {
        Files.createDirectories(file().getParent());
        Files.writeString(file(), "127.64.0.2 old.vm\n");

        try (MappingTool tool = tool(Optional.empty())) {
            tool.start();
        }

        assertThat(file()).hasContent(HEAD);
    }

    @Test
    void theProgramIsRunWithTheFileAfterEachChange() throws IOException {
        Path seen = directory.resolve("seen");
        Path program = program("cat \"$1\" >>'" + seen + "'; echo \"$#\" >>'" + seen + "'");
        try (MappingTool tool = tool(Optional.of(program))) {
            tool.start();
            tool.replaceDns(Map.of("dev.vm", "127.64.0.2"));
        }

        assertThat(Files.readString(seen)).endsWith(HEAD + "127.64.0.2 dev.vm\n1\n");
    }

    @Test
    void aProgramThatFailsIsAWarningWithItsOutput() throws IOException {
        MappingTool tool = tool(Optional.of(program("echo 'no such zone' >&2; exit 3")));
        tool.start();
        tool.close();

        assertThat(tool.doctor()).singleElement().satisfies(check -> {
            assertThat(check.status()).isEqualTo(Status.WARN);
            assertThat(check.finding()).contains("no such zone", "exit status 3");
        });
        assertThat(file()).hasContent(HEAD);
    }

    @Test
    void afterAFailureTheNextChangeIsPublishedAgain() throws Exception {
        Path broken = directory.resolve("broken");
        Files.createFile(broken);
        MappingTool tool = tool(Optional.of(program("test ! -e '" + broken + "'")));
        tool.start();
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; tool.doctor().getFirst().status() != Status.WARN; i++) {
            assertThat(i).as("tries").isLessThan(1000);
            assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
        }

        Files.delete(broken);
        tool.replaceDns(Map.of("dev.vm", "127.64.0.2"));
        tool.close();
        tool.close();

        assertThat(tool.doctor()).singleElement().extracting(Check::status).isEqualTo(Status.PASS);
    }

    @Test
    void aFileThatCannotBeWrittenIsAWarning() throws IOException {
        Files.writeString(directory.resolve("with space"), "a file in the directory's place");
        MappingTool tool = tool(Optional.empty());
        tool.start();
        tool.close();

        assertThat(tool.doctor()).singleElement().extracting(Check::status).isEqualTo(Status.WARN);
    }
}
