package dev.banger.vm;

import dev.banger.operation.Lack;
import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The VM's work disk, mounted where root's home is: it survives stop and start and can grow (E2). */
public final class WorkDiskCapability implements VmCapability {
    private static final String MOUNT_POINT = "/root";
    private static final Duration GROWING = Duration.ofSeconds(60);
    /** A VM without a work disk has an empty one that is not mounted: every machine has the same disks in the same places. */
    private static final long LEAST_BYTES = 64L << 20;

    private final WorkDisks disks;

    public WorkDiskCapability(WorkDisks disks) {
        this.disks = disks;
    }

    @Override
    public String name() {
        return "work disk";
    }

    @Override
    public List<Lack> preflight(VmRecord vm) {
        return disks.lacks(Path.of(vm.runtime().workDisk()), bytes(vm));
    }

    @Override
    public Optional<Disk> disk(VmRecord vm) {
        return Optional.of(disks.prepare(Path.of(vm.runtime().workDisk()), bytes(vm)));
    }

    private static long bytes(VmRecord vm) {
        return Math.max(LEAST_BYTES, vm.spec().workDiskBytes());
    }

    @Override
    public void contribute(VmRecord vm, Identity.Builder identity) {
        if (vm.spec().workDiskBytes() > 0) {
            identity.workDisk(MOUNT_POINT);
        }
    }

    @Override
    public void applyLive(VmRecord before, VmSpec after, RunningVm running, GuestChannel guest) {
        if (after.workDiskBytes() > before.spec().workDiskBytes()) {
            running.growDisk("work", after.workDiskBytes());
            guest.growWorkDisk(MOUNT_POINT, after.workDiskBytes(), GROWING);
        }
    }

    @Override
    public void applyChange(VmRecord before, VmSpec after) {
        if (after.workDiskBytes() > before.spec().workDiskBytes()) {
            Path file = Path.of(before.runtime().workDisk());
            if (Files.notExists(file)) {
                return; // made at the first start, then of the new size
            }
            disks.prepare(file, bytes(before));
            disks.grow(file, after.workDiskBytes());
        }
    }
}
