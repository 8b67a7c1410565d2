package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How fast the host's time stamp counter runs. QEMU's emulation passes the counter through; a guest's kernel that measures
 * it itself against emulated timers finds anything between right and never, and in the latter case hangs (half of all
 * boots on a busy host). Measured once a boot of the host, 0.3 s. Thread-safe.
 */
final class TscFrequency {
    private static final Logger LOG = LoggerFactory.getLogger(TscFrequency.class);
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final ProgramRunner programs;
    private final Path launcher;
    private final Path file;
    private @Nullable OptionalLong known;

    /** {@code launcher} does the measuring; the result is kept in {@code directory}. */
    TscFrequency(ProgramRunner programs, Path launcher, Path directory) {
        this.programs = programs;
        this.launcher = launcher;
        file = directory.resolve("tsc-khz");
    }

    /** Empty on a processor without such a counter. */
    synchronized OptionalLong khz() {
        OptionalLong result = known;
        if (result == null) {
            result = find();
            known = result.isPresent() ? result : null; // a failure is not for ever
        }
        return result;
    }

    private OptionalLong find() {
        try {
            String boot = Files.readString(BOOT_ID).strip();
            if (Files.exists(file)) {
                String[] kept = Files.readString(file).strip().split(" ");
                if (kept.length == 2 && kept[0].equals(boot) && kept[1].matches("[0-9]{5,8}")) {
                    return OptionalLong.of(Long.parseLong(kept[1]));
                }
            }
            String measured = programs.run(Program.of(TIMEOUT, launcher.toString(), "--tsc-khz"))
                    .text();
            if (!measured.matches("[0-9]{5,8}")) {
                throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "banger-launch measured \"" + measured + "\"");
            }
            Files.writeString(file, boot + " " + measured + "\n");
            return OptionalLong.of(Long.parseLong(measured));
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            LOG.warn("The time stamp counter could not be measured; emulated guests may hang at boot", e);
            return OptionalLong.empty();
        } catch (IOException e) {
            LOG.warn("The time stamp counter's frequency could not be kept", e);
            return OptionalLong.empty();
        }
    }
}
