package dev.banger.cli;

import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "pause",
        description = {"Stop the CPUs of running VMs; memory, processes and connections are kept.", ""},
        footer = {"", "Example: banger vm pause dev", "Next: banger vm resume VM."})
final class VmPauseCommand extends VmEach {
    VmPauseCommand(Session session) {
        super(session);
    }

    @Override
    VmInfo change(String ref) {
        return api().pauseVm(ref);
    }
}
