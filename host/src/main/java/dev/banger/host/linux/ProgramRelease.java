package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which release of a program is installed. Asking it takes longer than a whole restore, so the answer is kept as long as the program
 * is the same file. Thread-safe.
 */
public final class ProgramRelease {
    private static final Logger LOG = LoggerFactory.getLogger(ProgramRelease.class);
    private static final Pattern VERSION = Pattern.compile("\\bv(?:ersion )?([0-9]{1,3})\\.([0-9]{1,3})");
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** What {@code --version} says. */
    public record Release(int major, int minor) implements Comparable<Release> {
        @Override
        public int compareTo(Release other) {
            return major != other.major ? Integer.compare(major, other.major) : Integer.compare(minor, other.minor);
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    private final ProgramRunner programs;
    private final Path file;
    private @Nullable String known;

    /** The answer is kept in {@code file}, where its directory is there. */
    public ProgramRelease(ProgramRunner programs, Path file) {
        this.programs = programs;
        this.file = file;
    }

    /** Empty when it cannot be found out. */
    public synchronized Optional<Release> of(Path program) {
        Matcher version = VERSION.matcher(text(program));
        return version.find()
                ? Optional.of(new Release(Integer.parseInt(version.group(1)), Integer.parseInt(version.group(2))))
                : Optional.empty();
    }

    private String text(Path program) {
        try {
            String build =
                    program + " " + Files.getLastModifiedTime(program).toMillis() + " " + Files.size(program) + " ";
            String kept = known != null ? known : Files.exists(file) ? Files.readString(file) : "";
            if (!kept.startsWith(build)) {
                String said = programs.run(Program.of(TIMEOUT, program.toString(), "--version"))
                        .text();
                kept = build + said.lines().findFirst().orElse("");
                keep(kept);
            }
            known = kept;
            return kept.substring(build.length());
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            LOG.warn("{} does not tell its version", program, e);
            return "";
        } catch (IOException e) {
            LOG.warn("{} cannot be looked at", program, e);
            return "";
        }
    }

    private void keep(String text) {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || Files.notExists(directory)) {
            return;
        }
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            LOG.warn("{} could not be kept in {}", text, file, e); // the next daemon asks again
        }
    }
}
