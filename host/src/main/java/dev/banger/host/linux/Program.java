package dev.banger.host.linux;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A program to run: what {@link ProgramRunner#run} is asked for. No shell is involved; an argument is an argument.
 *
 * @param name what messages call it
 * @param argv the program and its arguments; a program without a slash is looked up in PATH
 * @param timeout after which the program is killed, counted from its start
 * @param environment additions to the runner's environment
 * @param directory to run in; the daemon's own if empty
 * @param stdin what it reads; nothing follows
 * @param lines is told each line the program prints, on stdout and stderr, as it comes; never two at a time
 */
public record Program(
        String name,
        List<String> argv,
        Duration timeout,
        Map<String, String> environment,
        Optional<Path> directory,
        byte[] stdin,
        Consumer<String> lines) {
    public Program {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("a program has at least a name");
        }
    }

    public static Program of(Duration timeout, String... argv) {
        return of(timeout, List.of(argv));
    }

    public static Program of(Duration timeout, List<String> argv) {
        return new Program(nameOf(argv), argv, timeout, Map.of(), Optional.empty(), new byte[0], line -> {});
    }

    public Program with(String variable, String value) {
        Map<String, String> more = new HashMap<>(environment);
        more.put(variable, value);
        return new Program(name, argv, timeout, more, directory, stdin, lines);
    }

    public Program in(Path workingDirectory) {
        return new Program(name, argv, timeout, environment, Optional.of(workingDirectory), stdin, lines);
    }

    public Program reading(byte[] input) {
        return new Program(name, argv, timeout, environment, directory, input, lines);
    }

    public Program following(Consumer<String> follower) {
        return new Program(name, argv, timeout, environment, directory, stdin, follower);
    }

    /** The same run by another program, {@code unshare ... argv}; its name stays. */
    public Program under(List<String> prefix) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(argv);
        return new Program(name, all, timeout, environment, directory, stdin, lines);
    }

    private static String nameOf(List<String> argv) {
        String first = argv.isEmpty() ? "" : argv.getFirst();
        return first.substring(first.lastIndexOf('/') + 1);
    }
}
