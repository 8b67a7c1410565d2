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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A kernel compiled from Debian's kernel source with {@link KernelConfiguration#sandbox()}: all built in, no modules. Needs the
 * host's compiler and no root.
 */
final class DebianKernelBuild implements KernelSource {
    private static final List<Requirement> REQUIREMENTS = Stream.concat(
                    DebianKernels.APT.stream(),
                    Stream.of(
                            new Requirement("dpkg-deb", "unpack the kernel's source"),
                            new Requirement("tar", "unpack the kernel's source"),
                            new Requirement("xz", "unpack the kernel's source"),
                            new Requirement("make", "build a kernel"),
                            new Requirement("gcc", "build a kernel"),
                            new Requirement("ld", "build a kernel"),
                            new Requirement("flex", "build a kernel"),
                            new Requirement("bison", "build a kernel"),
                            new Requirement("bc", "build a kernel"),
                            new Requirement("perl", "build a kernel's ciphers"),
                            new Requirement("/usr/include/stdio.h", "build what builds a kernel"),
                            new Requirement("/usr/include/gelf.h", "check a kernel's object files"),
                            KernelModules.DEPMOD,
                            KernelModules.MKSQUASHFS))
            .toList();

    private static final String META_PACKAGE = "linux-source";
    private static final Pattern PACKAGE = Pattern.compile("\\b(linux-source-[0-9][0-9.]*)\\b");
    /** Half of a source is for other machines, or to be read; what a build says it was made of has none of it. Kconfig files stay. */
    private static final List<String> UNUSED = List.of(
            "arch/[a-wyz]*/*.[chSd]*",
            "Documentation/[!K]*",
            "tools/testing",
            "tools/perf",
            "drivers/gpu/drm/amd/include");

    private static final Duration UNPACKING = Duration.ofMinutes(10);
    private static final Duration CONFIGURING = Duration.ofMinutes(5);
    private static final Duration COMPILING = Duration.ofHours(2);
    /** Packages, source, objects and the kernel itself, measured: 1.4 GB. */
    private static final long NEEDED_MIB = 1700;
    /** Of {@code make vmlinux}, measured; others have a few more or fewer. */
    private static final int USUAL_STEPS = 2340;

    private static final Pattern STEP = Pattern.compile("  [A-Z0-9]+ +\\S+");

    private final ProgramRunner programs;
    private final Path root;
    private final @Nullable String suite;
    private final Optional<Path> changes;

    /**
     * @param root where the host's etc/apt lies
     * @param suite null: the host's own release
     * @param changes a file with lines of a .config that go before banger's
     */
    DebianKernelBuild(ProgramRunner programs, Path root, @Nullable String suite, Optional<Path> changes) {
        this.programs = programs;
        this.root = root;
        this.suite = suite;
        this.changes = changes;
    }

    @Override
    public List<Lack> lacks() {
        return DebianArchive.lacks(programs, root, REQUIREMENTS);
    }

    @Override
    public Fetched fetch(Path staging, Progress progress) {
        Path work = staging.toAbsolutePath().resolve("build");
        try {
            Prepared prepared = prepare(work, progress);
            compile(work, prepared.release(), progress);
            Fetched fetched = new DirectoryKernelSource(
                            programs,
                            prepared.source(),
                            work.resolve("vmlinux"),
                            Optional.empty(),
                            Optional.of(builtIn(work, prepared.release())))
                    .fetch(staging, progress);
            progress.stage("removing source and objects");
            programs.run(Program.of(UNPACKING, "rm", "-rf", work.toString()));
            return fetched;
        } catch (IOException e) {
            throw DiskFailure.of("cannot build a kernel in " + work, work, e);
        }
    }

    /**
     * A source that is ready to be compiled.
     *
     * @param source where it is from, for people
     * @param release the one that the kernel will have
     */
    record Prepared(String source, String release) {}

    /** Leaves in {@code work}, which it makes, the source and a directory for objects with the .config. */
    Prepared prepare(Path work, Progress progress) throws IOException {
        Lack.refuse("build a kernel", lacks());
        KernelConfiguration wanted = wanted();
        Files.createDirectories(work);
        DiskFailure.requireRoom("a kernel's source and objects", NEEDED_MIB << 20, work);
        String source = unpack(work, progress);
        return new Prepared(source, configure(work, wanted, progress));
    }

    private KernelConfiguration wanted() {
        KernelConfiguration sandbox = KernelConfiguration.sandbox();
        return changes.map(file -> {
                    try {
                        return sandbox.with(KernelConfiguration.parse(Files.readString(file), file.toString()));
                    } catch (IOException e) {
                        throw DiskFailure.of("cannot read " + file, file, e);
                    }
                })
                .orElse(sandbox);
    }

