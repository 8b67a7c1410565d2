package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Output;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs iptables(8) and its relatives, always waiting for the lock that they share, never for long. Not thread-safe. */
final class Iptables {
    private static final Logger LOG = LoggerFactory.getLogger(Iptables.class);
    private static final Path TABLES = Path.of("/proc/net/ip_tables_names");
    /** How long to wait for the lock: with what is tried after it was not to be had, 30 s. */
    static final Duration LOCK_PATIENCE = Duration.ofSeconds(25);

    private static final Duration RUN = Duration.ofSeconds(15);
    private static final int RESOURCE_PROBLEM = 4; // xtables.h; with -w only when the lock was not to be had

    private final ProgramRunner programs;
    private final List<String> prefix;
    private final Duration patience;
    private boolean locked;

    Iptables(ProgramRunner programs, List<String> prefix, Duration patience) {
        this.programs = programs;
        this.prefix = List.copyOf(prefix);
        this.patience = patience;
    }

    boolean has(String program) {
        return programs.find(program).isPresent();
    }

    /** A sentence about a program that is not here. */
    String absent(String program) {
        return programs.absent(program);
    }

    /** Whether a program is of the kind that uses nf_tables. */
    boolean usesNfTables(String program) {
        return attempt(program, List.of("-V")).text().contains("nf_tables");
    }

    /** Whether the kernel knows it and this user may. The reason if not. */
    Optional<String> unusable(String program) {
        Output output = attempt(program + "-save", List.of());
        return output.status() == 0
                ? Optional.empty()
                : Optional.of(program + " cannot be used: " + output.stderr().strip());
    }

    /** Whether the kernel has tables of the older kind in this namespace; asking iptables-legacy itself would make them. */
    boolean legacyTable(String table) {
        if (Files.notExists(TABLES)) {
            return false; // it is there in every namespace, or in none: the kernel does not know that kind
        }
        return tables().anyMatch(table::equals);
    }

    /** Those of this process' namespace need no program to be read. */
    private Stream<String> tables() {
        if (!prefix.isEmpty()) {
            return programs.attempt(Program.of(RUN, "cat", TABLES.toString()).under(prefix))
                    .text()
                    .lines();
        }
        try {
            return Files.readAllLines(TABLES).stream();
        } catch (IOException e) {
            LOG.debug(
                    "Cannot look at the tables of iptables-legacy", e); // root alone may, and root alone can have rules
            return Stream.empty();
        }
    }

    Output attempt(String program, List<String> arguments) {
        return attempt(program, arguments, "");
    }

    Output attempt(String program, List<String> arguments, String input) {
        List<String> argv = new ArrayList<>(List.of(program));
        argv.addAll(arguments);
        return programs.attempt(
                Program.of(patience.plus(RUN), argv).under(prefix).reading(input.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Runs it to its end; failures as {@link dev.banger.network.Firewall} has them. */
    Output run(String program, List<String> arguments) {
        return check(program, arguments, attempt(program, arguments));
    }

    Output run(String program, List<String> arguments, String input) {
        return check(program, arguments, attempt(program, arguments, input));
    }

    /** Who waited in vain once does not wait as long again: undoing takes several runs. */
    private String seconds() {
        return String.valueOf(locked ? 1 : patience.toSeconds());
    }

    private Output check(String program, List<String> arguments, Output output) {
        String said = output.stderr().strip();
        boolean waited = output.status() == RESOURCE_PROBLEM && said.contains("xtables lock");
        if (output.status() == 0) {
            locked = false;
            return output;
        }
        locked |= waited;
        boolean denied = said.contains("Permission denied") || said.contains("you must be root");
        ErrorCode code =
                denied ? ErrorCode.PERMISSION_DENIED : waited ? ErrorCode.TIMED_OUT : ErrorCode.HOST_COMMAND_FAILED;
        throw new BangerException(
                code,
                waited
                        ? "another program has held the lock of the firewall (/run/xtables.lock) for "
                                + patience.toSeconds()
                                + " s; see which: sudo fuser -v /run/xtables.lock; then try again"
                        : program + " failed (exit status " + output.status() + "): " + said
                                + (denied ? "\nfirewall rules need root" : ""),
                program + " " + String.join(" ", arguments),
                null);
    }

    /** All tables that there are, and none that were not: {@code PROGRAM-save}. */
    Map<String, XtablesSave.Table> save(String program) {
        Output output = run(program + "-save", List.of("-c"));
        if (output.truncated()) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "the host has more firewall rules than banger can look through");
        }
        return XtablesSave.parse(output.text());
    }

    /** Each table at once or not at all: {@code PROGRAM-restore}. */
    void restore(String program, List<String> arguments, String commands) {
        run(program + "-restore", arguments, commands);
    }

    /** What of {@link #restore}'s arguments makes it wait for the lock. */
    List<String> waiting() {
        return List.of("-w", seconds());
    }

    /** The rules of a chain as {@code -S} prints them, its policy first. */
    List<String> chain(String program, String table, String chain) {
        return run(program, List.of("-w", seconds(), "-t", table, "-S", chain))
                .text()
                .lines()
                .toList();
    }

    void change(String program, String table, List<String> rule) {
        List<String> arguments = new ArrayList<>(List.of("-w", seconds(), "-t", table));
        arguments.addAll(rule);
        run(program, arguments);
    }
}
