package dev.banger.host.debian;

import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The modules of one kernel version after depmod, as a published kernel has them: a drive, and those of the initramfs. */
final class KernelModules {
    static final Requirement DEPMOD = new Requirement("depmod", "index the kernel's modules");
    static final Requirement MKSQUASHFS = new Requirement("mksquashfs", "pack the kernel's modules");

    private static final Duration PACKING = Duration.ofMinutes(5);

    private final ProgramRunner programs;
    private final Path tree;

    KernelModules(ProgramRunner programs, Path tree) {
        this.programs = programs;
        this.tree = tree;
    }

    /** Makes {@code modules.squashfs} and {@code boot/}. */
    void layOut(Path staging) throws IOException {
        pack(tree, staging.resolve("modules.squashfs"));
        BootModules boot = new BootModules(tree);
        boot.copyTo(staging.resolve("boot"), "modules.load", BootModules.WANTED);
        boot.copyTo(staging.resolve("boot"), "modules.vsock", BootModules.WANTED_VSOCK);
        boot.copyTo(staging.resolve("boot"), "modules.late", BootModules.WANTED_LATE);
    }

    /**
     * LZ4 is what decompresses fastest, which matters under emulation (and packs in a third of a second where zstd takes
     * seven); the drive is 36 MB with it, 20 MB with zstd. No times, so that equal modules give equal bytes.
     */
    private void pack(Path modules, Path squashfs) throws IOException {
        makeReadable(modules);
        programs.run(Program.of(
                PACKING,
                List.of(
                        "mksquashfs",
                        modules.toString(),
                        squashfs.toString(),
                        "-comp",
                        "lz4",
                        "-all-root",
                        "-noappend",
                        "-no-progress",
                        "-quiet",
                        "-no-xattrs",
                        "-mkfs-time",
                        "0",
                        "-all-time",
                        "0")));
    }

    /** depmod writes its files with the umask of the daemon, which shuts everyone else out. */
    private static void makeReadable(Path modules) throws IOException {
        try (Stream<Path> files = Files.list(modules)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            }
        }
    }
}
