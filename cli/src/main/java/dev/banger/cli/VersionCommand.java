package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "version",
        description = {"Show the version of client and daemon, which are always of one build.", ""})
final class VersionCommand extends Leaf {
    VersionCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        out().line("banger " + session().version() + " (build " + session().build() + ")");
        return 0;
    }
}
