package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes ext4 file systems in sparse files. Thread-safe. */
public final class Ext4 {
    /** The smallest file system that is worth having; mke2fs makes no journal in much less. */
    public static final long MINIMUM_BYTES = 16L * 1024 * 1024;

    /**
     * Said explicitly, so that the host's mke2fs.conf decides nothing: newer e2fsprogs would add features that
     * older ones (and older kernels) refuse.
     */
    private static final String FEATURES =
            "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"
                    + "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum";

    /**
     * How far a file system can grow before its descriptors of groups no longer lie in one place, which the kernel then does by itself
     * (meta_bg). mke2fs would prepare for a thousand times the size: 4 MiB that each VM's disk would have a copy of.
     */
    private static final long ROOM_BYTES = 512L << 30;

    private static final Duration TIMEOUT = Duration.ofMinutes(15);

    private final ProgramRunner programs;

    public Ext4(ProgramRunner programs) {
        this.programs = programs;
    }

    public static Requirement requirement() {
        return new Requirement("mke2fs", "make ext4 file systems");
    }

    public static Requirement checkRequirement() {
        return new Requirement("e2fsck", "check ext4 file systems");
    }

    /**
     * Checks a file system that nobody has mounted, writes what is still in its journal to its place, and gives the space of free blocks
     * back to the host.
     *
     * @throws BangerException DATA_CORRUPT when it is damaged
     */
    public void check(Path file) {
        // What -p repairs without being asked is what a host that lost power leaves; the second look is to find
        // nothing.
        for (List<String> options : List.of(List.of("-f", "-p", "-E", "discard"), List.of("-f", "-n"))) {
            List<String> argv = new ArrayList<>(List.of("e2fsck"));
            argv.addAll(options);
            argv.add(file.toString());
            Output said = programs.attempt(Program.of(TIMEOUT, argv));
            if (said.status() > (options.contains("-p") ? 1 : 0)) {
                throw new BangerException(
                        ErrorCode.DATA_CORRUPT,
                        "the file system in " + file + " is damaged (e2fsck ended with status " + said.status() + ")",
                        said.text() + said.stderr(),
                        null);
            }
        }
    }

    /** An empty file system in {@code file}, which is made or overwritten. */
    public void make(Path file, long bytes, String label) {
        make(file, bytes, label, Optional.empty(), List.of());
    }

    /**
     * A file system that has in it what {@code tree} has, owners and modes as {@code prefix} sees them.
     *
     * @param prefix a program that runs its arguments, such as unshare with its options; may be empty
     */
    public void make(Path file, long bytes, String label, Path tree, List<String> prefix) {
        make(file, bytes, label, Optional.of(tree), prefix);
    }

    private void make(Path file, long bytes, String label, Optional<Path> tree, List<String> prefix) {
        // The file has its size before mke2fs runs, which then is given none: its size argument is in KiB (P10).
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(0);
            sparse.setLength(bytes);
        } catch (IOException e) {
            throw DiskFailure.of("cannot make " + file, file, e);
        }
        List<String> argv = new ArrayList<>(List.of("mke2fs", "-q", "-t", "ext4", "-O", FEATURES));
        argv.addAll(List.of("-I", "256", "-m", "0", "-L", label));
        // Neither the inode tables nor the journal are written (P17). In a regular file mke2fs knows that what it
        // discarded reads as zeros and marks the tables as done, so the guest's kernel does not write them either.
        argv.addAll(List.of(
                "-E",
                "lazy_itable_init=1,lazy_journal_init=1,discard,root_owner=0:0,resize="
                        + (Math.max(ROOM_BYTES, 8 * bytes) >> 20) + "M"));
        tree.ifPresent(root -> argv.addAll(List.of("-d", root.toString())));
        argv.add(file.toString());
        try {
            programs.run(Program.of(TIMEOUT, argv).under(prefix));
        } catch (BangerException e) {
            throw DiskFailure.named("cannot make the ext4 file system " + file, file, e);
        }
    }
}
