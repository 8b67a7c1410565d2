package dev.banger.vm;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** How a VM's disk is kept; the ending of its file's name says it. */
public enum DiskKind {
    /** A qcow2 file above the image or a snapshot's disk: what is taken out of a VM's hands stays below what it writes then. */
    QCOW2("qcow2"),
    /** The whole disk in a sparse file. */
    RAW("raw"),
    /** What a VM wrote above the image, as a device-mapper snapshot keeps it; of root disks only. */
    COW("cow");

    private final String ending;

    DiskKind(String ending) {
        this.ending = ending;
    }

    /** The kind of a file that {@link #file} named. */
    public static DiskKind of(Path file) {
        String name = String.valueOf(file.getFileName());
        return Arrays.stream(values())
                .filter(kind -> name.endsWith("." + kind.ending))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no kind of disk is named " + name));
    }

    /** The same of a path in a record. */
    static DiskKind of(String file) {
        return of(Path.of(file));
    }

    /** The file of a disk of this kind. */
    public Path file(Path directory, String name) {
        return directory.resolve(name + "." + ending);
    }

    /** The kind of the work disk beside a root disk of this kind. */
    DiskKind ofWorkDisk() {
        return this == QCOW2 ? QCOW2 : RAW;
    }

    /** Whether a VMM that takes disks as they are can be given one. */
    boolean isRaw() {
        return this != QCOW2;
    }

    static List<String> endings() {
        return Arrays.stream(values()).map(kind -> kind.ending).toList();
    }
}
