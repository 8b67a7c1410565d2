package dev.banger.cli;

import dev.banger.api.Operation;
import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "delete",
        aliases = "rm",
        description = {"Delete VMs with their disks; running ones are killed first.", ""})
final class VmDeleteCommand extends VmMany {
    VmDeleteCommand(Session session) {
        super(session);
    }

    @Override
    Operation<VmInfo> begin(String ref) {
        return api().deleteVm(ref);
    }
}
