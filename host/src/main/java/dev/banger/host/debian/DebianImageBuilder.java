package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.host.linux.RootTree;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A Debian root from Debian's packages, by mmdebstrap. The same way for root and for any other user, who does it in a user
 * namespace: mmdebstrap installs into a directory, banger adds its settings there, mke2fs makes a file system of it.
 */
public final class DebianImageBuilder implements RootfsBuilder {
    /** What a sandbox can fill; the file is sparse. */
    private static final long ROOT_BYTES = 10L * 1024 * 1024 * 1024;

    private static final Duration INSTALLATION = Duration.ofMinutes(45);

    private final ProgramRunner programs;
    private final UserNamespace namespace;
    private final Path root;

    public DebianImageBuilder(ProgramRunner programs, UserNamespace namespace) {
        this(programs, namespace, Path.of("/"));
    }

    /** {@code root}: where the host's etc/apt lies. */
    DebianImageBuilder(ProgramRunner programs, UserNamespace namespace, Path root) {
        this.programs = programs;
        this.namespace = namespace;
        this.root = root;
    }

    @Override
    public String source() {
        return "debian";
    }

    @Override
    public Built build(ImageBuild request, Path staging, Progress progress) {
        if (request.path() != null) {
            throw BangerException.invalid("a Debian image is made from packages, not from " + request.path());
        }
        List<String> packages = DebianPackages.with(request.packages());
        Lack.refuse("build the Debian image", lacks(request));
        DebianArchive archive = DebianArchive.of(root);
        Path work = staging.toAbsolutePath().resolve("work");
        try (RootTree everything = new RootTree(programs, namespace, work)) {
            Files.createDirectory(work);
            RootTree tree = new RootTree(programs, namespace, work.resolve("root"));
            install(archive, packages, tree, work, progress);
            progress.stage("trimming the image");
            new GuestSettings(tree.directory()).apply(archive.sourcesList());
            int installed = installedPackages(tree.directory());
            progress.stage("making the file system");
            tree.intoExt4(staging.toAbsolutePath().resolve("rootfs"), ROOT_BYTES, "banger-root");
            progress.stage("cleaning up");
            return new Built("debian " + archive.suite() + ", " + installed + " packages", tree.hasInit(), ROOT_BYTES);
        } catch (IOException e) {
            throw DiskFailure.of("cannot build the Debian image in " + staging, staging, e);
        }
    }

    @Override
    public List<Lack> lacks(ImageBuild request) {
        List<Lack> lacks = new ArrayList<>(DebianArchive.lacks(
                programs,
                root,
                List.of(
                        new Requirement("mmdebstrap", "install Debian into an image"),
                        new Requirement("apt-get", "fetch Debian's packages"),
                        Ext4.requirement())));
        lacks.addAll(namespace.lacks());
        return lacks;
    }

    private void install(DebianArchive archive, List<String> packages, RootTree tree, Path work, Progress progress)
            throws IOException {
        progress.stage("starting mmdebstrap");
        Path sources = Files.writeString(work.resolve("debian.sources"), archive.sourcesFile(), StandardCharsets.UTF_8);
        Path configuration = Files.writeString(
                work.resolve("apt.conf"),
                PrivateApt.transportConfiguration(programs) + "Acquire::Languages \"none\";\n",
                StandardCharsets.UTF_8);
        List<String> argv = new ArrayList<>(List.of(
                "mmdebstrap",
                "--verbose",
                // In the namespace its user is root; a mode of mmdebstrap's own would not let banger at the files.
                "--mode=root",
                "--variant=minbase",
                "--format=directory",
                "--architectures=amd64",
                "--include=" + String.join(",", packages),
                "--aptopt=" + configuration));
        // Without "=" these are dpkg's alone: with it mmdebstrap filters its first packages, in Python, for 20 s.
        GuestSettings.dpkgOptions().forEach(option -> argv.add("--dpkgopt=" + option.replace('=', ' ')));
        argv.add("--essential-hook=" + GuestSettings.REMOVE_DOCUMENTATION);
        argv.addAll(List.of(archive.suite(), tree.directory().toString(), sources.toString()));
        tree.run(Program.of(INSTALLATION, argv)
                .with("TMPDIR", work.toString())
                .following(new MmdebstrapProgress(progress)));
    }

    private static int installedPackages(Path tree) throws IOException {
        try (Stream<String> lines = Files.lines(tree.resolve("var/lib/dpkg/status"), StandardCharsets.UTF_8)) {
            return (int) lines.filter(line -> line.equals("Status: install ok installed"))
                    .count();
        }
    }
}
