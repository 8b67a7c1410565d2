package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.ProgramRelease;
import dev.banger.host.linux.ProgramRelease.Release;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.VmmLauncher;
import dev.banger.operation.Lack;
import dev.banger.operation.Uninterrupted;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.Vmm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** QEMU's {@code microvm} machine. Thread-safe. */
public final class QemuVmm implements Vmm {
    static final String NAME = "qemu";
    /** The program where none is configured. */
    public static final String PROGRAM = "qemu-system-x86_64";

    static final Release OLDEST_TESTED = new Release(7, 2);
    private static final Release PARALLEL_SINCE = new Release(8, 1);

    private final ProgramRunner programs;
    private final String program;
    private final VmmLauncher launcher;
    private final TscFrequency tsc;
    private final ProgramRelease release;

    /** {@code program} is a name in PATH or a path; {@code run} is the directory of files that concern this boot of the host. */
    public QemuVmm(ProgramRunner programs, String program, VmmLauncher launcher, Path run) {
        this.programs = programs;
        this.program = program;
        this.launcher = launcher;
        this.tsc = new TscFrequency(programs, launcher.program(), run);
        this.release = new ProgramRelease(programs, run.resolve("qemu-release"));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean needsRawDisks() {
        return false;
    }

    @Override
    public RunningVm boot(BootSpec spec) {
        OptionalLong khz = spec.acceleration() == Acceleration.TCG ? tsc.khz() : OptionalLong.empty();
        return start(
                spec,
                QemuCommandLine.boot(program().toString(), spec, khz, spec.nested() || translatesInParallel()),
                vm -> {});
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
        return release.of(program())
                .filter(its -> its.compareTo(PARALLEL_SINCE) >= 0)
                .isPresent();
    }

    /** Why its program cannot be used; empty: it can. */
    String obstacle() {
        if (programs.find(program).isEmpty()) {
            return program.equals(PROGRAM)
                    ? PROGRAM + " is not installed"
                    : program + ", which daemon.qemu (BANGER_QEMU) names, is no program";
        }
        return Path.of("/", program).getFileName().toString().startsWith(QemuProcesses.PREFIX)
                ? ""
                : program + " is not named " + QemuProcesses.PREFIX + "..., by which its processes are found";
    }

    /** What makes its program be here. */
    Lack.Remedy remedy() {
        return program.equals(PROGRAM) ? programs.remedy(PROGRAM) : Lack.NO_REMEDY;
    }

    /** Which release its program is; empty where there is none, or it does not say. */
    Optional<Release> release() {
        return programs.find(program).flatMap(release::of);
    }

    private Path program() {
        String obstacle = obstacle();
        if (!obstacle.isEmpty()) {
            throw Lack.refusal("run the VM", List.of(new Lack(obstacle, "", remedy())));
        }
        return programs.find(program).orElseThrow();
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
        VmmLauncher.Launched launched =
                launcher.launch(NAME, command, spec, spec.network().tap(), null);
        QemuVm vm = new QemuVm(launched.handles(), launched.pidfd(), spec.directory(), socket(spec.runtime()));
        try {
            if (!vm.connect(launcher.control())) {
                throw launcher.withoutControl(NAME, spec.runtime(), vm.isAlive());
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
                throw VmmLauncher.failedToStart(
                        NAME, spec.runtime()); // what QEMU said of it is better than that its socket closed
            }
            throw e;
        }
    }

    @Override
    public RunningVm reattach(VmRecord vm, VmHandles handles) {
        Pidfd pidfd = Pidfd.open(handles.pid(), handles.startTicks())
                .orElseThrow(() -> new BangerException(
                        ErrorCode.VMM_FAILED, "the VMM of " + vm.name() + " (pid " + handles.pid() + ") has ended"));
        return new QemuVm(handles, pidfd, vm.directory(), socket(vm.runtime()));
    }

    private static String socket(VmRuntime runtime) {
        return String.valueOf(Path.of(runtime.apiSocket()).getFileName());
    }
}
