package dev.banger.host.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageDiff.Change;
import dev.banger.api.ImageDiff.FileChange;
import dev.banger.api.ImageDiff.PackageChange;
import dev.banger.api.ImageProgram;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.Image;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in file systems that mke2fs has made. */
class Ext4ComparisonTest {
    @TempDir
    private Path directory;

    private final ProgramRunner programs = new ProgramRunner(System.getenv());
    private Path tree;

    @BeforeEach
    void aTree() throws IOException {
        tree = Files.createDirectory(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("var/lib/dpkg"));
        Files.createDirectories(tree.resolve("lib/apk/db"));
        Files.writeString(tree.resolve("same"), "same");
        Files.writeString(tree.resolve("content"), "1234");
        Files.writeString(tree.resolve("mode"), "mode");
        Files.createSymbolicLink(tree.resolve("link"), Path.of("same"));
        Files.writeString(tree.resolve("old"), "");
        Files.writeString(tree.resolve("var/lib/dpkg/status"), """
                Package: bash
                Status: install ok installed
                Version: 5.2

                Package: gone
                Status: install ok installed
                Version: 1

                Package: half
                Status: deinstall ok config-files
                Version: 1
                """);
    }

    private Image image(String name) {
        Path rootfs = directory.resolve(name);
        new Ext4(programs).make(rootfs, 32 << 20, "test", tree, List.of());
        return new Image(name, name, "test", false, 32 << 20, 0, Instant.EPOCH, directory, rootfs, ImageProgram.NONE);
    }

    @Test
    void filesAndPackagesThatCameWentAndChanged() throws IOException {
        Image before = image("before");
        Files.writeString(tree.resolve("content"), "1235");
        Files.setPosixFilePermissions(tree.resolve("mode"), PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.delete(tree.resolve("link"));
        Files.createSymbolicLink(tree.resolve("link"), Path.of("mode"));
        Files.delete(tree.resolve("old"));
        Files.createDirectory(tree.resolve("new"));
        Files.writeString(tree.resolve("var/lib/dpkg/status"), """
                Package: bash
                Status: install ok installed
                Version: 5.3

                Package: jq
                Status: install ok installed
                Version: 1.6
                """);
        Files.writeString(tree.resolve("lib/apk/db/installed"), "P:musl\nV:1.2.4-r2\n\n");
        Image after = image("after");

        var diff = new Ext4Comparison().compare(before, after);

        assertThat(diff.packages())
                .containsExactly(
                        new PackageChange("bash", Change.CHANGED, "5.2", "5.3"),
                        new PackageChange("gone", Change.REMOVED, "1", null),
                        new PackageChange("jq", Change.ADDED, null, "1.6"),
                        new PackageChange("musl", Change.ADDED, null, "1.2.4-r2"));
        assertThat(diff.files())
                .containsExactly(
                        new FileChange("/content", Change.CHANGED),
                        new FileChange("/lib/apk/db/installed", Change.ADDED),
                        new FileChange("/link", Change.CHANGED),
                        new FileChange("/mode", Change.CHANGED),
                        new FileChange("/new", Change.ADDED),
                        new FileChange("/old", Change.REMOVED),
                        new FileChange("/var/lib/dpkg/status", Change.CHANGED));
    }

    @Test
    void anImageHasChangedInNothingFromItself() {
        Image image = image("image");

        var diff = new Ext4Comparison().compare(image, image);

        assertThat(diff.packages()).isEmpty();
        assertThat(diff.files()).isEmpty();
    }

    @Test
    void aFileSystemInAFileBecomesAnImage() throws IOException {
        Image image = image("image");
        Path staging = Files.createDirectory(directory.resolve("staging"));
        ImageBuild request = new ImageBuild("mine", "ext4", image.rootfs().toString(), List.of(), false);

        RootfsBuilder.Built built = new Ext4RootfsBuilder(programs).build(request, staging, Progress.none());

        assertThat(built).isEqualTo(new RootfsBuilder.Built("ext4 image", false, 32 << 20));
        // Not the same bytes: the check notes when it was.
        Image copy = new Image(
                "copy",
                "copy",
                "test",
                false,
                32 << 20,
                0,
                Instant.EPOCH,
                staging,
                staging.resolve("rootfs"),
                ImageProgram.NONE);
        assertThat(new Ext4Comparison().compare(image, copy).files()).isEmpty();
    }

    @Test
    void whatHoldsNoFileSystemIsRefused() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "text ".repeat(1000));
        ImageBuild request = new ImageBuild("mine", "ext4", text.toString(), List.of(), false);

        assertThatThrownBy(() -> new Ext4RootfsBuilder(programs).build(request, directory, Progress.none()))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
    }
}
