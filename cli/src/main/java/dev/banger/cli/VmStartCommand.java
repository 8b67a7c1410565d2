package dev.banger.cli;

import dev.banger.api.Operation;
import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "start",
        description = {"Start stopped VMs; those that run are left as they are.", ""})
final class VmStartCommand extends VmMany {
    VmStartCommand(Session session) {
        super(session);
    }

    @Override
    Operation<VmInfo> begin(String ref) {
        return api().startVm(ref);
    }
}
