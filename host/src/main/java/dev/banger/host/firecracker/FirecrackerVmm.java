package dev.banger.host.firecracker;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.VmmLauncher;
import dev.banger.operation.Uninterrupted;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRecord;
import dev.banger.vm.Vmm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Firecracker. Its machines need KVM, raw disks and a tap. Thread-safe. */
public final class FirecrackerVmm implements Vmm {
    static final String NAME = "firecracker";

    private final FirecrackerProgram program;
    private final VmmLauncher launcher;

    public FirecrackerVmm(FirecrackerProgram program, VmmLauncher launcher) {
        this.program = program;
        this.launcher = launcher;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean needsRawDisks() {
        return true;
    }

    @Override
    public RunningVm boot(BootSpec spec) {
        return start(spec, FirecrackerMachine.boot(spec));
    }

    /** A machine knows the size its disks had when it was saved, until each is opened again. */
    @Override
    public RunningVm restore(BootSpec spec, Path memory, Path state) {
        List<Request> requests = new ArrayList<>(List.of(FirecrackerMachine.load(spec, memory, state)));
        spec.disks().stream()
                .filter(disk -> !disk.readOnly())
                .map(disk -> FirecrackerMachine.reopen(disk.serial()))
                .forEach(requests::add);
        return start(spec, requests);
    }

    private Path program() {
        return program.find().orElseThrow(() -> new BangerException(ErrorCode.PRECONDITION_FAILED, program.obstacle()));
    }

    private FirecrackerVm start(BootSpec spec, List<Request> requests) {
        spec.disks().forEach(disk -> FirecrackerVm.link(spec.directory(), disk));
        List<String> command = FirecrackerMachine.command(program().toString(), spec);
        // The tap is opened by its name: no way is known to hand one over.
        VmmLauncher.Launched launched = launcher.launch(NAME, command, spec, null, FirecrackerMachine.METRICS);
        FirecrackerVm vm = new FirecrackerVm(launched.handles(), launched.pidfd(), spec.directory(), spec.runtime());
        try {
            if (!vm.awaitSocket(launcher.control())) {
                throw launcher.withoutControl(NAME, spec.runtime(), vm.isAlive());
            }
            requests.forEach(vm::ask);
            return vm;
        } catch (RuntimeException e) {
            // It also ends by itself when it cannot load a machine; what it said against that is in the error.
            Uninterrupted.run(() -> {
                vm.kill();
                vm.awaitExit(Duration.ofSeconds(5));
                vm.close();
            });
            throw e;
        }
    }

    @Override
    public RunningVm reattach(VmRecord vm, VmHandles handles) {
        Pidfd pidfd = Pidfd.open(handles.pid(), handles.startTicks())
                .orElseThrow(() -> new BangerException(
                        ErrorCode.VMM_FAILED, "the VMM of " + vm.name() + " (pid " + handles.pid() + ") has ended"));
        return new FirecrackerVm(handles, pidfd, vm.directory(), vm.runtime());
    }

    /** The build is told from its file: asking the program takes longer than a whole restore. */
    @Override
    public Build build(Acceleration acceleration, boolean nested) {
        Path file = program();
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Build(
                    NAME + " of " + attributes.lastModifiedTime() + " (" + attributes.size() + " bytes)",
                    "host " + ProcFs.cpuModel());
        } catch (IOException e) {
            throw new BangerException(ErrorCode.PRECONDITION_FAILED, "cannot look at " + file + ": " + e, e);
        }
    }
}
