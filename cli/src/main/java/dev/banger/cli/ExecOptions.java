package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ExecRequest;
import dev.banger.api.TerminalSize;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command runs in the guest: the options of {@code vm run} and {@code vm exec}. */
final class ExecOptions {
    @Option(
            names = {"-e", "--env"},
            paramLabel = "NAME[=VALUE]",
            description = "Set an environment variable; without a value it is the caller's. May be repeated.")
    private List<String> environment = List.of();

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "Directory to run in; default: the image's, or else the user's home.")
    private @Nullable String directory;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER",
            description = "Name or uid of the guest's user; default: the image's, or else root.")
    private @Nullable String user;

    @Option(
            names = {"-t", "--tty"},
            description = "Give it a terminal; the default when stdin and stdout are terminals.")
    private boolean tty;

    @Option(
            names = {"-T", "--no-tty"},
            description = "Give it none.")
    private boolean noTty;

    /** Whether the program gets a terminal. */
    boolean terminal(Console console) {
        if (tty && noTty) {
            throw BangerException.invalid("--tty and --no-tty exclude each other");
        }
        return tty || (!noTty && console.stdinIsTerminal() && console.stdoutIsTerminal());
    }

    ExecRequest request(List<String> command, Console console) {
        Map<String, String> variables = new LinkedHashMap<>();
        TerminalSize size = terminal(console) ? console.size() : null;
        if (size != null) {
            variables.put("TERM", console.environment().getOrDefault("TERM", "xterm"));
        }
        for (String entry : environment) {
            int at = entry.indexOf('=');
            if (at == 0 || entry.isEmpty()) {
                throw BangerException.invalid("\"" + entry + "\" names no variable; write --env NAME=VALUE");
            }
            String name = at < 0 ? entry : entry.substring(0, at);
            String value = at < 0 ? console.environment().get(name) : entry.substring(at + 1);
            if (value != null) {
                variables.put(name, value);
            }
        }
        String usual = console.environment().getOrDefault("BANGER_USER", "");
        return new ExecRequest(command, variables, directory, user == null && !usual.isEmpty() ? usual : user, size);
    }
}
