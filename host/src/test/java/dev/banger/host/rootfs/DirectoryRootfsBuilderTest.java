package dev.banger.host.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryRootfsBuilderTest {
    private final ProgramRunner programs = new ProgramRunner(System.getenv());
    private final DirectoryRootfsBuilder builder = new DirectoryRootfsBuilder(programs, UserNamespace.of(programs));

    @TempDir
    Path directory;

    @Test
    void anAlpineLikeRootBecomesAnImageAndStaysWhereItIs_P22() throws Exception {
        Path root = directory.resolve("root");
        Files.createDirectories(root.resolve("bin"));
        Path staging = Files.createDirectory(directory.resolve("staging"));
        Files.setPosixFilePermissions(
                Files.writeString(root.resolve("bin/busybox"), "busybox"),
                PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createSymbolicLink(root.resolve("bin/sh"), Path.of("busybox"));

        Built built = builder.build(
                new ImageBuild(null, "directory", root.toString(), List.of(), false), staging, Progress.none());

        assertThat(built).isEqualTo(new Built("directory root", false, 10L << 30));
        assertThat(root.resolve("bin/busybox")).hasContent("busybox");
        assertThat(staging).isDirectoryNotContaining(file -> !file.endsWith("rootfs"));
        assertThat(programs.run(Program.of(
                                Duration.ofSeconds(20),
                                "debugfs",
                                "-R",
                                "stat /bin/busybox",
                                staging.resolve("rootfs").toString()))
                        .text())
                .containsPattern("Mode: +0755")
                .containsPattern("User: +0 +Group: +0 ");
    }

    @Test
    void packagesCannotBeAddedToIt() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> builder.build(
                        new ImageBuild(null, "directory", directory.toString(), List.of("jq"), false),
                        directory,
                        Progress.none()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
    }

    @Test
    void aMissingDirectoryIsNamed() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> builder.build(
                        new ImageBuild(
                                null, "directory", directory.resolve("nowhere").toString(), List.of(), false),
                        directory,
                        Progress.none()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
                .withMessageContaining("nowhere");
    }
}
