package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.config.Places;
import dev.banger.daemon.Doctor.Part;
import dev.banger.host.linux.FileCopy;
import dev.banger.host.linux.ProcFs;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What doctor says of banger's own directories and files: owners and modes as docs/disk-layout.md has them, and free space. */
final class PlaceChecks {
    private static final long LOW_DISK = 5L << 30;
    private static final long LOW_RUN = 16L << 20;
    private static final int FILE_TYPE = 0170000;
    private static final int SOCKET = 0140000;
    private static final int OTHERS = 077;
    private static final int OTHERS_WRITE = 022;

    private final Places places;

    PlaceChecks(Places places) {
        this.places = places;
    }

    List<Part> parts() {
        return List.of(new Part("directories", this::privacy), new Part("disk", this::space));
    }

    private List<Check> privacy() {
        Set<Check> rows = new LinkedHashSet<>();
        for (Path secret : List.of(
                places.state(),
                places.run(),
                places.vms(),
                places.pool(),
                places.snapshots(),
                places.ssh(),
                places.database(),
                places.lock(),
                places.ssh().resolve("id_ed25519"))) {
            examine(secret, Status.FAIL, rows);
        }
        examine(places.cache(), Status.WARN, rows); // images are no secrets, but templates have memory in them
        examine(places.config(), Status.PASS, rows);
        examine(places.configFile(), Status.PASS, rows);
        socket(rows);
        return rows.isEmpty()
                ? List.of(new Check(
                        Status.PASS,
                        "directories",
                        places.state() + ", " + places.cache() + " and " + places.run()
                                + (Files.exists(places.state()) ? " are this user's alone" : " are made when needed"),
                        ""))
                : List.copyOf(rows);
    }

    /** What is not there is made as it should be. {@code readable}: what it means that others may look into it. */
    private static void examine(Path path, Status readable, Set<Check> rows) {
        if (Files.notExists(path)) {
            return;
        }
        try {
            int owner = (Integer) Files.getAttribute(path, "unix:uid");
            int mode = (Integer) Files.getAttribute(path, "unix:mode");
            boolean writable = (mode & OTHERS_WRITE) != 0;
            if (owner != ProcFs.uid()) {
                rows.add(new Check(
                        Status.FAIL,
                        "directories",
                        path + " belongs to uid " + owner + ", not to this user (uid " + ProcFs.uid() + ")",
                        "set BANGER_HOME to a directory of your own, or: sudo chown -R " + ProcFs.uid() + " '" + path
                                + "'"));
            } else if (writable || (mode & OTHERS) != 0 && readable != Status.PASS) {
                rows.add(new Check(
                        writable ? Status.FAIL : readable,
                        "directories",
                        "others may " + (writable ? "write to " : "look into ") + path + " (mode "
                                + Integer.toOctalString(mode & 07777) + ")",
                        "chmod " + (readable == Status.PASS ? "go-w" : "go=") + " '" + path + "'"));
            }
        } catch (IOException e) {
            rows.add(new Check(
                    Status.FAIL, "directories", "cannot look at " + path + ": " + e, "check its permissions"));
        }
    }

    private void socket(Set<Check> rows) {
        try {
            if (Files.exists(places.socket())
                    && ((Integer) Files.getAttribute(places.socket(), "unix:mode") & FILE_TYPE) != SOCKET) {
                rows.add(new Check(
                        Status.FAIL,
                        "directories",
                        places.socket() + " is no socket",
                        "move it away: the daemon listens there"));
            }
        } catch (IOException e) {
            rows.add(new Check(
                    Status.FAIL,
                    "directories",
                    "cannot look at " + places.socket() + ": " + e,
                    "check its permissions"));
        }
    }

    /** A row for each file system. */
    private List<Check> space() {
        Map<FileStore, List<String>> uses = new LinkedHashMap<>();
        Map<FileStore, Long> wanted = new LinkedHashMap<>();
        List<Check> rows = new ArrayList<>();
        note(places.state(), "VMs", LOW_DISK, uses, wanted, rows);
        note(places.cache(), "images", LOW_DISK, uses, wanted, rows);
        note(places.run(), "sockets", LOW_RUN, uses, wanted, rows);
        uses.forEach((store, what) -> rows.add(space(store, String.join(", ", what), wanted.getOrDefault(store, 0L))));
        return rows;
    }

    private static void note(
            Path place,
            String what,
            long least,
            Map<FileStore, List<String>> uses,
            Map<FileStore, Long> wanted,
            List<Check> rows) {
        try {
            FileStore store = Files.getFileStore(FileCopy.existing(place));
            uses.computeIfAbsent(store, key -> new ArrayList<>()).add(what + " (" + place + ")");
            wanted.merge(store, least, Math::max);
        } catch (IOException e) {
            rows.add(new Check(Status.FAIL, "disk", "cannot look at " + place + ": " + e, "check its permissions"));
        }
    }

    private static Check space(FileStore store, String uses, long least) {
        try {
            long free = store.getUsableSpace();
            String finding = (free >> 20) + " MiB free on " + store.type() + " for " + uses;
            return free < least
                    ? new Check(
                            Status.WARN,
                            "disk",
                            finding,
                            "an image takes about 1 GiB, each VM what it writes; \"banger vm prune\", \"banger template"
                                    + " prune\" and \"banger image cache prune\" make room")
                    : new Check(Status.PASS, "disk", finding, "");
        } catch (IOException e) {
            return new Check(Status.FAIL, "disk", "cannot look at " + store + ": " + e, "check its permissions");
        }
    }
}
