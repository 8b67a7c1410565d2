package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.LoopDevice.Attached;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the host's real loop devices, which takes root. */
class LoopDeviceTest {
    private static final long BYTES = 5 << 20;

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void aFile() throws IOException {
        file = directory.toRealPath().resolve("disk");
        try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
            content.setLength(BYTES);
            content.writeBytes("the first bytes");
        }
    }

    @AfterEach
    void noneIsLeft() {
        assertThat(oursAtLast()).isEmpty();
    }

    /** Other programs of the host may look at a device, and it is cleared when they are done. */
    private List<Attached> oursAtLast() {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!ours().isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        return ours();
    }

    private List<Attached> ours() {
        return LoopDevice.all().stream()
                .filter(each -> each.file().startsWith(file.getParent()))
                .toList();
    }

    @Test
    void rootCanHaveThemHere() {
        assertThat(LoopDevice.obstacle()).isEmpty();
    }

    @Test
    void aFileIsABlockDeviceUntilItIsClosed() throws IOException {
        try (LoopDevice loop = LoopDevice.attach(file, false)) {
            assertThat(loop.bytes()).isEqualTo(BYTES);
            assertThat(ours()).containsExactly(new Attached(loop.device(), file, false));
            try (FileChannel device = FileChannel.open(Path.of(loop.device()), StandardOpenOption.WRITE)) {
                device.write(ByteBuffer.wrap("THE".getBytes(StandardCharsets.US_ASCII)), 0);
                device.force(true);
            }
        }

        assertThat(oursAtLast()).isEmpty();
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).startsWith("THE first bytes");
    }

    @Test
    void aReadOnlyDeviceCannotBeWrittenTo() throws IOException {
        try (LoopDevice loop = LoopDevice.attach(file, true)) {
            assertThat(Files.readString(Path.of("/sys/block", loop.device().substring(5), "ro"))
                            .strip())
                    .isEqualTo("1");
            // Some kernels refuse the open, others the write.
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> {
                try (FileChannel device = FileChannel.open(Path.of(loop.device()), StandardOpenOption.WRITE)) {
                    device.write(ByteBuffer.wrap(new byte[512]), 0);
                }
            });
        }
    }

    @Test
    void aDeviceThatSomebodyHasOpenIsClearedWhenHeLetsGo() throws IOException {
        LoopDevice loop = LoopDevice.attach(file, false);
        try (FileChannel user = FileChannel.open(Path.of(loop.device()), StandardOpenOption.READ)) {
            loop.close();

            assertThat(ours()).hasSize(1);
            assertThat(user.size()).isEqualTo(BYTES);
        }

        assertThat(oursAtLast()).isEmpty();
    }

    @Test
    void aDeviceFollowsItsFileThroughARenameAndADelete() throws IOException {
        try (LoopDevice loop = LoopDevice.attach(file, false)) {
            Path renamed = Files.move(file, file.resolveSibling("renamed"));
            assertThat(ours()).containsExactly(new Attached(loop.device(), renamed, false));

            Files.delete(renamed);
            assertThat(ours()).containsExactly(new Attached(loop.device(), renamed, true));
        }
    }

    @Test
    void oneThatWasLeftIsDetached() throws IOException, InterruptedException {
        Process losetup = new ProcessBuilder("losetup", "--find", file.toString()).start();
        assertThat(losetup.waitFor()).isZero();
        Attached left = ours().getFirst();

        LoopDevice.detach(left);
        LoopDevice.detach(left); // it is gone, which is well

        assertThat(oursAtLast()).isEmpty();
    }

    @Test
    void oneThatHasAnotherFileByNowIsLeftAlone() {
        try (LoopDevice loop = LoopDevice.attach(file, false)) {
            LoopDevice.detach(new Attached(loop.device(), file.resolveSibling("another"), false));

            assertThat(ours()).hasSize(1);
        }
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> LoopDevice.attach(directory.resolve("none"), true))
                .withMessageContaining("none")
                .extracting(BangerException::code)
                .isEqualTo(ErrorCode.NOT_FOUND);
    }
}
