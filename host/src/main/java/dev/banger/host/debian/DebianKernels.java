package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.KernelVersion;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.kernel.KernelArchive;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Debian's kernels for virtual machines, linux-image-*-cloud-amd64, as the host's apt reaches them. Needs no root. Thread-safe. */
public final class DebianKernels implements KernelArchive {
    static final List<Requirement> APT = List.of(
            new Requirement("apt-get", "fetch the kernel's package"),
            new Requirement("apt-cache", "find the kernel's package"),
            new Requirement("apt-config", "fetch packages the way this host does"));

    private static final String META_PACKAGE = "linux-image-cloud-amd64";
    private static final Pattern PACKAGE = Pattern.compile("linux-image-([0-9][a-z0-9.+~-]*-cloud-amd64)");
    private static final Pattern DEPENDENCY = Pattern.compile("\\b" + PACKAGE + "\\b(?: \\(= ([^)\\s]+)\\))?");
    private static final Pattern RUN = Pattern.compile("[0-9]+|[^0-9]+");

    private final ProgramRunner programs;
    private final Path root;

    public DebianKernels(ProgramRunner programs) {
        this(programs, Path.of("/"));
    }

    /** {@code root}: where the host's etc/apt lies. */
    DebianKernels(ProgramRunner programs, Path root) {
        this.programs = programs;
        this.root = root;
    }

    @Override
    public String name() {
        return "debian";
    }

    @Override
    public List<KernelVersion> versions(@Nullable String suite, Path scratch, Progress progress) {
        Lack.refuse("list Debian's kernels", DebianArchive.lacks(programs, root, APT));
        PrivateApt apt = new PrivateApt(programs, scratch.toAbsolutePath().resolve("apt"));
        apt.update(DebianArchive.of(root).at(suite), progress);
        return versions(apt);
    }

    @Override
    public KernelSource kernel(@Nullable String suite, @Nullable String version) {
        return new DebianKernelSource(programs, root, suite, version);
    }

    @Override
    public KernelSource build(@Nullable String suite, Optional<Path> changes) {
        return new DebianKernelBuild(programs, root, suite, changes);
    }

    /** A kernel's package. */
    record Image(String packageName, String packageVersion, String release) {}

    /** The package of that version, or the one that Debian's meta package stands for at present. */
    static Image resolve(PrivateApt apt, @Nullable String version) {
        if (version == null) {
            return newest(apt);
        }
        List<KernelVersion> all = versions(apt);
        return all.stream()
                .filter(each -> each.packageVersion().equals(version)
                        || each.release().equals(version)
                        || each.release().equals(version + "-cloud-amd64"))
                .findFirst()
                .map(found -> new Image("linux-image-" + found.release(), found.packageVersion(), found.release()))
                .orElseThrow(() -> BangerException.notFound("Debian has no kernel " + version + " there; it has "
                        + String.join(
                                ", ",
                                all.stream()
                                        .limit(8)
                                        .map(KernelVersion::release)
                                        .distinct()
                                        .toList())
                        + (all.size() > 8 ? ", ..." : "")
                        + ". \"banger kernel ls --available\" lists all, with --suite those of another suite"));
    }

    private static Image newest(PrivateApt apt) {
        String control = apt.show(META_PACKAGE);
        Matcher matcher = DEPENDENCY.matcher(ControlFile.parse(control).stream()
                .map(fields -> fields.getOrDefault("Depends", ""))
                .findFirst()
                .orElse(""));
        if (!matcher.find()) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED,
                    "package " + META_PACKAGE + " does not say which kernel it stands for",
                    control,
                    null);
        }
        String packageName = "linux-image-" + matcher.group(1);
        String version = matcher.group(2) == null
                ? ControlFile.parse(apt.show(packageName)).getFirst().getOrDefault("Version", "")
                : matcher.group(2);
        return new Image(packageName, version, matcher.group(1));
    }

    private static List<KernelVersion> versions(PrivateApt apt) {
        List<String> names = apt.packageNames("linux-image-").stream()
                .filter(name -> PACKAGE.matcher(name).matches())
                .toList();
        if (names.isEmpty()) {
            return List.of();
        }
        Image newest = newest(apt);
        List<KernelVersion> versions = new ArrayList<>();
        for (Map<String, String> fields : ControlFile.parse(apt.showAll(names))) {
            Matcher name = PACKAGE.matcher(fields.getOrDefault("Package", ""));
            // linux-image-6.12-cloud-amd64 only stands for another one.
            if (name.matches()
                    && !DEPENDENCY.matcher(fields.getOrDefault("Depends", "")).find()) {
                String version = fields.getOrDefault("Version", "");
                versions.add(new KernelVersion(
                        name.group(1),
                        version,
                        Long.parseLong(fields.getOrDefault("Size", "0")),
                        name.group(1).equals(newest.release()) && version.equals(newest.packageVersion())));
            }
        }
        versions.sort(Comparator.comparing(KernelVersion::packageVersion, DebianKernels::compare)
                .thenComparing(KernelVersion::release, DebianKernels::compare)
                .reversed());
        return versions.stream().distinct().toList();
    }

    /** For the order of a list: numbers by their value, all else as text. What apt makes of a tilde does not matter there. */
    static int compare(String one, String other) {
        List<String> left = RUN.matcher(one).results().map(run -> run.group()).toList();
        List<String> right =
                RUN.matcher(other).results().map(run -> run.group()).toList();
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            String a = left.get(i);
            String b = right.get(i);
            boolean numbers = Character.isDigit(a.charAt(0)) && Character.isDigit(b.charAt(0));
            int order = numbers ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.size(), right.size());
    }
}
