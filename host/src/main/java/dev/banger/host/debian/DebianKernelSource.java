package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Debian's kernel for virtual machines, linux-image-cloud-amd64, as the host's apt reaches it. Needs no root. */
public final class DebianKernelSource implements KernelSource {
    private static final String META_PACKAGE = "linux-image-cloud-amd64";
    private static final Pattern IMAGE_PACKAGE =
            Pattern.compile("\\blinux-image-([0-9][a-z0-9.+~-]*-cloud-amd64)\\b(?: \\(= ([^)\\s]+)\\))?");
    private static final Duration UNPACKING = Duration.ofMinutes(5);

    private static final List<Requirement> REQUIREMENTS = List.of(
            new Requirement("apt-get", "apt", "fetch the kernel's package"),
            new Requirement("apt-cache", "apt", "find the kernel's package"),
            new Requirement("apt-config", "apt", "fetch packages the way this host does"),
            new Requirement("dpkg-deb", "dpkg", "unpack the kernel's package"),
            new Requirement("depmod", "kmod", "index the kernel's modules"),
            new Requirement("mksquashfs", "squashfs-tools", "pack the kernel's modules"));

    private final ProgramRunner programs;
    private final Path root;

    public DebianKernelSource(ProgramRunner programs) {
        this(programs, Path.of("/"));
    }

    /** {@code root}: where the host's etc/apt lies. */
    DebianKernelSource(ProgramRunner programs, Path root) {
        this.programs = programs;
        this.root = root;
    }

    @Override
    public String name() {
        return "debian";
    }

    @Override
    public Fetched fetch(Path staging, Progress progress) {
        String architecture = System.getProperty("os.arch", "");
        if (!architecture.equals("amd64")) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "Debian's cloud kernel is fetched for amd64 only; this host is " + architecture);
        }
        programs.require(REQUIREMENTS);
        DebianArchive archive = DebianArchive.of(root);
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
        Image image = resolve(apt);
        progress.stage("fetching " + image.packageName());
        apt.download(image.packageName() + "=" + image.packageVersion(), work, progress);
        progress.stage("unpacking the kernel");
        Path unpacked = work.resolve("package");
        programs.run(Program.of(UNPACKING, "dpkg-deb", "-x", onlyDeb(work).toString(), unpacked.toString()));
        Files.move(unpacked.resolve("boot/vmlinuz-" + image.release()), staging.resolve("vmlinuz"));
        Vmlinux.unpack(staging.resolve("vmlinuz"), staging.resolve("vmlinux"));
        progress.stage("packing the kernel's modules");
        Path base = Files.isDirectory(unpacked.resolve("lib/modules")) ? unpacked : unpacked.resolve("usr");
        Path modules = base.resolve("lib/modules").resolve(image.release());
        programs.run(Program.of(UNPACKING, "depmod", "-b", base.toString(), image.release()));
        pack(modules, staging.resolve("modules.squashfs"));
        BootModules boot = new BootModules(modules);
        boot.copyTo(staging.resolve("boot"), "modules.load", BootModules.WANTED);
        boot.copyTo(staging.resolve("boot"), "modules.vsock", BootModules.WANTED_VSOCK);
        boot.copyTo(staging.resolve("boot"), "modules.late", BootModules.WANTED_LATE);
        delete(work);
        return new Fetched(image.release(), "Debian " + image.packageName() + " " + image.packageVersion());
    }

    /** The kernel package that the meta package stands for at present. */
    private static Image resolve(PrivateApt apt) {
        String control = apt.show(META_PACKAGE);
        Matcher matcher = control.lines()
                .filter(line -> line.startsWith("Depends:"))
                .map(IMAGE_PACKAGE::matcher)
                .filter(Matcher::find)
                .findFirst()
                .orElseThrow(() -> new BangerException(
                        ErrorCode.HOST_COMMAND_FAILED,
                        "package " + META_PACKAGE + " does not say which kernel it stands for",
                        control,
                        null));
        String packageName = "linux-image-" + matcher.group(1);
        String version = matcher.group(2) == null ? field(apt.show(packageName), "Version") : matcher.group(2);
        return new Image(packageName, version, matcher.group(1));
    }

    private static String field(String control, String name) {
        return control.lines()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElseThrow(() -> new BangerException(
                        ErrorCode.HOST_COMMAND_FAILED, "apt shows a package without " + name, control, null));
    }

    private static Path onlyDeb(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".deb"))
                    .findFirst()
                    .orElseThrow(() -> new BangerException(
                            ErrorCode.HOST_COMMAND_FAILED, "apt-get download left no package in " + directory));
        }
    }

    /**
     * LZ4 is what decompresses fastest, which matters under emulation (and packs in a third of a second where zstd takes
     * seven); the drive is 36 MB with it, 20 MB with zstd. No times, so that equal modules give equal bytes.
     */
    private void pack(Path modules, Path squashfs) throws IOException {
        makeReadable(modules);
        programs.run(Program.of(
                UNPACKING,
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

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private record Image(String packageName, String packageVersion, String release) {}
}
