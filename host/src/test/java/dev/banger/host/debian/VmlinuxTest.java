package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZOutputStream;

class VmlinuxTest {
    private static final byte[] KERNEL = kernel();

    @Test
    void anLz4KernelOfSeveralBlocksIsUnpacked() throws Exception {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        payload.write(new byte[] {0x02, 0x21, 0x4c, 0x18});
        for (int at = 0; at < KERNEL.length; at += 100_000) {
            ByteArrayOutputStream block = new ByteArrayOutputStream();
            try (OutputStream lz4 = new BlockLZ4CompressorOutputStream(block)) {
                lz4.write(KERNEL, at, Math.min(100_000, KERNEL.length - at));
            }
            payload.write(littleEndian(block.size()));
            payload.write(block.toByteArray());
        }

        assertThat(unpacked(bzImage(sizeAppended(payload.toByteArray())))).isEqualTo(KERNEL);
    }

    @Test
    void anXzKernelWithTheX86FilterIsUnpacked() throws Exception {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        try (OutputStream xz = new XZOutputStream(
                payload, new org.tukaani.xz.FilterOptions[] {new X86Options(), new LZMA2Options()}, XZ.CHECK_CRC32)) {
            xz.write(KERNEL);
        }

        assertThat(unpacked(bzImage(sizeAppended(payload.toByteArray())))).isEqualTo(KERNEL);
    }

    @Test
    void anLzmaKernelIsUnpacked() throws Exception {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        try (OutputStream lzma = new LZMAOutputStream(payload, new LZMA2Options(), -1)) {
            lzma.write(KERNEL);
        }

        assertThat(unpacked(bzImage(sizeAppended(payload.toByteArray())))).isEqualTo(KERNEL);
    }

    @Test
    void aZstdKernelIsUnpacked() throws Exception {
        assertThat(unpacked(bzImage(sizeAppended(Zstd.compress(KERNEL))))).isEqualTo(KERNEL);
    }

    @Test
    void aGzipKernelIsUnpacked() throws Exception {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(payload)) {
            gzip.write(KERNEL);
        }

