package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelElfTest {
    private static final int PIECE = 1 << 20;

    @TempDir
    Path directory;

    @Test
    void aKernelSaysItsReleaseWhereverThatLies() throws IOException {
        for (int at : new int[] {200, PIECE - 5, PIECE, 3 * PIECE - 60}) {
            assertThat(KernelElf.release(kernel(18, at), "it")).isEqualTo("6.1.0-48-cloud-amd64");
        }
    }

    @Test
    void aKernelWithoutAPvhEntryIsRefusedWithWhatToDo() throws IOException {
        Path kernel = kernel(17, 200);

        assertUnusable(kernel, "CONFIG_PVH=y");
    }

    @Test
    void whatIsNoKernelForThisMachineIsRefused() throws IOException {
        Path other = kernel(18, 200);
        byte[] bytes = Files.readAllBytes(other);
        bytes[18] = 40; // ARM
        Files.write(other, bytes);
        assertUnusable(other, "x86-64");
        assertUnusable(Files.writeString(directory.resolve("text"), "hello"), "neither an ELF file nor a bzImage");
        assertUnusable(Path.of("/proc/self/exe").toRealPath(), "PVH");
        Path mute = kernel(18, 200);
        bytes = Files.readAllBytes(mute);
        bytes[200] = 'l';
        assertUnusable(Files.write(mute, bytes), "which version it is");
    }

    private void assertUnusable(Path file, String why) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> KernelElf.release(file, "the-kernel"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT))
                .withMessageStartingWith("the-kernel is no Linux kernel")
                .withMessageContaining(why);
    }

    /** An ELF file with one segment of two notes, the second of that type, and a banner. */
    private Path kernel(int note, int banner) throws IOException {
        ByteBuffer elf = ByteBuffer.allocate(3 * PIECE).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        elf.putShort(16, (short) 2).putShort(18, (short) 62).putLong(32, 64);
        elf.putShort(54, (short) 56).putShort(56, (short) 1);
        elf.putInt(64, 4).putLong(64 + 8, 128).putLong(64 + 32, 44);
        elf.position(128);
        elf.putInt(4)
                .putInt(2)
                .putInt(1)
                .put("GNU\0".getBytes(StandardCharsets.US_ASCII))
                .putInt(7);
        elf.putInt(4)
                .putInt(8)
                .putInt(note)
                .put("Xen\0".getBytes(StandardCharsets.US_ASCII))
                .putLong(0x1000);
        elf.position(banner);
        elf.put("Linux version 6.1.0-48-cloud-amd64 (somebody)"
                .substring(0, Math.min(45, elf.remaining()))
                .getBytes(StandardCharsets.US_ASCII));
        return Files.write(directory.resolve("vmlinux"), elf.array());
    }
}
