package dev.banger.host.debian;

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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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
        run(UPDATE, progress, "apt-get", "-o", "APT::Status-Fd=2", "update", "--error-on=any");
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

    /** Fetches a package into {@code into}; apt checks it against the signed lists. */
    void download(String packageAndVersion, Path into, Progress progress) {
        run(
                Program.of(DOWNLOAD, "apt-get", "-o", "APT::Status-Fd=2", "download", packageAndVersion)
                        .in(into),
                progress);
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
