package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.host.linux.Ext4Files.Node;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reading what mke2fs has written. */
@Timeout(120)
class Ext4FilesTest {
    private static final long BYTES = 64L << 20;

    @TempDir
    private Path directory;

    private Path tree;

    @BeforeEach
    void aTree() throws IOException {
        tree = Files.createDirectory(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("etc/empty"));
        Files.writeString(tree.resolve("etc/file"), "text\n");
        Files.setPosixFilePermissions(tree.resolve("etc/file"), PosixFilePermissions.fromString("rwxr-x---"));
        Files.createSymbolicLink(tree.resolve("etc/link"), Path.of("file"));
        Files.createSymbolicLink(tree.resolve("etc/long"), Path.of("./".repeat(50) + "file"));
        Files.createSymbolicLink(tree.resolve("sbin"), Path.of("/etc/../etc"));
        Files.createSymbolicLink(tree.resolve("loop"), Path.of("loop"));
        for (int i = 0; i < 500; i++) {
            Files.writeString(tree.resolve("etc/empty/a-rather-long-name-of-a-file-" + i), "");
        }
        try (RandomAccessFile sparse =
                new RandomAccessFile(tree.resolve("sparse").toFile(), "rw")) {
            sparse.seek(5 << 20);
            sparse.write("end".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private Path image(String name) {
        Path image = directory.resolve(name);
        new Ext4(new ProgramRunner(System.getenv())).make(image, BYTES, "test", tree, List.of());
        return image;
    }

    private static String text(Ext4Files files, String path) throws IOException {
        return new String(files.content(files.find(path).orElseThrow(), 100), StandardCharsets.UTF_8);
    }

    @Test
    void allFilesAreThereWithWhatIsKnownOfThem() throws IOException {
        try (Ext4Files files = Ext4Files.open(image("image"))) {
            SortedMap<String, Node> all = files.all();

            assertThat(all)
                    .hasSize(500 + 9)
                    .containsKeys("/", "/etc/empty", "/loop")
                    .doesNotContainKey("/lost+found");
            assertThat(files.find("etc/file").orElseThrow().mode()).isEqualTo(0x8000 | 0750);
            assertThat(files.find("etc/file").orElseThrow().size()).isEqualTo(5);
            assertThat(text(files, "/etc/file")).isEqualTo("text\n");
        }
    }

    @Test
    void linksAreFollowedAsInTheGuest() throws IOException {
        try (Ext4Files files = Ext4Files.open(image("image"))) {
            assertThat(text(files, "sbin/link")).isEqualTo("text\n");
            assertThat(text(files, "etc/long")).isEqualTo("text\n");
            assertThat(files.find("loop")).isEmpty();
            assertThat(files.find("etc/file/below")).isEmpty();
            assertThat(files.hasInit()).isFalse();
        }
    }

    @Test
    void contentIsCompared() throws IOException {
        Path before = image("before");
        Files.writeString(tree.resolve("etc/file"), "next\n");
        Files.delete(tree.resolve("etc/empty/a-rather-long-name-of-a-file-1")); // blocks move
        Path after = image("after");

        try (Ext4Files a = Ext4Files.open(before);
                Ext4Files b = Ext4Files.open(after)) {
            for (Map.Entry<String, Node> other : b.all().entrySet()) {
                String path = other.getKey();
                boolean link = other.getValue().isLink(); // find would follow it
                Node mine = link
                        ? a.all().getOrDefault(path, other.getValue())
                        : a.find(path).orElseThrow();
                assertThat(a.sameContent(mine, b, other.getValue())).as(path).isEqualTo(!path.equals("/etc/file"));
            }
        }
    }

    @Test
    void whatIsNoFileSystemIsSaid() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "no file system ".repeat(1000));

        assertThat(Ext4Files.isOne(text)).isFalse();
        assertThatThrownBy(() -> Ext4Files.open(text).close()).isInstanceOf(IOException.class);
        assertThat(Ext4Files.isOne(Files.writeString(directory.resolve("short"), "x")))
                .isFalse();
        assertThat(Ext4Files.isOne(image("image"))).isTrue();
    }

    /** Whatever a guest has written: an answer or an IOException, and soon. */
    @Test
    void damageIsAnErrorAndNothingElse() throws IOException {
        Path image = image("image");
        byte[] metadata;
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            metadata = new byte[1 << 19];
            file.readFully(metadata);
        }
        Random random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            byte[] bad = metadata.clone();
            for (int i = 0; i < 400; i++) {
                bad[(i < 4 ? 1024 : 4096) + random.nextInt(i < 4 ? 256 : bad.length - 4096)] = (byte) random.nextInt();
            }
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                file.write(bad);
            }
            try (Ext4Files files = Ext4Files.open(image)) {
                for (Node node : files.all().values()) {
                    files.content(node, 1 << 20);
                }
                files.hasInit();
            } catch (IOException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(0);
    }
}
