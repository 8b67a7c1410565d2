package dev.banger.cli;

import dev.banger.api.DaemonInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "status",
        description = {"Show the daemon; exit status 3 when none runs.", ""})
final class DaemonStatusCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    DaemonStatusCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        DaemonInfo info = api().daemon();
        if (json) {
            out().json(DaemonInfo.class, info);
        } else {
            out().facts(List.of(
                    List.of("bangerd", "running"),
                    List.of("pid", Long.toString(info.pid())),
                    List.of("version", info.version() + " (build " + info.build() + ")"),
                    List.of("up", Ages.since(info.startedAt())),
                    List.of("socket", info.socket()),
                    List.of("state", info.stateDirectory()),
                    List.of("VMs", info.vmsRunning() + " running of " + info.vmsTotal()),
                    List.of("prepared", info.preparedVms() + " more VMs, in " + Sizes.show(info.preparedBytes())),
                    List.of("memory", Sizes.show(info.residentBytes()))));
        }
        return 0;
    }
}
