package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** Help that a person or a coding agent can work from. */
class HelpTest {
    private static final Session SESSION =
            new Session(new ScriptedBanger(), ScriptedConsole.piped(), "0.1.0", "abc123", Path.of("banger"));

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    /** Every command that is shown, as the words that name it. */
    static List<List<String>> commands() {
        List<List<String>> found = new ArrayList<>();
        collect(BangerCli.commandLine(SESSION), List.of(), found);
        return found;
    }

    private static void collect(CommandLine line, List<String> words, List<List<String>> found) {
        found.add(words);
        line.getSubcommands().forEach((name, sub) -> {
            if (!sub.getCommandSpec().usageMessage().hidden() && name.equals(sub.getCommandName())) {
                collect(sub, Stream.concat(words.stream(), Stream.of(name)).toList(), found);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandExplainsItself(List<String> words) {
        List<String> line = new ArrayList<>(words);
        line.add("--help");

        assertThat(console.run(banger, line.toArray(new String[0]))).isZero();
        assertThat(console.out())
                .startsWith("Usage: banger")
                .isEqualTo(inWholeTree(words).getUsageMessage());
        assertThat(console.out().lines()).allSatisfy(each -> assertThat(each).hasSizeLessThanOrEqualTo(120));
        assertThat(console.err()).isEmpty();
        assertThat(banger.calls()).isEmpty();
    }

    private static CommandLine inWholeTree(List<String> words) {
        return words.stream()
                .reduce(
                        BangerCli.commandLine(SESSION),
                        (at, word) -> Objects.requireNonNull(at.getSubcommands().get(word)),
                        (one, other) -> other);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyOptionAndArgumentHasADescription(List<String> words) {
        CommandLine line = inWholeTree(words);
        assertThat(line.getCommandSpec().usageMessage().description()).isNotEmpty();
        assertThat(line.getCommandSpec().options())
                .allSatisfy(option -> assertThat(option.description())
                        .as(option.longestName())
                        .isNotEmpty());
        assertThat(line.getCommandSpec().positionalParameters())
                .allSatisfy(each ->
                        assertThat(each.description()).as(each.paramLabel()).isNotEmpty());
    }

    @ParameterizedTest
    @CsvSource({"vm crate, create", "vm stat, stats", "kernel pul, pull", "kernal ls, kernel", "vm ls --jsn, --json"})
    void whatIsNearlyRightIsSuggested(String line, String meant) {
        assertThat(console.run(banger, line.split(" "))).isEqualTo(2);
        assertThat(console.err()).contains("Did you mean").contains(meant).contains("--help");
    }

    @ParameterizedTest
    @CsvSource({"vm list, vm ls", "vm rm, vm delete", "vm snapshot list, vm snapshot ls"})
    void aCommandHasOneHelpUnderAllItsNames(String other, String usual) {
        assertThat(console.run(banger, (other + " --help").split(" "))).isZero();
        assertThat(console.out())
                .isEqualTo(inWholeTree(List.of(usual.split(" "))).getUsageMessage());
    }

    @Test
    void aGroupByItselfShowsItsCommands() {
        assertThat(console.run(banger, "vm")).isEqualTo(2);
        assertThat(console.err()).contains("Usage: banger vm").contains("run").contains("delete");
    }

    @Test
    void whatScriptsCallIsHidden() {
        console.run(banger, "--help");

        assertThat(console.out()).doesNotContain("internal");
    }

    @Test
    void completionKnowsTheCommands() {
        assertThat(console.run(banger, "completion", "bash")).isZero();
        assertThat(console.out()).contains("complete -F").contains("restart").contains("prune");
    }

    @ParameterizedTest
    @CsvSource({"version", "--version", "-V"})
    void versionNamesTheBuild(String line) {
        assertThat(console.run(banger, line)).isZero();
        assertThat(console.out()).isEqualTo("banger 0.1.0 (build abc123)\n");
    }
}
