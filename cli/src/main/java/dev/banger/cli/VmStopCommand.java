package dev.banger.cli;

import dev.banger.api.Operation;
import dev.banger.api.StopMode;
import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "stop",
        description = {"Stop VMs through their guests; what does not stop within 20 s is forced.", ""})
final class VmStopCommand extends VmMany {
    VmStopCommand(Session session) {
        super(session);
    }

    @Override
    Operation<VmInfo> begin(String ref) {
        return api().stopVm(ref, StopMode.GRACEFUL);
    }
}
