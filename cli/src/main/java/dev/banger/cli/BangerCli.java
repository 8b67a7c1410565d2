package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs command lines against an API. Thread-safe: each run has objects of its own. */
public final class BangerCli {
    private static final Logger LOG = LoggerFactory.getLogger(BangerCli.class);

    /** Exit status of a command line that cannot be understood. */
    static final int USAGE = 2;

    /** Exit status when banger itself failed. */
    public static final int FAILED = 125;

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
            return commandLine(session).execute(arguments.toArray(new String[0]));
        } catch (RuntimeException e) { // the request loop: a defect ends this command alone
            LOG.error("A command failed unexpectedly", e);
            return FAILED;
        } finally {
            session.out().flush();
        }
    }

    /** The whole tree of commands; {@code session} may serve nothing but help. */
    static CommandLine commandLine(Session session) {
        CommandLine line = new CommandLine(new RootCommand(session), new CommandFactory(session));
        Output out = session.out();
        line.setOut(out.writer());
        line.setErr(out.errorWriter());
        line.setColorScheme(CommandLine.Help.defaultColorScheme(
                out.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
        line.setUsageHelpWidth(Math.clamp(session.console().size().columns(), 80, 120));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler(failure(out));
        line.setParameterExceptionHandler(BangerCli::usage);
        // What follows the VM is the guest's command, whose options are not ours.
        for (CommandLine group : line.getSubcommands().values()) {
            for (CommandLine leaf : group.getSubcommands().values()) {
                if (GUEST_COMMANDS.contains(leaf.getCommand().getClass())) {
                    leaf.setStopAtPositional(true);
                }
            }
        }
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
