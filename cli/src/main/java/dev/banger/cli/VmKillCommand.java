package dev.banger.cli;

import dev.banger.api.Operation;
import dev.banger.api.StopMode;
import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "kill",
        description = {"Stop VMs like pulling the plug: what a guest has not written yet is lost.", ""})
final class VmKillCommand extends VmMany {
    VmKillCommand(Session session) {
        super(session);
    }

    @Override
    Operation<VmInfo> begin(String ref) {
        return api().stopVm(ref, StopMode.KILL);
    }
}
