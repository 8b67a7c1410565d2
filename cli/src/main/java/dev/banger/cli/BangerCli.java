package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs command lines against an API. Thread-safe: each run has objects of its own. */
public final class BangerCli {
    private static final Logger LOG = LoggerFactory.getLogger(BangerCli.class);

    /** Exit status of a command line that cannot be understood. */
    static final int USAGE = 2;

    /** Exit status when banger itself failed. */
    public static final int FAILED = 125;

    /** What follows the VM is the guest's command, whose options are not ours. */
    private static final Set<Class<?>> GUEST_COMMANDS =
            Set.of(VmRunCommand.class, VmExecCommand.class, VmSshCommand.class);

    private final BangerApi api;
    private final String version;
    private final String build;
    private final Path client;

    /** {@code client} is the native client's path, for programs that shall call it back. */
    public BangerCli(BangerApi api, String version, String build, Path client) {
        this.api = api;
        this.version = version;
        this.build = build;
        this.client = client;
    }

    /** Runs a command line. @return its exit status; every failure has been told on the console */
    public int run(List<String> arguments, Console console) {
        Session session = new Session(api, console, version, build, client);
        try {
            return commandLine(session, arguments).execute(arguments.toArray(new String[0]));
        } catch (RuntimeException e) { // the request loop: a defect ends this command alone
            LOG.error("A command failed unexpectedly", e);
            return FAILED;
        } finally {
            session.out().flush();
        }
    }

    /** The whole tree of commands; {@code session} may serve nothing but help. */
    static CommandLine commandLine(Session session) {
        CommandLine line = configured(new CommandLine(new RootCommand(session), new CommandFactory(session)), session);
        for (CommandLine group : line.getSubcommands().values()) {
            for (CommandLine leaf : group.getSubcommands().values()) {
                if (GUEST_COMMANDS.contains(leaf.getCommand().getClass())) {
                    leaf.setStopAtPositional(true);
                }
            }
        }
        return line;
    }

    /** The one command that {@code words} begin with, if they do: the whole tree takes longer to make than most commands to run. */
    static CommandLine commandLine(Session session, List<String> words) {
        Class<?> command = RootCommand.class;
        List<String> names = new ArrayList<>(List.of(name(command)));
        for (String word : words) {
            Class<?> next = Stream.of(subcommands(command))
                    .filter(each -> isNamed(each, word))
                    .findFirst()
                    .orElse(null);
            if (next == null) {
                break; // help of a group, or what is no command: who is told needs to know them all
            }
            command = next;
            names.add(name(command));
            if (subcommands(command).length == 0) {
                return configured(branch(names, new CommandLine(command, new CommandFactory(session))), session);
            }
        }
        return commandLine(session);
    }

    private static CommandLine branch(List<String> names, CommandLine leaf) {
        leaf.setStopAtPositional(GUEST_COMMANDS.contains(leaf.getCommand().getClass()));
        CommandLine line = leaf;
        for (int i = names.size() - 1; i > 0; i--) {
            line = new CommandLine(CommandSpec.create().name(names.get(i - 1)).addSubcommand(names.get(i), line));
        }
        return line;
    }

    private static Class<?>[] subcommands(Class<?> command) {
        return command.getAnnotation(Command.class).subcommands();
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
    }

    private static boolean isNamed(Class<?> command, String word) {
        return name(command).equals(word)
                || List.of(command.getAnnotation(Command.class).aliases()).contains(word);
    }

    private static CommandLine configured(CommandLine line, Session session) {
        Output out = session.out();
        line.setOut(out.writer());
        line.setErr(out.errorWriter());
        line.setColorScheme(CommandLine.Help.defaultColorScheme(
                out.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
        line.setUsageHelpWidth(Math.clamp(session.console().size().columns(), 80, 120));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler(failure(out));
        line.setParameterExceptionHandler(BangerCli::usage);
        return line;
    }

    /** The guest's command without the {@code --} that may stand before it. */
    static List<String> guestCommand(List<String> words) {
        return !words.isEmpty() && words.getFirst().equals("--") ? words.subList(1, words.size()) : words;
    }

    private static IExecutionExceptionHandler failure(Output out) {
        return (exception, commandLine, result) -> {
            Thread.interrupted(); // a cancelled command still says so
            if (exception instanceof BangerException e) {
                boolean cancelled = e.code() == ErrorCode.CANCELLED;
                out.error(cancelled ? "cancelled" : String.valueOf(e.getMessage()));
                if (!e.detail().isBlank() && !cancelled) {
                    out.errorDetail(e.detail());
                }
                return e.code().exitCode();
            }
            if (exception instanceof ClientGone) {
                return FAILED;
            }
            LOG.error("A command failed unexpectedly", exception);
            out.error("internal error: " + exception + "; the daemon's log has more");
            return FAILED;
        };
    }

    private static int usage(ParameterException e, String[] arguments) {
        CommandLine line = e.getCommandLine();
        String help = line.getCommandSpec().qualifiedName() + " --help";
        line.getErr().println("banger: " + e.getMessage());
        if (e instanceof UnmatchedArgumentException unmatched) {
            String suggestions = String.join(" or ", unmatched.getSuggestions());
            if (!suggestions.isEmpty()) {
                line.getErr().println("Did you mean " + suggestions + "?");
            }
        }
        line.getErr().println("\"" + help + "\" explains the command.");
        return USAGE;
    }

    /** Makes commands, each with the session as its only argument. */
    private record CommandFactory(Session session) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            try {
                return type.getDeclaredConstructor(Session.class).newInstance(session);
            } catch (NoSuchMethodException e) {
                return CommandLine.defaultFactory().create(type); // a converter or one of picocli's own
            }
        }
    }
}
