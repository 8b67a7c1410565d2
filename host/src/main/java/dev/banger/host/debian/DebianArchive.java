package dev.banger.host.debian;

import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.operation.Lack;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Debian's archive as this host reaches it: a release, and the sources for it. They are the host's own, with its mirrors
 * and keys, as far as they are Debian's.
 */
record DebianArchive(String suite, List<AptSource> sources) {
    /** What has no updates of its own. */
    private static final List<String> ROLLING = List.of("sid", "unstable", "experimental");

    DebianArchive {
        sources = List.copyOf(sources);
    }

    /** What a host lacks for work with these programs and the archive's packages. */
    static List<Lack> lacks(ProgramRunner programs, Path root, List<Requirement> requirements) {
        List<Lack> lacks = new ArrayList<>();
        String architecture = System.getProperty("os.arch", "");
        if (!architecture.equals("amd64")) {
            lacks.add(new Lack(
                    "this host is " + architecture + ", and Debian's packages are used on amd64 only",
                    "",
                    Lack.NO_REMEDY));
        }
        lacks.addAll(programs.lacks(requirements));
        lacks.addAll(lacks(root));
        return lacks;
    }

    private static List<Lack> lacks(Path root) {
        return find(root).isPresent()
                ? List.of()
                : List.of(new Lack(
                        "apt on this host knows no Debian archive (none in /etc/apt/sources.list or"
                                + " /etc/apt/sources.list.d)",
                        "have Debian's kernel and packages",
                        new Lack.Step("add Debian's archive there, signed by the keys of the package"
                                + " debian-archive-keyring")));
    }

    /** What the host whose files lie under {@code root} ({@code /}, but in tests) is configured with. */
    static DebianArchive of(Path root) {
        Lack.refuse("use Debian's archive", lacks(root));
        return find(root).orElseThrow();
    }

    private static Optional<DebianArchive> find(Path root) {
        List<AptSource> debian = AptSources.read(root.resolve("etc/apt")).stream()
                .filter(DebianArchive::isDebians)
                .toList();
        Optional<String> codename = codename(root.resolve("etc/os-release"));
        List<String> releases = debian.stream()
                .flatMap(source -> source.suites().stream())
                .filter(suite -> suite.equals(release(suite)))
                .distinct()
                .toList();
        return codename.filter(releases::contains)
                .or(() -> releases.stream().findFirst())
                .map(suite -> new DebianArchive(suite, only(suite, debian)));
    }

    /**
     * The same mirrors and keys for another suite: a release with its updates, as far as the host has those of its own, or what a
     * release has beside it, such as {@code bookworm-backports}. Whether a mirror has it shows when its lists are fetched.
     *
     * @param other null: this archive
     */
    DebianArchive at(@Nullable String other) {
        if (other == null || other.equals(suite)) {
            return this;
        }
        boolean whole = other.equals(release(other));
        List<AptSource> others = new ArrayList<>();
        for (AptSource source : sources) {
            List<String> suites = source.suites().stream()
                    .filter(each -> each.equals(suite) || whole && !ROLLING.contains(other))
                    .map(each -> other + each.substring(suite.length()))
                    .toList();
            if (!suites.isEmpty()) {
                others.add(new AptSource(source.uris(), suites, source.components(), source.options()));
            }
        }
        return new DebianArchive(other, others);
    }

    /** Sources with the suites of one release: itself, its updates and its security updates, no backports. */
    private static List<AptSource> only(String suite, List<AptSource> sources) {
        List<AptSource> kept = new ArrayList<>();
        for (AptSource source : sources) {
            List<String> suites = source.suites().stream()
                    .filter(each -> List.of(suite, suite + "-updates", suite + "-security", suite + "/updates")
                            .contains(each))
                    .toList();
            if (!suites.isEmpty()) {
                kept.add(new AptSource(source.uris(), suites, List.of("main"), source.options()));
            }
        }
        return kept;
    }

    /**
     * Debian's own: the component main, and either signed by Debian's archive keys or, where no key is named, from a
     * mirror whose name says Debian. Other vendors' archives use Debian's suite names too, but name a key of theirs.
     */
    private static boolean isDebians(AptSource source) {
        if (!source.components().contains("main")) {
            return false;
        }
        String key = source.options().getOrDefault("Signed-By", "");
        return key.isEmpty()
                ? source.uris().stream().anyMatch(uri -> uri.contains("debian"))
                : key.contains("debian-archive-");
    }

    private static String release(String suite) {
        return suite.replaceFirst("(-updates|-security|/updates|-backports.*|-proposed-updates)$", "");
    }

    private static Optional<String> codename(Path osRelease) {
        if (!Files.isRegularFile(osRelease)) {
            return Optional.empty();
        }
        try {
            Map<String, String> fields = Files.readAllLines(osRelease, StandardCharsets.UTF_8).stream()
                    .filter(line -> line.indexOf('=') > 0)
                    .collect(Collectors.toMap(
                            line -> line.substring(0, line.indexOf('=')),
                            line -> line.substring(line.indexOf('=') + 1).replace("\"", ""),
                            (first, second) -> second));
            return "debian".equals(fields.get("ID"))
                    ? Optional.ofNullable(fields.get("VERSION_CODENAME"))
                    : Optional.empty();
        } catch (IOException e) {
            throw DiskFailure.of("cannot read " + osRelease, osRelease, e);
        }
    }

    /** What a guest's /etc/apt/sources.list says: the same sources, checked with the keyring that every Debian has. */
    String sourcesList() {
        StringBuilder list = new StringBuilder();
        for (AptSource source : sources) {
            for (String uri : source.uris()) {
                for (String suite : source.suites()) {
                    list.append("deb ").append(uri).append(' ').append(suite).append(" main\n");
                }
            }
        }
        return list.toString();
    }

    /** The contents of a .sources file. */
    String sourcesFile() {
        return sources.stream().map(AptSource::stanza).collect(Collectors.joining("\n"));
    }
}
