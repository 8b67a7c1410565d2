package dev.banger.host.linux.ext4;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Sha256;
import dev.banger.host.linux.ext4.Inode.Type;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes out is a file system to e2fsck, at the edges too. */
class Ext4ImageTest {
    private static final long MIB = 1 << 20;

    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    Path directory;

    /** Fills an image. */
    @FunctionalInterface
    interface Filling {
        void fill(Ext4Image image) throws IOException;
    }

    private Path made(long bytes, Filling filling) throws IOException {
        Path file = directory.resolve("image");
        new Ext4(programs).make(file, bytes, "test");
        try (Ext4Image image = Ext4Image.open(file)) {
            filling.fill(image);
            image.finish();
        }
        run("e2fsck", "-fn", file.toString());
        return file;
    }

    private String run(String... argv) {
        return programs.run(Program.of(Duration.ofMinutes(2), argv)).text();
    }

    private String debugfs(Path file, String request) {
        return run("debugfs", "-R", request, file.toString());
    }

    private static Inode file(Ext4Image image, byte[] content) throws IOException {
        Inode file = new Inode(Type.REGULAR).own(0644, 0, 0);
        image.begin().bytes(content, 0, content.length);
        image.end(file);
        return file;
    }

    @Test
    void anEmptyOneIsWhole() throws Exception {
        Path file = made(512 * MIB, image -> {});

        assertThat(debugfs(file, "ls -p /")).contains("/lost+found/");
    }

    @Test
    void aFileInManyPiecesHasATreeOfExtents() throws Exception {
        byte[] piece = new byte[4096];
        int pieces = 1500; // more than the 340 of a block, so that an index has several
        Path file = made(1024 * MIB, image -> {
            FileContent content = image.begin();
            for (int each = 0; each < pieces; each++) {
                ByteBuffer.wrap(piece).putInt(0, each + 1);
                content.bytes(piece, 0, piece.length);
                content.zeros(128 * 1024 - piece.length);
            }
            Inode inode = new Inode(Type.REGULAR);
            image.end(inode);
            image.put(image.root(), "pieces", inode, 0);
        });

        assertThat(debugfs(file, "ex /pieces")).contains("1/ 2   1/  5");
        Path out = directory.resolve("out");
        debugfs(file, "dump /pieces " + out);
        try (var channel = Files.newByteChannel(out)) {
            assertThat(channel.size()).isEqualTo(pieces * 128L * 1024);
            for (int each = 0; each < pieces; each += 499) {
                ByteBuffer number = ByteBuffer.allocate(4);
                channel.position(each * 128L * 1024).read(number);
                assertThat(number.getInt(0)).isEqualTo(each + 1);
            }
        }
    }

    @Test
    void aLargeFileCrossesGroups() throws Exception {
        byte[] piece = new byte[(int) MIB];
        Random random = new Random(1);
        MessageDigest expected = Sha256.begin();
        Path file = made(1024 * MIB, image -> {
            FileContent content = image.begin();
            for (int each = 0; each < 300; each++) {
                random.nextBytes(piece);
                expected.update(piece);
                content.bytes(piece, 0, piece.length);
            }
            Inode large = new Inode(Type.REGULAR);
            image.end(large);
            image.put(image.root(), "large", large, 0);
        });

        Path out = directory.resolve("out");
        debugfs(file, "dump /large " + out);
        MessageDigest actual = Sha256.begin();
        try (InputStream in = Files.newInputStream(out)) {
            for (int got = in.read(piece); got >= 0; got = in.read(piece)) {
                actual.update(piece, 0, got);
            }
        }
        assertThat(actual.digest()).isEqualTo(expected.digest());
    }

    @Test
    void aDirectoryHasManyNamesAndManyDirectories() throws Exception {
        Path file = made(512 * MIB, image -> {
            Inode many = new Inode(Type.DIRECTORY);
            image.put(image.root(), "many", many, 0);
            Inode shared = file(image, new byte[] {1});
            for (int each = 0; each < 20_000; each++) {
                image.put(many, each + "n".repeat(each % 250), each % 2 == 0 ? new Inode(Type.FIFO) : shared, 0);
            }
            for (int each = 0; each < 300; each++) {
                image.put(many, "d" + each, new Inode(Type.DIRECTORY), 0);
            }
        });

        assertThat(debugfs(file, "stat /many")).contains("Links: 302");
        assertThat(debugfs(file, "stat /many/1n")).contains("Links: 10000");
    }

    @Test
    void whatWasReplacedIsFreeAgain() throws Exception {
        byte[] content = new byte[(int) (6 * MIB)];
        new Random(1).nextBytes(content);

        Path file = made(512 * MIB, image -> {
            for (int each = 0; each < 100; each++) { // more than fits, were it all kept
                image.put(image.root(), "same", new Inode(Type.FIFO), 0);
                image.put(image.root(), "same", file(image, content), 0);
            }
        });

        Path out = directory.resolve("out");
        debugfs(file, "dump /same " + out);
        assertThat(Files.readAllBytes(out)).isEqualTo(content);
    }

    @Test
    void moreThanFitsIsRefused() {
        byte[] content = new byte[(int) (10 * MIB)];
        new Random(1).nextBytes(content);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> made(512 * MIB, image -> {
                    for (int each = 0; each < 60; each++) {
                        image.put(image.root(), "f" + each, file(image, content), 0);
                    }
                }))
                .matches(e -> e.code() == ErrorCode.RESOURCE_EXHAUSTED);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> made(512 * MIB, image -> {
                    for (int each = 0; each < 40_000; each++) {
                        image.put(image.root(), "f" + each, new Inode(Type.FIFO), 0);
                    }
                }))
                .matches(e -> e.code() == ErrorCode.RESOURCE_EXHAUSTED);
    }

    @Test
    void attributesLieInTheInodeOrInABlock() throws Exception {
        byte[] acl = ByteBuffer.allocate(4 + 5 * 8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(2)
                .putShort((short) 1)
                .putShort((short) 6)
                .putInt(-1)
                .putShort((short) 2)
                .putShort((short) 4)
                .putInt(1000)
                .putShort((short) 4)
                .putShort((short) 4)
                .putInt(-1)
                .putShort((short) 0x10)
                .putShort((short) 4)
                .putInt(-1)
                .putShort((short) 0x20)
                .putShort((short) 0)
                .putInt(-1)
                .array();
        Path file = made(512 * MIB, image -> {
            image.put(image.root(), "small", new Inode(Type.REGULAR).attributes(Map.of("user.a", new byte[] {1})), 0);
            image.put(
                    image.root(),
                    "large",
                    new Inode(Type.REGULAR)
                            .attributes(Map.of(
                                    "user.a", new byte[2000],
                                    "security.capability", new byte[20],
                                    "trusted.b", new byte[0],
                                    "system.posix_acl_access", acl)),
                    0);
        });

        assertThat(debugfs(file, "stat /small")).contains("File ACL: 0\n");
        assertThat(debugfs(file, "stat /large")).doesNotContain("File ACL: 0\n");
        assertThat(debugfs(file, "ea_list /large"))
                .contains("user.a (2000)", "security.capability (20)", "trusted.b (0)", "system.posix_acl_access");
    }

    @Test
    void whatIsNoFileSystemOfBangersIsRefused() throws Exception {
        Path file = Files.write(directory.resolve("other"), new byte[1 << 20]);

        assertThatExceptionOfType(IOException.class).isThrownBy(() -> Ext4Image.open(file));
    }
}
