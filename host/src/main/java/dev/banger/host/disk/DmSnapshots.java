package dev.banger.host.disk;

import dev.banger.host.linux.DeviceMapper;
import dev.banger.host.linux.DeviceMapper.Snapshot;
import dev.banger.host.linux.LoopDevice;
import dev.banger.host.linux.LoopDevice.Attached;
import dev.banger.operation.EveryPart;
import dev.banger.vm.RootDisks.Devices;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Root disks as device-mapper snapshots: the image behind a loop device that is only read, the VM's COW file behind another. Both
 * loop devices clear themselves when the snapshot on top of them goes. A device of ours has a uuid with the VM's id in it and the
 * VM's COW file behind it; what has not both is never touched. Thread-safe as long as one VM's disk is used by one thread at a time.
 */
final class DmSnapshots {
    private static final Logger LOG = LoggerFactory.getLogger(DmSnapshots.class);
    private static final String UUID_PREFIX = "BANGER-root-";
    /** The kernel keeps 16 bytes for each chunk of 4 KiB, and a header. */
    private static final long BYTES_PER_EXCEPTION = 256;

    private static final long HEADER_BYTES = 1 << 20;

    private final DeviceMapper mapper;

    DmSnapshots(DeviceMapper mapper) {
        this.mapper = mapper;
    }

    /** Why there can be none here; empty: there can. */
    String obstacle() {
        String loops = LoopDevice.obstacle();
        return loops.isEmpty() ? mapper.obstacle() : loops;
    }

    /** Makes the COW file if there is none, and the device of it unless that is there. @return the device */
    Path activate(Path image, Path cow) throws IOException {
        Optional<Snapshot> there = find(cow);
        if (there.isPresent() && isWhole(there.get())) {
            return Path.of(there.get().device()); // of a VM that was prepared, or of a boot before
        }
        release(cow);
        if (Files.notExists(cow) || Files.size(cow) == 0) {
            // Enough for every block of the image; sparse. Zeros at its start make the kernel begin a new one, so
            // nothing
            // has to be flushed: what a power cut takes away holds nothing yet.
            long size = Files.size(image);
            try (RandomAccessFile file = new RandomAccessFile(cow.toFile(), "rw")) {
                file.setLength(size + size / BYTES_PER_EXCEPTION + HEADER_BYTES);
            }
        }
        try (LoopDevice base = LoopDevice.attach(image, true);
                LoopDevice changes = LoopDevice.attach(cow, false)) {
            Snapshot made = mapper.create(
                    "banger-" + id(cow) + "-root",
                    uuid(cow),
                    DeviceMapper.sectors(base.bytes()),
                    base.device(),
                    changes.device());
            return Path.of(made.device());
        }
    }

    private static boolean isWhole(Snapshot snapshot) {
        return !snapshot.cow().isEmpty() && fileBehind(snapshot.cow()).isPresent();
    }

    private static String id(Path cow) {
        Path directory = cow.toAbsolutePath().getParent();
        return directory == null ? "" : String.valueOf(directory.getFileName());
    }

    private static String uuid(Path cow) {
        return UUID_PREFIX + id(cow);
    }

    Optional<Devices> devices(Path cow) {
        return find(cow).map(found -> new Devices(found.base(), found.cow(), found.name(), found.device()));
    }

    /** The device of a COW file. One that has its uuid but another file behind it belongs to somebody else. */
    private Optional<Snapshot> find(Path cow) {
        Optional<Snapshot> found = mapper.find(uuid(cow));
        if (found.isPresent() && !found.get().cow().isEmpty()) {
            Optional<Path> behind = fileBehind(found.get().cow());
            if (behind.isPresent() && !behind.get().equals(real(cow))) {
                LOG.warn(
                        "The device {} is named as that of {}, but has {} behind it; it is left alone",
                        found.get().name(),
                        cow,
                        behind.get());
                return Optional.empty();
            }
        }
        return found;
    }

    private static Optional<Path> fileBehind(String loop) {
        return LoopDevice.all().stream()
                .filter(each -> each.device().equals(loop))
                .map(Attached::file)
                .findFirst();
    }

    /** As the kernel names it: without links in its path. */
    private static Path real(Path file) {
        try {
            Path directory = file.toAbsolutePath().getParent();
            return directory == null ? file : directory.toRealPath().resolve(file.getFileName());
        } catch (IOException e) {
            return file.toAbsolutePath(); // its directory is gone
        }
    }

    /** Writes what is on its way to the file. Nobody writes to the device meanwhile. */
    void flush(Path cow) throws IOException {
        Optional<Devices> devices = devices(cow);
        if (devices.isPresent()) {
            try (FileChannel device = FileChannel.open(Path.of(devices.get().dmDevice()), StandardOpenOption.WRITE)) {
                device.force(true);
            }
        }
    }

    /** Removes the device of a COW file, and loop devices of it that were left; both in any case. Idempotent. */
    void release(Path cow) {
        List<Runnable> parts = new ArrayList<>();
        parts.add(() -> find(cow).ifPresent(found -> mapper.remove(found.uuid())));
        Path real = real(cow);
        parts.add(() -> LoopDevice.all().stream()
                .filter(each -> each.file().equals(real))
                .forEach(LoopDevice::detach));
        EveryPart.run(parts);
    }

    /** Does so for every COW file in directories in {@code directory}. */
    void releaseAll(Path directory) {
        Path root = real(directory);
        List<Runnable> parts = new ArrayList<>();
        for (String uuid : mapper.uuids(UUID_PREFIX)) {
            parts.add(() -> mapper.find(uuid)
                    .flatMap(found -> fileBehind(found.cow()))
                    .filter(file -> isIn(root, file))
                    .ifPresent(file -> mapper.remove(uuid)));
        }
        parts.add(() -> LoopDevice.all().stream()
                .filter(each ->
                        isIn(root, each.file()) && each.file().toString().endsWith(".cow"))
                .forEach(LoopDevice::detach));
        EveryPart.run(parts);
    }

    private static boolean isIn(Path root, Path file) {
        Path directory = file.getParent();
        return directory != null && root.equals(directory.getParent());
    }
}
