package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarTest {
    @TempDir
    private Path directory;

    private final ByteArrayOutputStream stream = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(stream, "UTF-8");

    private void file(String name, int mode, String content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setMode(mode);
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        entry.setSize(bytes.length);
        tar.putArchiveEntry(entry);
        tar.write(bytes);
        tar.closeArchiveEntry();
    }

    private void directory(String name, int mode) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name + "/", true);
        entry.setMode(mode);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
    }

    private void link(String name, String target) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
        entry.setLinkName(target);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
    }

    private void unpack(Path target, boolean into) throws IOException {
        tar.finish();
        Tar.unpack(new ByteArrayInputStream(stream.toByteArray()), target, into);
    }

    @Test
    void aTreeComesBackAsItWas() throws Exception {
        Path source = directory.resolve("source");
        Files.createDirectories(source.resolve("a/b"));
        Files.writeString(source.resolve("a/b/file"), "text");
        Files.setPosixFilePermissions(source.resolve("a/b/file"), PosixFilePermissions.fromString("rwxr-x---"));
        Files.createSymbolicLink(source.resolve("a/link"), Path.of("b/file"));
        Files.writeString(source.resolve("n".repeat(120)), "long");
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        Tar.pack(source, "copy", packed);

        Tar.unpack(new ByteArrayInputStream(packed.toByteArray()), directory.resolve("target"), false);

        assertThat(directory.resolve("target/a/b/file")).hasContent("text");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("target/a/b/file"))))
                .isEqualTo("rwxr-x---");
        assertThat(Files.readSymbolicLink(directory.resolve("target/a/link"))).isEqualTo(Path.of("b/file"));
        assertThat(directory.resolve("target").resolve("n".repeat(120))).hasContent("long");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil", "x/../../evil", "/evil", "x/./y"})
    void namesThatLeadElsewhereAreRefused(String name) throws Exception {
        file(name, 0644, "evil");
        Path inner = Files.createDirectory(directory.resolve("inner"));
        assertThatThrownBy(() -> unpack(inner, true)).isInstanceOf(IOException.class);
        assertThat(directory.resolve("evil")).doesNotExist();
        assertThat(inner).isEmptyDirectory();
    }

    @Test
    void nothingIsWrittenThroughAPlantedLink_P83() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Path inner = Files.createDirectory(directory.resolve("inner"));
        directory("x", 0755);
        link("x/l", outside.toString());
        file("x/l/evil", 0644, "evil");
        assertThatThrownBy(() -> unpack(inner, true)).hasMessageContaining("link");
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void aFileIsNotWrittenThroughALinkOfItsOwnName() throws Exception {
        Path outside = Files.writeString(directory.resolve("outside"), "mine");
        Path inner = Files.createDirectory(directory.resolve("inner"));
        link("x", outside.toString());
        file("x", 0644, "evil");
        assertThatThrownBy(() -> unpack(inner, true)).isInstanceOf(IOException.class);
        assertThat(outside).hasContent("mine");
    }

    @Test
    void modesOfDirectoriesDoNotReachThroughALinkThatTookTheirPlace() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rwx------"));
        Path inner = Files.createDirectory(directory.resolve("inner"));
        directory("x", 0755);
        directory("x/d", 0777);
        link("x/d", outside.toString());
        unpack(inner, true);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(outside)))
                .isEqualTo("rwx------");
    }

    @Test
    void setUidBitsAreDropped() throws Exception {
        file("x", 06755, "program");
        unpack(directory, true);
        assertThat((Integer) Files.getAttribute(directory.resolve("x"), "unix:mode") & 07777)
                .isEqualTo(0755);
    }
}
