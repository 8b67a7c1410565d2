package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.MappingTool;
import dev.banger.host.dns.ResolvedRouting;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameRouting;
import dev.banger.network.NameServer;
import dev.banger.network.NoNameServer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** How names of VMs are looked up, as the daemon's environment has it; docs/dns.md has the variables. */
final class NameSettings {
    private static final String PORT = "BANGER_DNS_PORT";
    private static final String PROGRAM = "BANGER_MAPDNS_BIN";
    private static final String FILE = "BANGER_MAPDNS_DATA_FILE";
    private static final int DEFAULT_PORT = 42069;
    private static final int LAST_PORT = 65535;

    private NameSettings() {}

    /** What is asked for, not started yet. */
    static NameServer nameServer(Map<String, String> environment, ProgramRunner programs) {
        Optional<Path> program = path(environment, PROGRAM);
        Optional<Path> file = path(environment, FILE);
        if (file.isPresent()) {
            return new MappingTool(file.get(), program, programs);
        }
        if (program.isPresent()) {
            throw new BangerException(
                    ErrorCode.INVALID_ARGUMENT, PROGRAM + " is set, but not " + FILE + ", the file it is to read");
        }
        int port = port(environment);
        return port == 0
                ? new NoNameServer("NAME.vm cannot be looked up, as " + PORT + "=0 has it")
                : DnsServer.onLoopback(port);
    }

    /**
     * How this host's resolver is led to the server at a bridge: not where another way, or none, was asked for, nor to one that does
     * not know all names.
     */
    static Optional<NameRouting> routing(
            Map<String, String> environment, ProgramRunner programs, BridgeSettings bridge) {
        return bridge.peers() || path(environment, FILE).isPresent() || port(environment) == 0
                ? Optional.empty()
                : Optional.of(new ResolvedRouting(programs));
    }

    private static Optional<Path> path(Map<String, String> environment, String name) {
        String wanted = environment.getOrDefault(name, "");
        if (wanted.isEmpty()) {
            return Optional.empty();
        }
        if (!wanted.startsWith("/")) {
            throw new BangerException(
                    ErrorCode.INVALID_ARGUMENT, name + " is a path from the root on, not \"" + wanted + "\"");
        }
        return Optional.of(Path.of(wanted));
    }

    private static int port(Map<String, String> environment) {
        String wanted = environment.getOrDefault(PORT, "");
        if (wanted.isEmpty()) {
            return DEFAULT_PORT;
        }
        if (!wanted.matches("[0-9]{1,5}") || Integer.parseInt(wanted) > LAST_PORT) {
            throw new BangerException(
                    ErrorCode.INVALID_ARGUMENT,
                    PORT + " is a port from 1 to 65535, or 0 for no DNS server, not \"" + wanted + "\"");
        }
        return Integer.parseInt(wanted);
    }
}
