package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.PublishedPort;
import dev.banger.host.linux.TcpListeners;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmService;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether the ports of VMs that run are really theirs: that their VMM listens there, and nobody else. */
final class PortChecks {
    private final VmService vms;

    PortChecks(VmService vms) {
        this.vms = vms;
    }

    Check row() {
        TcpListeners listeners = TcpListeners.look();
        List<String> wrong = new ArrayList<>();
        int checked = 0;
        for (VmRecord vm : vms.all()) {
            @Nullable VmHandles handles = vms.handles(vm).orElse(null);
            // Ports of VMs at a bridge are rules of the firewall, which the network looks at.
            if (handles == null || handles.tap() != null) {
                continue;
            }
            String address = vm.runtime().hostAddress();
            List<PublishedPort> ports = new ArrayList<>(handles.ports());
            if (handles.sshPort() != 0) {
                ports.add(new PublishedPort(null, handles.sshPort(), 22));
            }
            for (PublishedPort port : ports) {
                checked++;
                String where = port.addressOr(address) + ":" + port.hostPort();
                if (!listeners.isListening(handles.pid(), port.addressOr(address), port.hostPort())) {
                    wrong.add(where + " of " + vm.name() + " is "
                            + (listeners.isTaken(port.addressOr(address), port.hostPort())
                                    ? "another program's"
                                    : "not listened on"));
                }
            }
        }
        return wrong.isEmpty()
                ? new Check(Status.PASS, "published ports", checked + " ports of running VMs are theirs", "")
                : new Check(
                        Status.FAIL,
                        "published ports",
                        String.join("; ", wrong),
                        "\"banger vm restart NAME\" publishes a VM's ports again");
    }
}
