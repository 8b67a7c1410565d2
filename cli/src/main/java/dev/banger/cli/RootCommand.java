package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "banger",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Linux virtual machines as sandboxes, with one command.",
            "",
            "The usual one makes a VM, runs a command in it and deletes it:",
            "  banger vm run --rm -- uname -a",
            "One that stays:",
            "  banger vm create --name dev",
            "  banger vm exec dev -- COMMAND",
            "  banger vm ssh dev",
            ""
        },
        footer = {
            "",
            "Exit status: the guest command's own; 125 when banger failed, 126 and 127 as a shell's, 2 for a wrong",
            "command line, 130 when cancelled. Machines read --json, whose fields docs/json.md lists."
        },
        subcommands = {
            VmCommand.class,
            ImageCommand.class,
            KernelCommand.class,
            TemplateCommand.class,
            NetworkCommand.class,
            ConfigCommand.class,
            BundleCommand.class,
            DaemonCommand.class,
            SystemCommand.class,
            DoctorCommand.class,
            VerifyCommand.class,
            BenchCommand.class,
            CompletionCommand.class,
            VersionCommand.class,
            InternalCommand.class
        })
final class RootCommand extends Group {
    private final Session session;

    @Option(
            names = {"-V", "--version"},
            description = "Show the version and exit.")
    private boolean version;

    RootCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        return version ? new VersionCommand(session).call() : super.call();
    }
}
