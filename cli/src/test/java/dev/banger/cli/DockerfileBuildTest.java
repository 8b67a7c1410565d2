package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Dockerfile built in a VM, as the command line asks the daemon for it. */
class DockerfileBuildTest {
    @TempDir
    private Path directory;

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();
    private Path context;
    private Path dockerfile;

    @BeforeEach
    void aDockerfile() throws IOException {
        context = Files.createDirectories(directory.resolve("app"));
        dockerfile = Files.writeString(context.resolve("Dockerfile"), "FROM scratch\n");
    }

    private int build(String... more) {
        String[] words = new String[more.length + 5];
        System.arraycopy(
                new String[] {"image", "build", "-f", dockerfile.toString(), context.toString()}, 0, words, 0, 5);
        System.arraycopy(more, 0, words, 5, more.length);
        return console.run(banger, words);
    }

    private static byte[] tar() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            TarArchiveEntry entry = new TarArchiveEntry("image.tar");
            entry.setSize(1);
            tar.putArchiveEntry(entry);
            tar.write('x');
            tar.closeArchiveEntry();
        }
        return bytes.toByteArray();
    }

    @Test
    void theVmBuildsAnArchiveThatIsPulledAndGoes() throws IOException {
        banger.running(FakeProgram.saying("", "STEP 1/1: FROM scratch\n")).sending("/root/image.tar", tar());

        assertThat(build("--with", "vm", "--target", "one", "--build-arg", "A=b c"))
                .isZero();

        assertThat(banger.created().image()).isEqualTo("banger-builder");
        assertThat(banger.created().ephemeral()).isTrue();
        assertThat(banger.executed().command()).endsWith("--target", "one", "--build-arg", "A=b c");
        assertThat(console.err()).contains("STEP 1/1");
        assertThat(banger.calls())
                .anySatisfy(call ->
                        assertThat(call).startsWith("pull ").contains("oci-archive:", "name=app", "refresh=true"))
                .anySatisfy(call -> assertThat(call).isEqualTo("delete " + Samples.ID));
    }

    @Test
    void aBuildThatFailsMakesNoImageAndItsVmGoes() {
        banger.running(FakeProgram.ending(3));

        assertThat(build("--with", "vm")).isEqualTo(125);

        assertThat(console.err()).contains("status 3", "no image");
        assertThat(banger.calls())
                .noneMatch(call -> call.startsWith("pull"))
                .last()
                .isEqualTo("delete " + Samples.ID);
    }

    @Test
    void whatDoesNotFitTogetherIsRefused() {
        assertThat(build("--package", "vim")).isEqualTo(2);
        assertThat(build("--build-arg", "A")).isEqualTo(2);
        assertThat(build("--with", "nobody")).isEqualTo(2);
        assertThat(build("--name", "A B")).isEqualTo(2);
        assertThat(console.run(banger, "image", "build", "debian", "--target", "x"))
                .isEqualTo(2);
        assertThat(banger.calls()).isEmpty();
    }
}
