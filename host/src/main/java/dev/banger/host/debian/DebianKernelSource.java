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
            new Requirement("apt-get", "fetch the kernel's package"),
            new Requirement("apt-cache", "find the kernel's package"),
            new Requirement("apt-config", "fetch packages the way this host does"),
            new Requirement("dpkg-deb", "unpack the kernel's package"),
            KernelModules.DEPMOD,
            KernelModules.MKSQUASHFS);

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
    public List<Lack> lacks() {
        return DebianArchive.lacks(programs, root, REQUIREMENTS);
    }

    @Override
    public Fetched fetch(Path staging, Progress progress) {
        Lack.refuse("fetch Debian's kernel", lacks());
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
        new KernelModules(programs, modules).layOut(staging);
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

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private record Image(String packageName, String packageVersion, String release) {}
}
