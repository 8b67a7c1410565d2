package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Output;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs iptables(8) and its relatives, always waiting for the lock that they share, never for long. */
final class Iptables {
    static final int LOCK_SECONDS = 20;
    private static final Path TABLES = Path.of("/proc/net/ip_tables_names");
    private static final Duration TIMEOUT = Duration.ofSeconds(LOCK_SECONDS + 15);
    private static final int RESOURCE_PROBLEM = 4; // xtables.h; with -w only when the lock was not to be had

    private final ProgramRunner programs;
    private final List<String> prefix;

    Iptables(ProgramRunner programs, List<String> prefix) {
        this.programs = programs;
        this.prefix = List.copyOf(prefix);
    }

    boolean has(String program) {
        return programs.find(program).isPresent();
    }

    /** Whether the kernel has tables of the older kind in this namespace; asking iptables-legacy itself would make them. */
    boolean legacyTable(String table) {
        if (Files.notExists(TABLES)) {
            return false; // it is there in every namespace, or in none: the kernel does not know that kind
        }
        Output output =
                programs.attempt(Program.of(TIMEOUT, "cat", TABLES.toString()).under(prefix));
        return output.status() == 0 && output.text().lines().anyMatch(table::equals);
    }

    Output attempt(String program, List<String> arguments) {
        return attempt(program, arguments, "");
    }

    Output attempt(String program, List<String> arguments, String input) {
        List<String> argv = new ArrayList<>(List.of(program));
        argv.addAll(arguments);
        return programs.attempt(
                Program.of(TIMEOUT, argv).under(prefix).reading(input.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Runs it to its end; failures as {@link dev.banger.network.Firewall} has them. */
    Output run(String program, List<String> arguments) {
        return check(program, arguments, attempt(program, arguments));
    }

    Output run(String program, List<String> arguments, String input) {
        return check(program, arguments, attempt(program, arguments, input));
    }

    private static Output check(String program, List<String> arguments, Output output) {
        if (output.status() == 0) {
            return output;
        }
        String said = output.stderr().strip();
        boolean denied = said.contains("Permission denied") || said.contains("you must be root");
        boolean locked = output.status() == RESOURCE_PROBLEM && said.contains("xtables lock");
        ErrorCode code =
                denied ? ErrorCode.PERMISSION_DENIED : locked ? ErrorCode.TIMED_OUT : ErrorCode.HOST_COMMAND_FAILED;
        throw new BangerException(
                code,
                locked
                        ? "another program has held the lock of the firewall (/run/xtables.lock) for " + LOCK_SECONDS
                                + " s"
                        : program + " failed (exit status " + output.status() + "): " + said
                                + (denied ? "\nfirewall rules need root" : ""),
                program + " " + String.join(" ", arguments),
                null);
    }

    /** The rules of a chain as {@code -S} prints them, its policy first. */
    List<String> chain(String program, String table, String chain) {
        return run(program, List.of("-w", String.valueOf(LOCK_SECONDS), "-t", table, "-S", chain))
                .text()
                .lines()
                .toList();
    }

    void change(String program, String table, List<String> rule) {
        List<String> arguments = new ArrayList<>(List.of("-w", String.valueOf(LOCK_SECONDS), "-t", table));
        arguments.addAll(rule);
        run(program, arguments);
    }
}
