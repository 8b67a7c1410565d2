package dev.banger.host.disk;

import dev.banger.api.BangerException;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.PublishedFile;
import dev.banger.host.linux.Requirement;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.WorkDisks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Work disks as copies of a seed: an empty ext4 file system in a qcow2 file of a few MiB, made once for each size. A copy
 * rather than an overlay, because seeds lie in the cache, which may be emptied, and a disk must not go with it; it takes
 * about two milliseconds. Thread-safe: seeds are published by rename and never written to again (P16).
 */
public final class SeededWorkDisks implements WorkDisks {
    private static final Duration QEMU_IMG = Duration.ofMinutes(2);

    private static final List<Requirement> REQUIREMENTS =
            List.of(Ext4.requirement(), new Requirement("qemu-img", "qemu-utils", "make and grow work disks"));

    private final ProgramRunner programs;
    private final Path seeds;

    public SeededWorkDisks(ProgramRunner programs, Path seeds) {
        this.programs = programs;
        this.seeds = seeds;
    }

    @Override
    public Disk prepare(Path file, long bytes) {
        try {
            if (Files.notExists(file) || Qcow2.neverReachedTheDisk(file)) {
                checkSize(bytes);
                Path seed = seed(bytes);
                PublishedFile.publish(file, unfinished -> Files.copy(seed, unfinished));
            } else {
                Qcow2.virtualBytes(file);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the work disk " + file, file, e);
        }
        return new Disk(file, "qcow2", "work", false);
    }

    @Override
    public void grow(Path file, long bytes) {
        checkSize(bytes);
        try {
            long now = Qcow2.virtualBytes(file);
            if (bytes < now) {
                throw BangerException.invalid("the work disk has " + mebibytes(now) + " MiB and cannot shrink to "
                        + mebibytes(bytes) + " MiB; make a new VM with a smaller one");
            }
            if (bytes == now) {
                return;
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot read the work disk " + file, file, e);
        }
        programs.require(REQUIREMENTS);
        try {
            programs.run(Program.of(
                    QEMU_IMG, "qemu-img", "resize", "-q", "-f", "qcow2", file.toString(), String.valueOf(bytes)));
        } catch (BangerException e) {
            throw DiskFailure.named("cannot grow the work disk " + file, file, e);
        }
    }

    private static void checkSize(long bytes) {
        if (bytes < Ext4.MINIMUM_BYTES || bytes % (1 << 20) != 0) {
            throw BangerException.invalid("a work disk has whole MiB and at least " + mebibytes(Ext4.MINIMUM_BYTES)
                    + " of them, not " + bytes + " bytes");
        }
    }

    /** The seed of that size, made if it is not there. Two that make it at once make it twice, and either is right. */
    private Path seed(long bytes) {
        Path seed = seeds.resolve("work-" + bytes + ".qcow2");
        if (Files.exists(seed)) {
            return seed;
        }
        programs.require(REQUIREMENTS);
        PublishedFile.publish(seed, unfinished -> {
            Path raw = unfinished.resolveSibling(unfinished.getFileName() + ".ext4");
            try {
                new Ext4(programs).make(raw, bytes, "banger-work");
                programs.run(Program.of(
                        QEMU_IMG,
                        List.of(
                                "qemu-img",
                                "convert",
                                "-q",
                                "-f",
                                "raw",
                                "-O",
                                "qcow2",
                                raw.toString(),
                                unfinished.toString())));
            } catch (BangerException e) {
                throw DiskFailure.named("cannot make the seed of work disks in " + seeds, seeds, e);
            } finally {
                Files.deleteIfExists(raw);
            }
        });
        return seed;
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }
}
