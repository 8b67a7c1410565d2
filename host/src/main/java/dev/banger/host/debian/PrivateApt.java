package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Output;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The host's apt with lists, cache and dpkg status of its own, in one directory: it runs as any user, on a host whose
 * lists are missing or old, and changes nothing outside the directory. Of the host's configuration it takes how to reach
 * mirrors (proxies, retries, date checks) but no hooks: those of the host act on the host.
 */
final class PrivateApt {
    private static final Duration UPDATE = Duration.ofMinutes(10);
    private static final Duration DOWNLOAD = Duration.ofMinutes(30);
    private static final Duration QUERY = Duration.ofMinutes(1);
    private static final Pattern TRANSPORT = Pattern.compile(
            "Acquire::(http|https|Retries|ForceIPv4|ForceIPv6|Check-Valid-Until|Check-Date|Max-FutureTime|By-Hash)\\b.*");
    private static final Pattern STATUS = Pattern.compile("(?:dlstatus|pmstatus):[^:]*:([0-9]+)(?:\\.[0-9]*)?:.*");

    /** The latter of sources that are trusted without a signature, of which a Release file is not asked. */
    private static final Pattern MISSING =
            Pattern.compile("does not have a Release file|Failed to fetch \\S+ +(404|File not found)");

    private final ProgramRunner programs;
    private final Path directory;

    PrivateApt(ProgramRunner programs, Path directory) {
        this.programs = programs;
        this.directory = directory;
    }

    /** What the host's apt is told about transports, as lines of apt.conf(5). */
    static String transportConfiguration(ProgramRunner programs) {
        return programs.run(Program.of(QUERY, "apt-config", "dump"))
                .text()
                .lines()
                .filter(line -> TRANSPORT.matcher(line).matches())
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    /** Sets the directory up and fetches the archive's lists. */
    void update(DebianArchive archive, Progress progress) {
        try {
            for (String each : new String[] {"state/lists/partial", "cache/archives/partial", "log", "none"}) {
                Files.createDirectories(directory.resolve(each));
            }
            Files.writeString(directory.resolve("status"), "", StandardCharsets.UTF_8);
            Files.writeString(directory.resolve("debian.sources"), archive.sourcesFile(), StandardCharsets.UTF_8);
            Files.writeString(directory.resolve("apt.conf"), configuration(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw DiskFailure.of("cannot set apt up in " + directory, directory, e);
        }
        try {
            run(UPDATE, progress, "apt-get", "-o", "APT::Status-Fd=2", "update", "--error-on=any");
        } catch (BangerException e) {
            if (!MISSING.matcher(e.detail()).find()) {
                throw e;
            }
            throw new BangerException(
                    ErrorCode.NOT_FOUND,
                    "Debian's archive, as this host reaches it, has no suite " + archive.suite(),
                    e);
        }
    }

    private String configuration() {
        return """
                Dir::Etc::main "/dev/null";
                Dir::Etc::parts "DIR/none";
                Dir::Etc::sourcelist "DIR/debian.sources";
                Dir::Etc::sourceparts "DIR/none";
                Dir::Etc::preferences "/dev/null";
                Dir::Etc::preferencesparts "DIR/none";
                Dir::State "DIR/state";
                Dir::State::lists "DIR/state/lists";
                Dir::State::status "DIR/status";
                Dir::Cache "DIR/cache";
                Dir::Log "DIR/log";
                APT::Architecture "amd64";
                APT::Architectures { "amd64"; };
                APT::Sandbox::User "root";
                Debug::NoLocking "true";
                Acquire::Languages "none";
                """.replace("DIR", directory.toString()) + transportConfiguration(programs);
    }

    /** The control file of a package's newest version. */
    String show(String packageName) {
        return run(QUERY, Progress.none(), "apt-cache", "show", "--no-all-versions", packageName)
                .text();
    }

    /** Names of packages that begin so. */
    List<String> packageNames(String prefix) {
        return run(QUERY, Progress.none(), "apt-cache", "pkgnames", prefix)
                .text()
                .lines()
                .toList();
    }

    /** The control files of all versions of these packages. */
    String showAll(List<String> packageNames) {
        List<String> argv = new ArrayList<>(List.of("apt-cache", "show", "--all-versions"));
        argv.addAll(packageNames);
        return run(Program.of(QUERY, argv), Progress.none()).text();
    }

    /** Fetches a package into {@code into}, which has no other; apt checks it against the signed lists. @return its file */
    Path download(String packageAndVersion, Path into, Progress progress) {
        run(
                Program.of(DOWNLOAD, "apt-get", "-o", "APT::Status-Fd=2", "download", packageAndVersion)
                        .in(into),
                progress);
        try (Stream<Path> files = Files.list(into)) {
            return files.filter(file -> file.toString().endsWith(".deb"))
                    .findFirst()
                    .orElseThrow(() -> new BangerException(
                            ErrorCode.HOST_COMMAND_FAILED, "apt-get download left no package in " + into));
        } catch (IOException e) {
            throw DiskFailure.of("cannot look for the package in " + into, into, e);
        }
    }

    private Output run(Duration timeout, Progress progress, String... argv) {
        return run(Program.of(timeout, argv), progress);
    }

    private Output run(Program program, Progress progress) {
        return programs.run(program.with(
                        "APT_CONFIG", directory.resolve("apt.conf").toString())
                .following(line -> {
                    Matcher matcher = STATUS.matcher(line);
                    if (matcher.matches()) {
                        progress.update(Long.parseLong(matcher.group(1)), 100);
                    }
                }));
    }
}
