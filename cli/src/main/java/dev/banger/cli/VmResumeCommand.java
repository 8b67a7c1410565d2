package dev.banger.cli;

import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;

@Command(
        name = "resume",
        description = {"Let paused VMs go on where they were; their clocks are set.", ""},
        footer = {"", "Example: banger vm resume dev"})
final class VmResumeCommand extends VmEach {
    VmResumeCommand(Session session) {
        super(session);
    }

    @Override
    VmInfo change(String ref) {
        return api().resumeVm(ref);
    }
}
