package dev.banger.daemon;

import dev.banger.config.Key;
import dev.banger.config.Settings;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.MappingTool;
import dev.banger.host.dns.ResolvedRouting;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameRouting;
import dev.banger.network.NameServer;
import dev.banger.network.NoNameServer;
import java.nio.file.Path;
import java.util.Optional;

/** How names of VMs are looked up, as the daemon's settings have it; docs/dns.md. */
final class NameSettings {
    private static final int DEFAULT_PORT = 42069;

    private NameSettings() {}

    /** What is asked for, not started yet. */
    static NameServer nameServer(Settings settings, ProgramRunner programs) {
        Optional<Path> program = settings.path(Key.MAPDNS_BIN);
        Optional<Path> file = settings.path(Key.MAPDNS_DATA_FILE);
        if (file.isPresent()) {
            return new MappingTool(file.get(), program, programs);
        }
        int port = port(settings);
        return port == 0
                ? new NoNameServer("NAME.vm cannot be looked up, as " + settings.named(Key.DNS_PORT) + "=0 has it")
                : DnsServer.onLoopback(port);
    }

    /**
     * How this host's resolver is led to the server at a bridge: not where another way, or none, was asked for, nor to one that does
     * not know all names.
     */
    static Optional<NameRouting> routing(Settings settings, ProgramRunner programs, BridgeSettings bridge) {
        return bridge.peers() || settings.path(Key.MAPDNS_DATA_FILE).isPresent() || port(settings) == 0
                ? Optional.empty()
                : Optional.of(new ResolvedRouting(programs));
    }

    private static int port(Settings settings) {
        return settings.number(Key.DNS_PORT).orElse(DEFAULT_PORT);
    }
}
