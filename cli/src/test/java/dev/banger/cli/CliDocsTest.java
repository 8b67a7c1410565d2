package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** docs/cli.md is what the commands say of themselves; -Dbanger.docs=write writes it anew. */
class CliDocsTest {
    private static final Path PAGE = Path.of("../docs/cli.md");

    @Test
    void thePageIsTheHelpOfEveryCommand() throws Exception {
        StringBuilder page = new StringBuilder("# Command line\n\nGenerated from the commands' own help.\n");
        Session session = new Session(new ScriptedBanger(), ScriptedConsole.piped(), "1.0", "b", Path.of("banger"));
        describe(BangerCli.commandLine(session), page);

        if ("write".equals(System.getProperty("banger.docs"))) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/cli.md; write it anew with -Dbanger.docs=write")
                .isEqualTo(page.toString());
    }

    private static void describe(CommandLine command, StringBuilder page) {
        if (command.getCommandSpec().usageMessage().hidden()) {
            return;
        }
        page.append("\n## ").append(command.getCommandSpec().qualifiedName()).append("\n\n```\n");
        page.append(command.getUsageMessage(CommandLine.Help.Ansi.OFF)
                .lines()
                .map(String::stripTrailing)
                .reduce("", (all, line) -> all + line + "\n"));
        page.append("```\n");
        command.getSubcommands().forEach((name, sub) -> {
            if (name.equals(sub.getCommandName())) { // not once more for each alias
                describe(sub, page);
            }
        });
    }
}
