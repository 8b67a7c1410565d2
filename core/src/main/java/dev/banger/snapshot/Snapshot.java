package dev.banger.snapshot;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A saved machine, in a directory that does not change once it is published.
 *
 * @param id of a template the {@link MachineKey#id()}, of a snapshot 12 hex digits
 * @param key what its memory needs
 * @param origin whose it is; null: a template's, nobody's
 * @param files what is in the directory, by name
 * @param directory where it lies
 */
public record Snapshot(
        String id,
        MachineKey key,
        Instant createdAt,
        @Nullable Origin origin,
        Map<String, FileFact> files,
        Path directory) {
    /** The guest's memory, a sparse file as large as it. */
    public static final String MEMORY = "memory";
    /** CPUs and devices, in the VMM's own format. */
    public static final String STATE = "state";

    /** Names of disks, by the kind of the disk. */
    private static final Pattern DISK = Pattern.compile("(root|work)\\.(qcow2|raw|cow)");

    /**
     * A file as it was when it was published.
     *
     * @param dataBytes what of it is not a hole
     * @param crc32 of its data, in the order of the file
     */
    public record FileFact(long bytes, long dataBytes, long crc32) {}

    /**
     * What a VM's snapshot remembers of the VM.
     *
     * @param name by which people call it; null: nobody does, it is only there because disks are based on it
     * @param parent id of the snapshot that the VM's disks were based on
     */
    public record Origin(
            String vmId,
            String vmName,
            @Nullable String name,
            @Nullable String parent,
            long workDiskBytes,
            List<PublishedPort> ports) {
        public Origin unnamed() {
            return new Origin(vmId, vmName, null, parent, workDiskBytes, ports);
        }
    }

    /** Whether the machine ran: otherwise only its disks are there. */
    public boolean hasMemory() {
        return files.containsKey(MEMORY);
    }

    public Path file(String name) {
        return directory.resolve(name);
    }

    /** Whether a file of that name is a disk. */
    public static boolean isDisk(String name) {
        return DISK.matcher(name).matches();
    }

    /** The disk of that serial number: {@code root}, {@code work}. */
    public Path disk(String serial) {
        return files.keySet().stream()
                .filter(name -> isDisk(name) && name.startsWith(serial + "."))
                .findFirst()
                .map(this::file)
                .orElseThrow(() -> new BangerException(
                        ErrorCode.DATA_CORRUPT, directory + " has no " + serial + " disk; it was damaged"));
    }

    /** What it takes up on disk. */
    public long dataBytes() {
        return files.values().stream().mapToLong(FileFact::dataBytes).sum();
    }

    public Snapshot with(Origin newOrigin, Map<String, FileFact> newFiles) {
        return new Snapshot(id, key, createdAt, newOrigin, newFiles, directory);
    }
}
