package dev.banger.host.disk;

import dev.banger.api.BangerException;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.FileCopy;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.PublishedFile;
import dev.banger.host.linux.Requirement;
import dev.banger.operation.Lack;
import dev.banger.vm.DiskKind;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.WorkDisks;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Work disks as copies of a seed: an empty ext4 file system in a qcow2 or sparse file of a few MiB, made once for each size. A copy
 * rather than an overlay, because seeds lie in the cache, which may be emptied, and a disk must not go with it; it takes
 * about two milliseconds. Thread-safe: seeds are published by rename and never written to again (P16).
 */
public final class SeededWorkDisks implements WorkDisks {
    private static final Duration QEMU_IMG = Duration.ofMinutes(2);

    private static final Requirement MAKING = new Requirement("qemu-img", "make work disks");
    private static final Requirement GROWING = new Requirement("qemu-img", "grow work disks");

    private final ProgramRunner programs;
    private final Path seeds;

    public SeededWorkDisks(ProgramRunner programs, Path seeds) {
        this.programs = programs;
        this.seeds = seeds;
    }

    @Override
    public List<Lack> lacks(Path file, long bytes) {
        DiskKind kind = DiskKind.of(file);
        return Files.exists(file) || Files.exists(seed(kind, bytes)) ? List.of() : lacks(kind);
    }

    private List<Lack> lacks(DiskKind kind) {
        return programs.lacks(
                kind == DiskKind.QCOW2 ? List.of(Ext4.requirement(), MAKING) : List.of(Ext4.requirement()));
    }

    private Path seed(DiskKind kind, long bytes) {
        return kind.file(seeds, "work-" + bytes);
    }

    @Override
    public Disk prepare(Path file, long bytes) {
        try {
            if (Files.notExists(file) || !isRaw(file) && Qcow2.neverReachedTheDisk(file)) {
                checkSize(bytes);
                Path seed = madeSeed(DiskKind.of(file), bytes);
                PublishedFile.publishUnflushed(file, unfinished -> FileCopy.copy(seed, unfinished));
            } else {
                bytes(file);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the work disk " + file, file, e);
        }
        return new Disk(file, isRaw(file) ? "raw" : "qcow2", "work", false);
    }

    private static boolean isRaw(Path file) {
        return DiskKind.of(file) == DiskKind.RAW;
    }

    /** The size the guest sees; fails for what is no disk any more. */
    private static long bytes(Path file) throws IOException {
        return isRaw(file) ? Files.size(file) : Qcow2.virtualBytes(file);
    }

    @Override
    public void grow(Path file, long bytes) {
        checkSize(bytes);
        try {
            long now = bytes(file);
            if (bytes < now) {
                throw BangerException.invalid("the work disk has " + mebibytes(now) + " MiB and cannot shrink to "
                        + mebibytes(bytes) + " MiB; make a new VM with a smaller one");
            }
            if (bytes == now) {
                return;
            }
            if (isRaw(file)) {
                try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
                    disk.setLength(bytes);
                }
                return;
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot grow the work disk " + file, file, e);
        }
        Lack.refuse("grow the work disk " + file, programs.lacks(List.of(GROWING)));
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

    /** The seed of that kind and size, made if it is not there. Two that make it at once make it twice, and either is right. */
    private Path madeSeed(DiskKind kind, long bytes) {
        Path seed = seed(kind, bytes);
        if (Files.exists(seed)) {
            return seed;
        }
        Lack.refuse("make a work disk", lacks(kind));
        PublishedFile.publish(seed, unfinished -> {
            Path raw = unfinished.resolveSibling(unfinished.getFileName() + ".ext4");
            try {
                new Ext4(programs).make(raw, bytes, "banger-work");
                if (kind == DiskKind.QCOW2) {
                    convert(raw, unfinished);
                } else {
                    Files.move(raw, unfinished);
                }
            } catch (BangerException e) {
                throw DiskFailure.named("cannot make the seed of work disks in " + seeds, seeds, e);
            } finally {
                Files.deleteIfExists(raw);
            }
        });
        return seed;
    }

    private void convert(Path raw, Path qcow2) {
        programs.run(Program.of(
                QEMU_IMG,
                List.of("qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw.toString(), qcow2.toString())));
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }
}
