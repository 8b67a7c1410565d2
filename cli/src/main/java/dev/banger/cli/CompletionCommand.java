package dev.banger.cli;

import dev.banger.api.BangerException;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "completion",
        description = {"Print a completion script for a shell.", ""},
        footer = {
            "",
            "bash: add to ~/.bashrc:  source <(banger completion bash)",
            "zsh:  add to ~/.zshrc:   autoload -U bashcompinit && bashcompinit && source <(banger completion zsh)"
        })
final class CompletionCommand extends Leaf {
    @Parameters(paramLabel = "SHELL", defaultValue = "bash", description = "bash or zsh.")
    private String shell = "";

    CompletionCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        if (!shell.equals("bash") && !shell.equals("zsh")) {
            throw BangerException.invalid("there is completion for bash and zsh, not for \"" + shell + "\"");
        }
        out().line(AutoComplete.bash("banger", BangerCli.commandLine(session())));
        return 0;
    }
}
