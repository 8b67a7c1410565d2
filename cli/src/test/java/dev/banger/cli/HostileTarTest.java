package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More of what a guest may send instead of a decent archive (P83, threats C13, C14). */
class HostileTarTest {
    @TempDir
    private Path directory;

    private Path outside;
    private Path target;

    @BeforeEach
    void makeDirectories() throws IOException {
        outside = Files.createDirectory(directory.resolve("outside"));
        Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rwx------"));
        target = Files.createDirectory(directory.resolve("target"));
    }

    /** An archive, entry by entry, with any name and type. */
    private static final class Archive {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

        Archive file(String name, String text) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name, true);
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            entry.setSize(content.length);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            return this;
        }

        Archive special(String name, byte type, String link) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
            entry.setLinkName(link);
            tar.putArchiveEntry(entry);
            tar.closeArchiveEntry();
            return this;
        }

        Archive link(String name, Path to) throws IOException {
            return special(name, TarConstants.LF_SYMLINK, to.toString());
        }

        Archive directory(String name, int mode) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name + "/", true);
            entry.setMode(mode);
            tar.putArchiveEntry(entry);
            tar.closeArchiveEntry();
            return this;
        }

        InputStream stream() throws IOException {
            tar.finish();
            return new ByteArrayInputStream(bytes.toByteArray());
        }
    }

    private static int mode(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
    }

    private void assertNothingReachedOutside() throws IOException {
        try (Stream<Path> entries = Files.list(outside)) {
            assertThat(entries).isEmpty();
        }
        assertThat(mode(outside)).isEqualTo(0700);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a/..", "..", ".", "./evil", "a//../evil", "//evil"})
    void aNameThatLeadsElsewhereIsRefused(String name) throws IOException {
        InputStream archive = new Archive().file(name, "evil").stream();

        assertThatThrownBy(() -> Tar.unpack(archive, target, true)).hasMessageContaining("leads elsewhere");
        assertThat(target).isEmptyDirectory();
    }

    @Test
    void aNameInAMessageIsHarmless() throws IOException {
        InputStream archive = new Archive().file("../\u001b[2J\u009b2J", "").stream();

        assertThatThrownBy(() -> Tar.unpack(archive, target, true))
                .hasMessageNotContaining("\u001b")
                .hasMessageNotContaining("\u009b");
    }

    @Test
    void nothingIsWrittenThroughALinkThatTakesTheTargetsPlace() throws IOException {
        InputStream archive = new Archive().link("a", outside).file("a/evil", "evil").stream();

        assertThatThrownBy(() -> Tar.unpack(archive, directory.resolve("fresh"), false))
                .hasMessageContaining("below the link");
        assertNothingReachedOutside();
    }

    @Test
    void noDirectoryIsMadeThroughALink() throws IOException {
        InputStream archive = new Archive().link("a", outside).directory("a/evil", 0777).stream();

        assertThatThrownBy(() -> Tar.unpack(archive, target, true)).hasMessageContaining("below the link");
        assertNothingReachedOutside();
    }

    @Test
    void aDirectoryDoesNotTakeThePlaceOfALink() throws IOException {
        InputStream archive = new Archive().link("a", outside).directory("a", 0777).stream();

        assertThatThrownBy(() -> Tar.unpack(archive, target, true)).isInstanceOf(IOException.class);
        assertNothingReachedOutside();
    }

    @Test
    void aHardLinkReachesNoFileOfTheHost() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "mine");
        InputStream archive =
                new Archive().special("a", TarConstants.LF_LINK, precious.toString()).file("a", "evil").stream();

        assertThatThrownBy(() -> Tar.unpack(archive, target, true)).isInstanceOf(IOException.class);

        assertThat(precious).hasContent("mine");
    }

    @ParameterizedTest
    @ValueSource(bytes = {TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO})
    void devicesAndPipesAreLeftOut(byte type) throws IOException {
        Tar.unpack(new Archive().special("device", type, "").file("file", "x").stream(), target, true);

        assertThat(target.resolve("device")).doesNotExist();
        assertThat(target.resolve("file")).hasContent("x");
    }

    @Test
    void aReadOnlyDirectoryIsFilledAndThenReadOnly() throws IOException {
        Tar.unpack(new Archive().directory("d", 0500).file("d/file", "x").stream(), target, true);

        assertThat(target.resolve("d/file")).hasContent("x");
        assertThat(mode(target.resolve("d"))).isEqualTo(0500);
        Files.setPosixFilePermissions(target.resolve("d"), PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void aSocketDoesNotTravel() throws IOException {
        Path tree = Files.createDirectory(directory.resolve("tree"));
        Files.writeString(tree.resolve("file"), "x");
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(tree.resolve("socket")));
            Tar.pack(tree, "tree", packed);
        }

        Tar.unpack(new ByteArrayInputStream(packed.toByteArray()), target, true);

        assertThat(target.resolve("tree/file")).exists();
        assertThat(target.resolve("tree/socket")).doesNotExist();
    }
}
