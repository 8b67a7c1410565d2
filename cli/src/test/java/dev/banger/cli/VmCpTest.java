package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copying works as with {@code cp -r}: into a directory that is there, else under the name given. */
class VmCpTest {
    @TempDir
    private Path here;

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @BeforeEach
    void standHere() throws IOException {
        console.in(here);
        Files.writeString(here.resolve("file"), "hello");
    }

    private static byte[] tar(String name, String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            TarArchiveEntry entry = new TarArchiveEntry(name);
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            entry.setSize(content.length);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
        }
        return bytes.toByteArray();
    }

    private List<String> uploadedNames() throws IOException {
        List<String> names = new ArrayList<>();
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(new ByteArrayInputStream(banger.uploaded()), "UTF-8")) {
            TarArchiveEntry entry;
            while ((entry = tar.getNextEntry()) != null) {
                names.add(entry.getName());
            }
        }
        return names;
    }

    /** Whether {@code test -d} finds a directory in the guest. */
    private void theTargetIsADirectory(boolean itIs) {
        banger.running(FakeProgram.ending(itIs ? 0 : 1));
    }

    @Test
    void aFileGoesUnderTheNameGiven() throws IOException {
        theTargetIsADirectory(false);

        assertThat(console.run(banger, "vm", "cp", "file", "dev:/etc/other")).isZero();
        assertThat(banger.calls()).endsWith("upload dev:/etc");
        assertThat(uploadedNames()).containsExactly("other");
    }

    @Test
    void aFileGoesIntoADirectoryThatIsThere() throws IOException {
        theTargetIsADirectory(true);

        assertThat(console.run(banger, "vm", "cp", "file", "dev:/etc")).isZero();
        assertThat(banger.calls()).endsWith("upload dev:/etc");
        assertThat(uploadedNames()).containsExactly("file");
    }

    @Test
    void aTargetWithASlashIsADirectoryWithoutAsking() throws IOException {
        assertThat(console.run(banger, "vm", "cp", "file", "dev:/srv/")).isZero();
        assertThat(banger.calls()).containsExactly("upload dev:/srv");
        assertThat(uploadedNames()).containsExactly("file");
    }

    @Test
    void aRelativeTargetLiesInTheUsersHome() throws IOException {
        theTargetIsADirectory(false);

        console.run(banger, "vm", "cp", "file", "dev:other");
        assertThat(banger.calls()).endsWith("upload dev:/root");

        console.run(banger, "vm", "cp", "file", "dev:");
        assertThat(banger.calls()).endsWith("upload dev:/root");
        assertThat(uploadedNames()).containsExactly("file");
    }

    @Test
    void aTreeIsCopiedWhole() throws IOException {
        Files.createDirectories(here.resolve("tree/sub"));
        Files.writeString(here.resolve("tree/sub/leaf"), "x");
        Files.createSymbolicLink(here.resolve("tree/link"), Path.of("sub/leaf"));
        theTargetIsADirectory(false);

        assertThat(console.run(banger, "vm", "cp", "tree", "dev:/srv/app")).isZero();
        assertThat(uploadedNames()).containsExactlyInAnyOrder("app/", "app/sub/", "app/sub/leaf", "app/link");
    }

    @Test
    void theCurrentDirectoryHasAName() throws IOException {
        theTargetIsADirectory(true);

        assertThat(console.run(banger, "vm", "cp", ".", "dev:/srv")).isZero();
        assertThat(uploadedNames()).first().isEqualTo(here.getFileName() + "/");
    }

    @Test
    void aFileComesUnderTheNameGiven() throws IOException {
        banger.sending("/etc/hostname", tar("hostname", "dev\n"));

        assertThat(console.run(banger, "vm", "cp", "dev:/etc/hostname", "name.txt"))
                .isZero();
        assertThat(here.resolve("name.txt")).hasContent("dev");
    }

    @Test
    void aFileComesIntoADirectoryThatIsThere() throws IOException {
        banger.sending("/etc/hostname", tar("hostname", "dev\n"));

        assertThat(console.run(banger, "vm", "cp", "dev:/etc/hostname", ".")).isZero();
        assertThat(here.resolve("hostname")).hasContent("dev");
    }

    @Test
    void whatIsNotThereIsSaid() {
        assertThat(console.run(banger, "vm", "cp", "nothing", "dev:/srv/")).isEqualTo(125);
        assertThat(console.err()).contains("there is no " + here.resolve("nothing"));

        banger.refuse("dev:/nothing", new BangerException(ErrorCode.NOT_FOUND, "/nothing: no such file"));
        assertThat(console.run(banger, "vm", "cp", "dev:/nothing", ".")).isEqualTo(125);
        assertThat(console.err()).contains("/nothing: no such file");
    }

    @Test
    void aStreamThatBreaksOffIsAnError() throws IOException {
        byte[] whole = tar("big", "x".repeat(4000));
        banger.sending("/big", Arrays.copyOf(whole, 1024));

        assertThat(console.run(banger, "vm", "cp", "dev:/big", ".")).isEqualTo(125);
        assertThat(console.err()).contains("cannot write to");
    }

    @Test
    void aGuestThatSendsANameThisHostCannotHaveIsAnError() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            // An extended header (pax(1)) names the next entry; no file's name can have a NUL.
            byte[] header = "12 path=a\u0000b\n".getBytes(StandardCharsets.UTF_8);
            TarArchiveEntry extended = new TarArchiveEntry("header", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
            extended.setSize(header.length);
            tar.putArchiveEntry(extended);
            tar.write(header);
            tar.closeArchiveEntry();
            tar.putArchiveEntry(new TarArchiveEntry("plain"));
            tar.closeArchiveEntry();
        }
        banger.sending("/odd", bytes.toByteArray());

        assertThat(console.run(banger, "vm", "cp", "dev:/odd", ".")).isEqualTo(125);
        assertThat(console.err()).contains("cannot write to");
    }

    @Test
    void aPathWithAColonBehindASlashIsOnThisMachine() throws IOException {
        Files.writeString(here.resolve("a:b"), "x");
        theTargetIsADirectory(false);

        assertThat(console.run(banger, "vm", "cp", "./a:b", "dev:/srv/x")).isZero();
    }
}
