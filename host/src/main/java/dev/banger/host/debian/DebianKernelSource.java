package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One of {@link DebianKernels}, fetched as a package. */
final class DebianKernelSource implements KernelSource {
    private static final Duration UNPACKING = Duration.ofMinutes(5);

    private static final List<Requirement> REQUIREMENTS = Stream.concat(
                    DebianKernels.APT.stream(),
                    Stream.of(
                            new Requirement("dpkg-deb", "unpack the kernel's package"),
                            KernelModules.DEPMOD,
                            KernelModules.MKSQUASHFS))
            .toList();

    private final ProgramRunner programs;
    private final Path root;
    private final @Nullable String suite;
    private final @Nullable String version;

    /** As {@link DebianKernels#kernel}; {@code root} is where the host's etc/apt lies. */
    DebianKernelSource(ProgramRunner programs, Path root, @Nullable String suite, @Nullable String version) {
        this.programs = programs;
        this.root = root;
        this.suite = suite;
        this.version = version;
    }

    @Override
    public List<Lack> lacks() {
        return DebianArchive.lacks(programs, root, REQUIREMENTS);
    }

    @Override
    public Fetched fetch(Path staging, Progress progress) {
        Lack.refuse("fetch Debian's kernel", lacks());
        DebianArchive archive = DebianArchive.of(root).at(suite);
        Path work = staging.toAbsolutePath().resolve("work");
        try {
            Files.createDirectories(work);
            return fetch(archive, staging.toAbsolutePath(), work, progress);
        } catch (IOException e) {
            throw DiskFailure.of("cannot lay out the kernel in " + staging, staging, e);
        }
    }

    private Fetched fetch(DebianArchive archive, Path staging, Path work, Progress progress) throws IOException {
        progress.stage("reading Debian's package lists");
        PrivateApt apt = new PrivateApt(programs, work.resolve("apt"));
        apt.update(archive, progress);
        DebianKernels.Image image = DebianKernels.resolve(apt, version);
        progress.stage("fetching " + image.packageName());
        Path deb = apt.download(image.packageName() + "=" + image.packageVersion(), work, progress);
        progress.stage("unpacking the kernel");
        Path unpacked = work.resolve("package");
        programs.run(Program.of(UNPACKING, "dpkg-deb", "-x", deb.toString(), unpacked.toString()));
        Path vmlinuz = unpacked.resolve("boot/vmlinuz-" + image.release());
        if (Files.notExists(vmlinuz)) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED,
                    image.packageName() + " has no /boot/vmlinuz-" + image.release()
                            + ", as packages up to Debian 13 have; take a kernel of another suite");
        }
        Files.move(vmlinuz, staging.resolve("vmlinuz"));
        Vmlinux.unpack(staging.resolve("vmlinuz"), staging.resolve("vmlinux"));
        progress.stage("packing the kernel's modules");
        Path base = Files.isDirectory(unpacked.resolve("lib/modules")) ? unpacked : unpacked.resolve("usr");
        Path modules = base.resolve("lib/modules").resolve(image.release());
        programs.run(Program.of(UNPACKING, "depmod", "-b", base.toString(), image.release()));
        new KernelModules(programs, modules).layOut(staging);
        delete(work);
        return new Fetched(image.release(), "Debian " + image.packageName() + " " + image.packageVersion());
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
