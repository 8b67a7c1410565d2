package dev.banger.host.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    void theFileSystemIsCopiedAsItIs() throws IOException {
        Path file = fileSystem();

        Built built = build(file);

        assertThat(built).isEqualTo(new Built("ext4 root.ext4", false, BYTES));
        assertThat(Files.mismatch(file, staging.resolve("rootfs"))).isEqualTo(-1);
    }

    @Test
    void anInitIsFoundAlsoWhereItIsALink() throws IOException {
        Files.createDirectory(tree.resolve("sbin"));
        Files.createSymbolicLink(tree.resolve("sbin/init"), Path.of("../lib/systemd/systemd"));

        assertThat(build(fileSystem()).hasInit()).isTrue();
    }

    @Test
    void whatHasNoFileSystemInItIsRefused() throws IOException {
        assertThatThrownBy(() -> build(directory.resolve("none"))).hasMessageContaining("there is no file");
        assertThatThrownBy(() -> build(Files.write(directory.resolve("zeros"), new byte[4096])))
                .hasMessageContaining("has no ext4 file system in it");
        assertThatThrownBy(() -> build(Files.write(directory.resolve("short"), new byte[3])))
                .hasMessageContaining("has no ext4 file system in it");
        assertThat(staging).isEmptyDirectory();
    }
}
