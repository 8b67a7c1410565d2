package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.Tap;
import dev.banger.operation.Uninterrupted;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.Vmm;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** QEMU's {@code microvm} machine. Thread-safe. */
public final class QemuVmm implements Vmm {
    static final String PROGRAM = "qemu-system-x86_64";
    private static final Duration CONTROL = Duration.ofSeconds(15);
    private static final int CONSOLE_BYTES = 1024 * 1024;
    private static final int VMM_LOG_BYTES = 256 * 1024;

    private final ProgramRunner programs;
    private final Path launcher;
    private final TscFrequency tsc;
    private final QemuRelease release;

    /**
     * {@code launcher} is banger-launch: it gives QEMU a session of its own and keeps its logs within bounds. {@code run} is
     * the directory of files that concern this boot of the host.
     */
    public QemuVmm(ProgramRunner programs, Path launcher, Path run) {
        this.programs = programs;
        this.launcher = launcher;
        this.tsc = new TscFrequency(programs, launcher, run);
        this.release = new QemuRelease(programs, run);
    }

    @Override
    public String name() {
        return "qemu";
    }

    @Override
    public RunningVm boot(BootSpec spec) {
        OptionalLong khz = spec.acceleration() == Acceleration.TCG ? tsc.khz() : OptionalLong.empty();
        return start(spec, QemuCommandLine.boot(program().toString(), spec, khz, spec.nested() || translatesInParallel()), vm -> {});
    }

    @Override
    public RunningVm restore(BootSpec spec, Path memory, Path state) {
        return start(
                spec,
                QemuCommandLine.restore(program().toString(), spec, memory),
                vm -> vm.load(spec.directory(), state));
    }

    /**
     * Before 8.1 QEMU may translate code that another CPU patches in the same moment, and then keeps the breakpoint that Linux puts
     * there while it does so: the CPU hits it for ever. An init that starts makes Linux patch itself all the time, so 1 boot in 12
     * hung on a busy host. In a guest that has settled it hardly does.
     *
     * <p>A guest that runs VMs needs it all the same: where CPUs take turns, QEMU 7.2 interrupts a guest's guest while that has
     * interrupts disabled, and it deadlocks (two boots in three; none in parallel).
     */
    private boolean translatesInParallel() {
        return release.atLeast(program(), 8, 1);
    }

    private Path program() {
        return programs.find(PROGRAM)
                .orElseThrow(() -> new BangerException(
                        ErrorCode.PRECONDITION_FAILED,
                        PROGRAM + " is not installed; it runs the VMs: sudo apt-get install qemu-system-x86"));
    }

    /** The build is told from its file: asking the program takes longer than a whole restore. */
    @Override
    public Build build(Acceleration acceleration, boolean nested) {
        Path program = program();
        try {
            BasicFileAttributes file = Files.readAttributes(program, BasicFileAttributes.class);
            return new Build(
                    name() + " of " + file.lastModifiedTime() + " (" + file.size() + " bytes)",
                    QemuCommandLine.cpu(acceleration, nested)
                            + (acceleration == Acceleration.KVM ? " " + ProcFs.cpuModel() : ""));
        } catch (IOException e) {
            throw new BangerException(ErrorCode.PRECONDITION_FAILED, "cannot look at " + program + ": " + e, e);
        }
    }

    private QemuVm start(BootSpec spec, List<String> command, Consumer<QemuVm> then) {
        VmRuntime runtime = spec.runtime();
        Process process =
                launch(command, spec.directory(), runtime, spec.network().tap());
        long pid = process.pid();
        long startTicks = ProcFs.stat(pid).map(ProcFs.Stat::startTicks).orElse(0L);
        Pidfd pidfd = Pidfd.open(pid, startTicks).orElseThrow(() -> failedToStart(runtime));
        VmHandles handles = VmHandles.ofProcess(
                pid,
                startTicks,
                name(),
                spec.acceleration().label(),
                spec.network().sshPort(),
                spec.network().ports());
        QemuVm vm = new QemuVm(handles, pidfd, spec.directory());
        try {
            if (!vm.connect(CONTROL)) {
                throw Thread.currentThread().isInterrupted()
                        ? new BangerException(ErrorCode.CANCELLED, "cancelled while QEMU was starting")
                        : failedToStart(runtime);
            }
            then.accept(vm);
            return vm;
        } catch (RuntimeException e) {
            boolean endedByItself = !vm.isAlive();
            Uninterrupted.run(() -> {
                vm.kill();
                vm.awaitExit(Duration.ofSeconds(5));
                vm.close();
            });
            if (endedByItself) {
                throw failedToStart(runtime); // what QEMU said of it is better than that its socket closed
            }
            throw e;
        }
    }

    private Process launch(List<String> qemu, Path directory, VmRuntime runtime, @Nullable Tap tap) {
        List<String> command = new ArrayList<>(List.of(
                launcher.toString(),
                "--ring",
                fileName(runtime.logPath()) + ":" + CONSOLE_BYTES,
                "--ring",
                fileName(runtime.vmmLogPath()) + ":" + VMM_LOG_BYTES));
        if (tap != null) {
            command.addAll(List.of("--tap", tap.name()));
        }
        command.add("--");
        command.addAll(qemu);
        try {
            // Sockets of a boot before would make QEMU's bind fail, and the log would explain the wrong boot.
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

    /** banger-launch works in the VM's directory as QEMU does, and goes with it when it is moved. */
    private static String fileName(String path) {
        return String.valueOf(Path.of(path).getFileName());
    }

    private BangerException failedToStart(VmRuntime runtime) {
        String said = "";
        try {
            // The logger writes what QEMU said last only after QEMU has ended; give it a moment.
            for (int i = 0; i < 20 && said.isBlank(); i++) {
                Thread.sleep(10);
                Path log = Path.of(runtime.vmmLogPath());
                said = Files.exists(log) ? Files.readString(log).strip() : "";
            }
        } catch (IOException e) {
            said = "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        String reason = said.lines().reduce((first, second) -> second).orElse("it said nothing");
        return new BangerException(ErrorCode.VMM_FAILED, "QEMU did not start: " + reason, said, null);
    }

    @Override
    public RunningVm reattach(VmRecord vm, VmHandles handles) {
        Pidfd pidfd = Pidfd.open(handles.pid(), handles.startTicks())
                .orElseThrow(() -> new BangerException(
                        ErrorCode.VMM_FAILED, "the VMM of " + vm.name() + " (pid " + handles.pid() + ") has ended"));
        return new QemuVm(handles, pidfd, vm.directory());
    }
}
