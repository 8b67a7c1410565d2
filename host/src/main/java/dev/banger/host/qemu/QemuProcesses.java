package dev.banger.host.qemu;

import dev.banger.host.linux.VmmScan;
import dev.banger.host.linux.VmmScan.Marked;
import java.util.List;
import java.util.Optional;

/** QEMU processes: {@code qemu-system-... -name banger-ID ...}. The logger is none of them. */
public final class QemuProcesses implements VmmScan.Kind {
    static final String PREFIX = "qemu-system-";

    @Override
    public Optional<Marked> marked(List<String> arguments) {
        return VmmScan.vmId(arguments, PREFIX, "-name", QemuCommandLine.MARKER)
                .map(id -> new Marked(id, QemuVmm.NAME, acceleration(arguments)));
    }

    private static String acceleration(List<String> arguments) {
        int at = arguments.indexOf("-accel");
        return at >= 0 && at + 1 < arguments.size() && arguments.get(at + 1).startsWith("kvm") ? "kvm" : "tcg";
    }
}
