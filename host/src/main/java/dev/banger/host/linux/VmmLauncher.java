package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.Tap;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.Vmm.BootSpec;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Starts VMMs through banger-launch, which gives them a session of their own, so that they outlive the daemon (P5), and keeps what
 * they write within bounds. They work in the VM's directory. Thread-safe.
 */
public final class VmmLauncher {
    private static final int CONSOLE_BYTES = 1024 * 1024;
    private static final int VMM_LOG_BYTES = 256 * 1024;
    private static final int METRICS_BYTES = 128 * 1024;
    /** The logger writes what a VMM said last only after that has ended. */
    private static final int LOOKS = 20;

    private static final long LOOK_MILLIS = 10;

    /** How long a VMM may take until its control socket answers, on a host as fast as others. */
    private static final Duration CONTROL = Duration.ofSeconds(15);

    private final Path launcher;
    private final Duration control;

    /** {@code launcher} is banger-launch; {@code patience} as {@link ProgramRunner#patience} has it. */
    public VmmLauncher(Path launcher, int patience) {
        this(launcher, CONTROL.multipliedBy(patience));
    }

    VmmLauncher(Path launcher, Duration control) {
        this.launcher = launcher;
        this.control = control;
    }

    /** banger-launch. */
    public Path program() {
        return launcher;
    }

    /** How long a VMM may take until its control socket answers. */
    public Duration control() {
        return control;
    }

    /** A VMM's process. Who launched it closes the pidfd. */
    public record Launched(VmHandles handles, Pidfd pidfd) {}

    /**
     * Starts a VMM.
     *
     * @param name as {@link dev.banger.vm.Vmm#name} has it
     * @param command its program with arguments; paths in the VM's directory are relative
     * @param tap that it finds open as descriptor 3; null: none
     * @param metrics the name of a log in the VM's directory for what it writes to descriptor 4; null: none
     */
    public Launched launch(
            String name, List<String> command, BootSpec spec, @Nullable Tap tap, @Nullable String metrics) {
        long pid =
                start(command, spec.directory(), spec.runtime(), tap, metrics).pid();
        long startTicks = ProcFs.stat(pid).map(ProcFs.Stat::startTicks).orElse(0L);
        Pidfd pidfd = Pidfd.open(pid, startTicks).orElseThrow(() -> failedToStart(name, spec.runtime()));
        return new Launched(
                VmHandles.ofProcess(
                        pid,
                        startTicks,
                        name,
                        spec.acceleration().label(),
                        spec.network().sshPort(),
                        spec.network().ports()),
                pidfd);
    }

    private Process start(
            List<String> vmm, Path directory, VmRuntime runtime, @Nullable Tap tap, @Nullable String metrics) {
        List<String> command = new ArrayList<>(List.of(
                launcher.toString(),
                "--ring",
                fileName(runtime.logPath()) + ":" + CONSOLE_BYTES,
                "--ring",
                fileName(runtime.vmmLogPath()) + ":" + VMM_LOG_BYTES));
        if (metrics != null) {
            command.addAll(List.of("--ring", metrics + ":" + METRICS_BYTES));
        }
        if (tap != null) {
            command.addAll(List.of("--tap", tap.name()));
        }
        command.add("--");
        command.addAll(vmm);
        try {
            // Sockets of a boot before would make the VMM's bind fail, and the log would explain the wrong boot.
            for (String stale : List.of(runtime.apiSocket(), runtime.vsockPath(), runtime.vmmLogPath())) {
                Files.deleteIfExists(Path.of(stale));
            }
            ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
            builder.environment().clear();
            builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            builder.environment().put("LC_ALL", "C");
            return builder.redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new BangerException(ErrorCode.VMM_FAILED, "cannot start " + launcher + ": " + e.getMessage(), e);
        }
    }

    /** banger-launch works in the VM's directory as the VMM does, and goes with it when it is moved. */
    private static String fileName(String path) {
        return String.valueOf(Path.of(path).getFileName());
    }

    /** Of a VMM whose control socket has not answered: it is late, or has ended, or nobody waits for it any more. */
    public BangerException withoutControl(String name, VmRuntime runtime, boolean isAlive) {
        if (Thread.currentThread().isInterrupted()) {
            return new BangerException(ErrorCode.CANCELLED, "cancelled while " + name + " was starting");
        }
        return isAlive
                ? new BangerException(
                        ErrorCode.TIMED_OUT,
                        name + " did not answer within " + control.toMillis() / 1000.0
                                + " s of its start; on a host that is slow or busy, start the daemon with BANGER_PATIENCE=10")
                : failedToStart(name, runtime);
    }

    /** Of a VMM that ended, with what it said last. */
    public static BangerException failedToStart(String name, VmRuntime runtime) {
        String said = "";
        try {
            for (int i = 0; i < LOOKS && said.isBlank(); i++) {
                Thread.sleep(LOOK_MILLIS);
                Path log = Path.of(runtime.vmmLogPath());
                said = Files.exists(log) ? Files.readString(log).strip() : "";
            }
        } catch (IOException e) {
            said = "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        String reason = said.lines().reduce((first, second) -> second).orElse("it said nothing");
        return new BangerException(ErrorCode.VMM_FAILED, name + " did not start: " + reason, said, null);
    }
}
