package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Debian's archive as this host reaches it: a release, and the sources for it. They are the host's own, with its mirrors
 * and keys, as far as they are Debian's; a host that has none gets Debian's public mirror, with Debian's keyring.
 */
record DebianArchive(String suite, List<AptSource> sources) {
    private static final String FALLBACK_SUITE = "bookworm";
    private static final String KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg";

    DebianArchive {
        sources = List.copyOf(sources);
    }

    /** What the host whose files lie under {@code root} ({@code /}, but in tests) is configured with. */
    static DebianArchive of(Path root) {
        List<AptSource> debian = AptSources.read(root.resolve("etc/apt")).stream()
                .filter(DebianArchive::isDebians)
                .toList();
        Optional<String> codename = codename(root.resolve("etc/os-release"));
        List<String> releases = debian.stream()
                .flatMap(source -> source.suites().stream())
                .filter(suite -> suite.equals(release(suite)))
                .distinct()
                .toList();
        if (releases.isEmpty()) {
            return publicMirror(root, codename.orElse(FALLBACK_SUITE));
        }
        String suite = codename.filter(releases::contains).orElse(releases.getFirst());
        return new DebianArchive(suite, only(suite, debian));
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

    private static DebianArchive publicMirror(Path root, String suite) {
        if (!Files.isRegularFile(root.resolve(KEYRING))) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "apt on this host knows no Debian archive (none in /etc/apt/sources.list or sources.list.d), and /"
                            + KEYRING
                            + " is not there to trust Debian's public one\ninstall it: sudo apt-get install debian-archive-keyring");
        }
        Map<String, String> signed = Map.of("Signed-By", "/" + KEYRING);
        return new DebianArchive(
                suite,
                List.of(
                        new AptSource(
                                List.of("http://deb.debian.org/debian"),
                                List.of(suite, suite + "-updates"),
                                List.of("main"),
                                signed),
                        new AptSource(
                                List.of("http://deb.debian.org/debian-security"),
                                List.of(suite + "-security"),
                                List.of("main"),
                                signed)));
    }

    /** The contents of a .sources file. */
    String sourcesFile() {
        return sources.stream().map(AptSource::stanza).collect(Collectors.joining("\n"));
    }
}
