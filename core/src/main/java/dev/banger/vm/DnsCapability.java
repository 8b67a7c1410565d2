package dev.banger.vm;

import dev.banger.api.DoctorReport.Check;
import dev.banger.network.NameServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@code NAME.vm} resolves to the VM while it runs, or is paused (D4). Thread-safe. */
public final class DnsCapability implements VmCapability {
    private final NameServer names;
    /** By the VM's id: a name may have a new owner before the clean-up of the last one is through. */
    private final Map<String, VmRuntime> running = new HashMap<>();

    /** {@code names} is closed by whoever made it. */
    public DnsCapability(NameServer names) {
        this.names = names;
    }

    @Override
    public String name() {
        return "dns";
    }

    @Override
    public synchronized void afterStart(VmRecord vm, VmHandles handles) {
        running.put(vm.id(), vm.runtime());
        replace();
    }

    @Override
    public synchronized void afterReattach(VmRecord vm, VmHandles handles) {
        running.put(vm.id(), vm.runtime());
        replace();
    }

    @Override
    public synchronized void cleanUp(VmRecord vm) {
        if (running.remove(vm.id()) != null) {
            replace();
        }
    }

    /** Under the monitor, so that records are replaced in the order in which VMs came and went. */
    private void replace() {
        Map<String, String> records = new TreeMap<>();
        running.values().forEach(vm -> records.put(vm.dnsName(), vm.hostAddress()));
        names.replaceDns(records);
    }

    @Override
    public List<Check> doctor() {
        return names.doctor();
    }
}