        assertThat(unpacked(bzImage(payload.toByteArray()))).isEqualTo(KERNEL);
    }

    @Test
    void aBzip2KernelIsUnpacked() throws Exception {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        try (OutputStream bzip2 = new BZip2CompressorOutputStream(payload)) {
            bzip2.write(KERNEL);
        }

        assertThat(unpacked(bzImage(sizeAppended(payload.toByteArray())))).isEqualTo(KERNEL);
    }

    @Test
    void anLzoKernelIsRefusedByName() {
        byte[] payload = {(byte) 0x89, 'L', 'Z', 'O', 0, 0x0d, 0x0a, 0x1a, 0x0a};

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpacked(bzImage(sizeAppended(payload))))
                .withMessageContaining("LZO");
    }

    @Test
    void oneThatUnpacksToMoreThanAnyKernelIsRefused() throws Exception {
        byte[] zeros = new byte[1 << 20];
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        try (OutputStream zstd = new ZstdOutputStream(payload)) {
            zstd.write(KERNEL);
            for (int i = 0; i < 513; i++) {
                zstd.write(zeros);
            }
        }
        byte[] image = bzImage(sizeAppended(payload.toByteArray()));

        assertThat(image.length).isLessThan(1 << 20);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> Vmlinux.unpack(
                        "vmlinuz", new SeekableInMemoryByteChannel(image), OutputStream.nullOutputStream()))
                .withMessageContaining("unpacks to more than");
    }

    @Test
    void aDictionaryLargerThanTheDaemonsMemoryIsRefused() throws Exception {
        ByteArrayOutputStream lzma = new ByteArrayOutputStream();
        try (OutputStream out = new LZMAOutputStream(lzma, new LZMA2Options(), -1)) {
            out.write(KERNEL);
        }
        byte[] payload = lzma.toByteArray();
        ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).putInt(1, 1 << 30); // its size is behind the first byte

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpacked(bzImage(sizeAppended(payload))))
                .withMessageContaining("is damaged: ")
                .withMessageContaining("of memory would be needed");
    }

    @Test
    void anLz4BlockThatClaimsToBeHugeIsRefused() {
        byte[] payload = new byte[20];
        ByteBuffer.wrap(payload)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x184c2102)
                .putInt(1 << 30);

        assertCorrupt(bzImage(sizeAppended(payload)));
    }

    /** In every format: whatever byte is another one, the answer is the kernel or DATA_CORRUPT. */
    @ParameterizedTest
    @MethodSource("payloads")
    void damageIsNeverAnythingElse(byte[] payload) throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 60; i++) {
            byte[] damaged = bzImage(payload);
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(unpacked(i % 3 == 0 ? Arrays.copyOf(damaged, random.nextInt(damaged.length)) : damaged))
                        .hasSize(KERNEL.length);
            } catch (BangerException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT);
            }
        }
    }

    static List<byte[]> payloads() throws IOException {
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        ByteArrayOutputStream lzma = new ByteArrayOutputStream();
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        ByteArrayOutputStream bzip2 = new ByteArrayOutputStream();
        ByteArrayOutputStream lz4 = new ByteArrayOutputStream();
        for (OutputStream out : List.of(
                new XZOutputStream(xz, new LZMA2Options()),
                new LZMAOutputStream(lzma, new LZMA2Options(), -1),
                new GZIPOutputStream(gzip),
                new BZip2CompressorOutputStream(bzip2),
                new BlockLZ4CompressorOutputStream(lz4))) {
            try (out) {
                out.write(KERNEL);
            }
        }
        ByteArrayOutputStream legacy = new ByteArrayOutputStream();
        legacy.write(new byte[] {0x02, 0x21, 0x4c, 0x18});
        legacy.write(littleEndian(lz4.size()));
        legacy.write(lz4.toByteArray());
        return List.of(
                sizeAppended(xz.toByteArray()),
                sizeAppended(lzma.toByteArray()),
                gzip.toByteArray(),
                sizeAppended(bzip2.toByteArray()),
                sizeAppended(legacy.toByteArray()),
                sizeAppended(Zstd.compress(KERNEL)));
    }

    @Test
    void whatIsNoKernelIsRefused() {
        assertCorrupt(new byte[100]);
        assertCorrupt(new byte[10_000]);
        assertCorrupt(bzImage(sizeAppended("unknown compression".getBytes(StandardCharsets.US_ASCII))));
        byte[] notElf = Zstd.compress(new byte[1000]);
        assertCorrupt(bzImage(Arrays.copyOf(notElf, notElf.length + 4)));
    }

    @Test
    void aKernelThatIsCutShortIsRefused() {
        byte[] image = bzImage(sizeAppended(Zstd.compress(KERNEL)));

        assertCorrupt(Arrays.copyOf(image, image.length - 100));
    }

    private static void assertCorrupt(byte[] image) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpacked(image))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT));
    }

    private static byte[] unpacked(byte[] image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Vmlinux.unpack("vmlinuz", new SeekableInMemoryByteChannel(image), out);
        return out.toByteArray();
    }

    /** Two setup sectors after the boot sector, a stub of 300 bytes, the payload, some bytes of signature behind it. */
    private static byte[] bzImage(byte[] payload) {
        ByteBuffer image =
                ByteBuffer.allocate(3 * 512 + 300 + payload.length + 64).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1f1, (byte) 2);
        image.putInt(0x202, 0x53726448);
        image.putShort(0x206, (short) 0x20f);
        image.putInt(0x248, 300);
        image.putInt(0x24c, payload.length);
        image.put(3 * 512 + 300, payload);
        return image.array();
    }

    private static byte[] sizeAppended(byte[] compressed) {
        byte[] all = Arrays.copyOf(compressed, compressed.length + 4);
        System.arraycopy(littleEndian(KERNEL.length), 0, all, compressed.length, 4);
        return all;
    }

    private static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    private static byte[] kernel() {
        byte[] bytes = new byte[345_678];
        new Random(1).nextBytes(bytes);
        Arrays.fill(bytes, 1000, 200_000, (byte) 'x');
        bytes[0] = 0x7f;
        bytes[1] = 'E';
        bytes[2] = 'L';
        bytes[3] = 'F';
        return bytes;
    }
}
