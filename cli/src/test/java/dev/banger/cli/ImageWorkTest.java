package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registering, promoting and comparing images. */
class ImageWorkTest {
    @TempDir
    private Path directory;

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void theDefaultNameIsMeantWhereNoneIsGiven() {
        assertThat(console.run(banger, "image", "promote", "mine")).isZero();
        assertThat(console.run(banger, "image", "promote", "mine", "--as", "other"))
                .isZero();

        assertThat(banger.calls()).containsExactly("promote to null mine", "promote to other mine");
        assertThat(console.out()).isEqualTo("debian\nother\n");
    }

    @Test
    void differencesAreLinesWithoutControlCharacters() {
        assertThat(console.run(banger, "image", "diff", "debian", "mine")).isZero();

        assertThat(console.out())
                .isEqualTo("package added jq 1.6\npackage changed vim 1 -> 2\nfile removed /etc/old[2J\n");
    }

    @Test
    void whatIsRegisteredIsLookedAt() throws IOException {
        Path file = directory.resolve("file");
        byte[] ext4 = new byte[4096];
        ext4[1080] = 0x53;
        ext4[1081] = (byte) 0xef;
        Files.write(file, ext4);

        console.run(banger, "image", "register", "new", "--rootfs", file.toString());
        console.run(banger, "image", "register", "new", "--rootfs", directory.toString());
        Files.writeString(file, "a tar");
        console.run(banger, "image", "register", "new", "--rootfs", file.toString());

        assertThat(banger.calls()).containsExactly("build ext4", "build directory", "build tar");
        assertThat(console.run(banger, "image", "register", "mine", "--rootfs", file.toString()))
                .as("a name that is taken")
                .isEqualTo(125);
        assertThat(console.run(
                        banger,
                        "image",
                        "register",
                        "new",
                        "--rootfs",
                        directory.resolve("nosuch").toString()))
                .isEqualTo(125);
    }
}
