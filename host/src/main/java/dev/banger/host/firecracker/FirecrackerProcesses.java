package dev.banger.host.firecracker;

import dev.banger.host.linux.VmmScan;
import dev.banger.host.linux.VmmScan.Marked;
import java.util.List;
import java.util.Optional;

/** Firecracker processes: {@code firecracker --id banger-ID ...}. */
public final class FirecrackerProcesses implements VmmScan.Kind {
    @Override
    public Optional<Marked> marked(List<String> arguments) {
        return VmmScan.vmId(arguments, FirecrackerProgram.NAME, FirecrackerMachine.ID_OPTION, FirecrackerMachine.MARKER)
                .map(id -> new Marked(id, FirecrackerVmm.NAME, "kvm"));
    }
}