    /** The newest source to {@code work/source}. @return where it is from, for people */
    private String unpack(Path work, Progress progress) throws IOException {
        progress.stage("reading Debian's package lists");
        PrivateApt apt = new PrivateApt(programs, work.resolve("apt"));
        apt.update(DebianArchive.of(root).at(suite), progress);
        String meta = apt.show(META_PACKAGE);
        Matcher dependency = PACKAGE.matcher(ControlFile.parse(meta).getFirst().getOrDefault("Depends", ""));
        if (!dependency.find()) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED,
                    "package " + META_PACKAGE + " does not say which source it stands for",
                    meta,
                    null);
        }
        String name = dependency.group(1);
        Map<String, String> facts = ControlFile.parse(apt.show(name)).getFirst();
        String version = facts.getOrDefault("Version", "");
        progress.stage("fetching " + name);
        Path deb = apt.download(name + "=" + version, work, progress);
        progress.stage("unpacking the kernel's source");
        programs.run(Program.of(
                UNPACKING,
                "dpkg-deb",
                "-x",
                deb.toString(),
                work.resolve("package").toString()));
        Files.createDirectory(work.resolve("source"));
        List<String> tar = new ArrayList<>(List.of(
                "tar",
                "-xf",
                work.resolve("package/usr/src/" + name + ".tar.xz").toString(),
                "--strip-components=1",
                "-C",
                work.resolve("source").toString()));
        UNUSED.forEach(pattern -> tar.add("--exclude=" + name + "/" + pattern));
        programs.run(Program.of(UNPACKING, tar));
        return "built from Debian " + name + " " + version;
    }

    /** @return the release it will have */
    String configure(Path work, KernelConfiguration wanted, Progress progress) throws IOException {
        progress.stage("configuring the kernel");
        Path file = Files.writeString(work.resolve("wanted.config"), wanted.text(), StandardCharsets.UTF_8);
        programs.run(make(work, CONFIGURING, "-s", "KCONFIG_ALLCONFIG=" + file, "allnoconfig"));
        KernelConfiguration made = KernelConfiguration.parse(Files.readString(work.resolve("out/.config")), ".config");
        Set<String> known = KernelConfiguration.known(work.resolve("source"));
        List<String> refused = wanted.refusedBy(made, known);
        if (!refused.isEmpty()) {
            throw BangerException.invalid("this kernel's own rules do not allow: " + String.join(", ", refused)
                    + "; each of them needs another option that is not set, or excludes one that is");
        }
        return programs.run(make(work, CONFIGURING, "-s", "kernelrelease"))
                .text()
                .strip();
    }

    private void compile(Path work, String release, Progress progress) throws IOException {
        int jobs = Runtime.getRuntime().availableProcessors();
        progress.stage("compiling Linux " + release + " with " + jobs + (jobs == 1 ? " job" : " jobs"));
        AtomicLong steps = new AtomicLong();
        programs.run(make(work, COMPILING, "-j" + jobs, "vmlinux").following(line -> {
            if (STEP.matcher(line).lookingAt()) {
                long done = steps.incrementAndGet();
                progress.update(Math.min(done, USUAL_STEPS), USUAL_STEPS);
            }
        }));
        programs.run(Program.of(
                CONFIGURING,
                "objcopy",
                "--strip-all",
                "--remove-section=.comment",
                work.resolve("out/vmlinux").toString(),
                work.resolve("vmlinux").toString()));
    }

    /** Whatever the kernel says of its build is the source's, so that it does not differ from build to build. */
    private static Program make(Path work, Duration timeout, String... arguments) throws IOException {
        String date = Files.getLastModifiedTime(work.resolve("source/Makefile"))
                .toInstant()
                .truncatedTo(ChronoUnit.DAYS)
                .toString();
        List<String> argv =
                new ArrayList<>(List.of("make", "ARCH=x86_64", "CROSS_COMPILE=", "O=" + work.resolve("out")));
        argv.addAll(List.of(arguments));
        return Program.of(timeout, argv)
                .in(work.resolve("source"))
                .with("MAKEFLAGS", "")
                .with("KBUILD_BUILD_USER", "banger")
                .with("KBUILD_BUILD_HOST", "sandbox")
                .with("KBUILD_BUILD_VERSION", "1")
                .with("KBUILD_BUILD_TIMESTAMP", date);
    }

    /** A tree of modules with none: it says what is built in, so that modprobe in the guest is content. */
    private static Path builtIn(Path work, String release) throws IOException {
        Path tree = Files.createDirectories(work.resolve("lib/modules").resolve(release));
        for (String list : List.of("modules.builtin", "modules.builtin.modinfo")) {
            Files.copy(work.resolve("out").resolve(list), tree.resolve(list));
        }
        Files.writeString(tree.resolve("modules.order"), "");
        return tree;
    }
}
