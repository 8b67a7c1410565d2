package dev.banger.cli;

import dev.banger.api.Operation;
import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "restart",
        description = {"Stop VMs and start them again.", ""})
final class VmRestartCommand extends VmMany {
    VmRestartCommand(Session session) {
        super(session);
    }

    @Override
    Operation<VmInfo> begin(String ref) {
        return api().restartVm(ref);
    }
}
