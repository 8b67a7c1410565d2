package dev.banger.host.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams written here as QEMU's migration/ram.c writes them; real ones are taken apart in the tests that boot VMs. */
class MigrationStreamTest {
    private static final int PAGE = MigrationStream.PAGE;
    private static final long MEMORY = 64L * PAGE;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream stream = new DataOutputStream(bytes);

    private static byte[] page(int fill) {
        byte[] page = new byte[PAGE];
        Arrays.fill(page, (byte) fill);
        return page;
    }

    private void preamble() throws IOException {
        stream.writeInt(0x5145564d);
        stream.writeInt(3);
        stream.writeByte(7);
        name("microvm", 4);
        stream.writeByte(1);
        stream.writeInt(2);
        name("ram", 1);
        stream.writeInt(0);
        stream.writeInt(4);
        stream.writeLong((MEMORY + PAGE) | 0x04);
        name("microvm.ram", 1);
        stream.writeLong(MEMORY);
        name("/rom@etc", 1);
        stream.writeLong(PAGE);
        endOfPart();
    }

    private void name(String name, int lengthBytes) throws IOException {
        if (lengthBytes == 4) {
            stream.writeInt(name.length());
        } else {
            stream.writeByte(name.length());
        }
        stream.write(name.getBytes(StandardCharsets.US_ASCII));
    }

    private void endOfPart() throws IOException {
        stream.writeLong(0x10);
        stream.writeByte(0x7e);
        stream.writeInt(2);
    }

    private void part(int kind) throws IOException {
        stream.writeByte(kind);
        stream.writeInt(2);
    }

    private byte[] split(Path memory) throws IOException {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        try (FileChannel file = FileChannel.open(memory, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            MigrationStream.split(
                    Channels.newChannel(new ByteArrayInputStream(bytes.toByteArray())),
                    file,
                    MEMORY,
                    "microvm.ram",
                    rest);
        }
        return rest.toByteArray();
    }

    @Test
    void pagesGoToTheirPlaceAndAllElseStays() throws IOException {
        preamble();
        part(2);
        stream.writeLong(3L * PAGE | 0x08);
        name("microvm.ram", 1);
        stream.write(page(3));
        stream.writeLong(4L * PAGE | 0x08 | 0x20);
        stream.write(page(4));
        stream.writeLong(5L * PAGE | 0x02 | 0x20);
        stream.writeByte(0);
        endOfPart();
        part(3);
        stream.writeLong(0x08);
        name("/rom@etc", 1);
        stream.write(page(9));
        stream.writeLong(60L * PAGE | 0x08);
        name("microvm.ram", 1);
        stream.write(page(60));
        endOfPart();
        byte[] devices = "\u0004 devices follow".getBytes(StandardCharsets.US_ASCII);
        stream.write(devices);
        Path memory = directory.resolve("memory");

        byte[] rest = split(memory);

        byte[] found = Files.readAllBytes(memory);
        assertThat(found).hasSize((int) MEMORY);
        for (int i = 0; i < 64; i++) {
            int fill = i == 3 || i == 4 || i == 60 ? i : 0;
            assertThat(Arrays.copyOfRange(found, i * PAGE, (i + 1) * PAGE))
                    .as("page " + i)
                    .isEqualTo(page(fill));
        }
        ByteArrayOutputStream wanted = new ByteArrayOutputStream();
        byte[] whole = bytes.toByteArray();
        wanted.write(whole, 0, preambleLength());
        DataOutputStream expected = new DataOutputStream(wanted);
        expected.write(new byte[] {2, 0, 0, 0, 2});
        expected.write(end());
        expected.write(new byte[] {3, 0, 0, 0, 2});
        expected.writeLong(0x08);
        expected.writeByte(8);
        expected.write("/rom@etc".getBytes(StandardCharsets.US_ASCII));
        expected.write(page(9));
        expected.write(end());
        expected.write(devices);
        assertThat(rest).isEqualTo(wanted.toByteArray());
    }

    private static byte[] end() {
        return new byte[] {0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, 2};
    }

    private static int preambleLength() {
        return 4 + 4 + 1 + 4 + 7 + 1 + 4 + 4 + 8 + 8 + 12 + 8 + 9 + 8 + 13;
    }

    @Test
    void aMemoryOfZerosIsAHole() throws IOException {
        preamble();
        stream.writeByte(4);
        Path memory = directory.resolve("memory");

        split(memory);

        assertThat(Files.size(memory)).isEqualTo(MEMORY);
    }

    @Test
    void whatEndsTooSoonIsSaid() throws IOException {
        preamble();
        part(2);
        stream.writeLong(3L * PAGE | 0x08);
        name("microvm.ram", 1);
        stream.write(page(3), 0, 100);

        assertThatThrownBy(() -> split(directory.resolve("memory")))
                .isInstanceOf(BangerException.class)
                .hasMessageContaining("before it was complete");
    }

    @Test
    void aPageOutsideTheMemoryIsRefused() throws IOException {
        preamble();
        part(2);
        stream.writeLong(MEMORY | 0x08);
        name("microvm.ram", 1);
        stream.write(page(3));

        assertThatThrownBy(() -> split(directory.resolve("memory"))).hasMessageContaining("outside the memory");
    }

    @Test
    void whatIsNotKnownIsRefused() throws IOException {
        preamble();
        part(2);
        stream.writeLong(0x40);

        assertThatThrownBy(() -> split(directory.resolve("memory"))).hasMessageContaining("not known here");
    }

    @Test
    void anotherSizeOfMemoryIsRefused() throws IOException {
        preamble();
        Path memory = directory.resolve("memory");
        try (FileChannel file = FileChannel.open(memory, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> MigrationStream.split(
                            Channels.newChannel(new ByteArrayInputStream(bytes.toByteArray())),
                            file,
                            MEMORY * 2,
                            "microvm.ram",
                            new ByteArrayOutputStream()))
                    .hasMessageContaining("its memory has");
        }
    }

    @Test
    void whatIsNoStreamIsRefused() {
        assertThatThrownBy(() -> {
                    stream.writeLong(42);
                    split(directory.resolve("memory"));
                })
                .hasMessageContaining("does not begin as one");
    }
}
