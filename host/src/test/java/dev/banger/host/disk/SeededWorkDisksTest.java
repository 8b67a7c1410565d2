package dev.banger.host.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeededWorkDisksTest {
    private static final long GIB = 1L << 30;

    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    Path directory;

    private Path seeds;
    private Path file;
    private SeededWorkDisks disks;

    @BeforeEach
    void noSeedYet() {
        seeds = directory.resolve("seeds");
        file = directory.resolve("vm/work.qcow2");
        disks = new SeededWorkDisks(programs, seeds);
    }

    @Test
    void aDiskIsACleanEmptyFileSystemOfTheAskedSize_P10() {
        Disk disk = disks.prepare(file, 3 * GIB);

        assertThat(disk).isEqualTo(new Disk(file, "qcow2", "work", false));
        assertThat(virtualBytes()).isEqualTo(3 * GIB);
        run(
                "qemu-img",
                "convert",
                "-O",
                "raw",
                file.toString(),
                directory.resolve("raw").toString());
        run("e2fsck", "-fn", directory.resolve("raw").toString());
        assertThat(run("dumpe2fs", "-h", directory.resolve("raw").toString()))
                .contains("banger-work")
                .containsPattern("Block count: +" + 3 * GIB / 4096 + "\n");
    }

    @Test
    void aDiskIsSmallAndNeedsNothingButItself_P17() throws Exception {
        disks.prepare(file, 10 * GIB);

        assertThat(Files.size(file)).isLessThan(16L << 20);
        assertThat(run("qemu-img", "info", file.toString())).doesNotContain("backing file");
    }

    @Test
    void aDiskThatIsThereIsKeptAndNotResized() {
        disks.prepare(file, GIB);
        run("qemu-io", "-f", "qcow2", "-c", "write -P 0x42 512M 512", file.toString());

        disks.prepare(file, 2 * GIB);

        assertThat(virtualBytes()).isEqualTo(GIB);
        assertThat(run("qemu-io", "-f", "qcow2", "-c", "read -P 0x42 512M 512", file.toString()))
                .doesNotContain("failed");
    }

    @Test
    void aDiskGrowsAndKeepsWhatIsOnIt() {
        disks.prepare(file, GIB);
        run("qemu-io", "-f", "qcow2", "-c", "write -P 0x42 512M 512", file.toString());

        disks.grow(file, 3 * GIB);
        disks.grow(file, 3 * GIB);

        assertThat(virtualBytes()).isEqualTo(3 * GIB);
        assertThat(run("qemu-io", "-f", "qcow2", "-c", "read -P 0x42 512M 512", file.toString()))
                .doesNotContain("failed");
        assertThat(run("qemu-img", "check", file.toString())).contains("No errors were found");
    }

    @Test
    void aDiskNeverShrinks() {
        disks.prepare(file, 2 * GIB);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> disks.grow(file, GIB))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
                .withMessageContaining("cannot shrink");

        assertThat(virtualBytes()).isEqualTo(2 * GIB);
    }

    @Test
    void aSizeThatNoFileSystemFitsIsRefusedAndNothingIsLeft() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> disks.prepare(file, 1 << 20))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));

        assertThat(file).doesNotExist();
        assertThat(seeds).doesNotExist();
    }

    @Test
    void disksMadeAtOnceAreAllWholeAndNothingHalfMadeIsLeft_P16() throws Exception {
        try (var threads = Executors.newCachedThreadPool()) {
            List<Callable<Disk>> eight = IntStream.range(0, 8)
                    .<Callable<Disk>>mapToObj(
                            i -> () -> disks.prepare(directory.resolve("vm" + i + "/work.qcow2"), GIB))
                    .toList();
            for (Future<Disk> disk : threads.invokeAll(eight)) {
                assertThat(run("qemu-img", "check", disk.get().file().toString()))
                        .contains("No errors were found");
            }
        }

        try (var left = Files.list(seeds)) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void aRawDiskIsTheFileSystemItselfAndGrowsWithWhatIsOnIt() throws IOException {
        Path raw = directory.resolve("vm/work.raw");

        assertThat(disks.prepare(raw, GIB)).isEqualTo(new Disk(raw, "raw", "work", false));
        assertThat(run("e2fsck", "-fn", raw.toString())).contains("banger-work");
        try (RandomAccessFile disk = new RandomAccessFile(raw.toFile(), "rw")) {
            disk.seek(GIB - 4);
            disk.writeBytes("last");
        }
        disks.prepare(raw, GIB);
        disks.grow(raw, 2 * GIB);

        assertThat(raw).hasSize(2 * GIB);
        try (RandomAccessFile disk = new RandomAccessFile(raw.toFile(), "r")) {
            disk.seek(GIB - 4);
            byte[] last = new byte[4];
            disk.readFully(last);
            assertThat(last).asString(StandardCharsets.US_ASCII).isEqualTo("last");
        }
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> disks.grow(raw, GIB))
                .withMessageContaining("cannot shrink");
    }

    private long virtualBytes() {
        String info = run("qemu-img", "info", "-f", "qcow2", "--output=json", file.toString());
        return Long.parseLong(info.replaceAll("(?s).*\"virtual-size\": ([0-9]+).*", "$1"));
    }

    private String run(String... argv) {
        return programs.run(Program.of(Duration.ofSeconds(60), argv)).text();
    }
}
