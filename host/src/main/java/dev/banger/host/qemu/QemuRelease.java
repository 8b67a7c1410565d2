package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which release of QEMU is installed. Asking it takes longer than a whole restore, so the answer is kept as long as the program is
 * the same file. Thread-safe.
 */
final class QemuRelease {
    private static final Logger LOG = LoggerFactory.getLogger(QemuRelease.class);
    private static final Pattern VERSION = Pattern.compile("version ([0-9]{1,3})\\.([0-9]{1,3})");
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final ProgramRunner programs;
    private final Path file;
    private @Nullable String known;

    /** The answer is kept in {@code directory}. */
    QemuRelease(ProgramRunner programs, Path directory) {
        this.programs = programs;
        file = directory.resolve("qemu-release");
    }

    /** False too when it cannot be found out. */
    synchronized boolean atLeast(Path program, int major, int minor) {
        Matcher version = VERSION.matcher(text(program));
        if (!version.find()) {
            return false;
        }
        int its = Integer.parseInt(version.group(1));
        return its > major || (its == major && Integer.parseInt(version.group(2)) >= minor);
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
                Files.writeString(file, kept);
            }
            known = kept;
            return kept.substring(build.length());
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            LOG.warn("QEMU does not tell its version", e);
            return "";
        } catch (IOException e) {
            LOG.warn("QEMU's version could not be kept", e);
            return "";
        }
    }
}
