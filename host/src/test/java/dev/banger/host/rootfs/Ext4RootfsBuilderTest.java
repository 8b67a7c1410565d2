package dev.banger.host.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ext4RootfsBuilderTest {
    private static final long BYTES = 32L << 20;

    @TempDir
    private Path directory;

    private final ProgramRunner programs = new ProgramRunner(System.getenv());
    private Path staging = Path.of("/");
    private Path tree = Path.of("/");

    @BeforeEach
    void directories() throws IOException {
        staging = Files.createDirectory(directory.resolve("staging"));
        tree = Files.createDirectory(directory.resolve("tree"));
    }

    private Built build(Path file) {
        return new Ext4RootfsBuilder(programs)
                .build(new ImageBuild("mine", "ext4", file.toString(), List.of(), false), staging, Progress.none());
    }

    private Path fileSystem() {
        Path file = directory.resolve("root.ext4");
        new Ext4(programs).make(file, BYTES, "mine", tree, List.of());
        return file;
    }

    @Test
    void theCopyIsCheckedAndTheFileLeftAsItWas() throws IOException {
        Files.writeString(tree.resolve("file"), "kept");
        Path file = fileSystem();
        Path before = Files.copy(file, directory.resolve("before"));

        Built built = build(file);

        assertThat(built).isEqualTo(new Built("ext4 root.ext4", false, BYTES));
        assertThat(Files.mismatch(file, before)).isEqualTo(-1);
        assertThat(programs.run(Program.of(
                                Duration.ofSeconds(20),
                                "debugfs",
                                "-R",
                                "cat /file",
                                staging.resolve("rootfs").toString()))
                        .text())
                .isEqualTo("kept");
    }

    @Test
    void anInitIsFoundAlsoWhereItIsALink() throws IOException {
        Path systemd = Files.createDirectories(tree.resolve("lib/systemd")).resolve("systemd");
        Files.writeString(systemd, "#!/bin/true\n");
        Files.createDirectory(tree.resolve("sbin"));
        Files.createSymbolicLink(tree.resolve("sbin/init"), Path.of("../lib/systemd/systemd"));

        assertThat(build(fileSystem()).hasInit()).isTrue();
    }

    @Test
    void whatHasNoFileSystemInItIsRefused() throws IOException {
        assertThatThrownBy(() -> build(directory.resolve("none"))).hasMessageContaining("there is no file");
        assertThatThrownBy(() -> build(Files.write(directory.resolve("zeros"), new byte[4096])))
                .hasMessageContaining("holds no ext4 file system");
        assertThatThrownBy(() -> build(Files.write(directory.resolve("short"), new byte[3])))
                .hasMessageContaining("holds no ext4 file system");
        assertThat(staging).isEmptyDirectory();
    }
}
