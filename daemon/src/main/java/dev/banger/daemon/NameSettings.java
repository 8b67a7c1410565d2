package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.config.Key;
import dev.banger.config.Settings;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.MappingTool;
import dev.banger.host.dns.ResolvedRouting;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.TcpListeners;
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

    /** What doctor says before a daemon is there to listen. */
    static Check examine(Settings settings, TcpListeners listeners) {
        int port = port(settings);
        if (port == 0 || settings.path(Key.MAPDNS_DATA_FILE).isPresent()) {
            return new Check(Status.PASS, "names", "no port of this host is asked for", "");
        }
        String address = "127.0.0.1";
        return listeners.isTaken(address, port)
                ? new Check(
                        Status.WARN,
                        "names",
                        "NAME.vm will not be answered: " + address + ":" + port + " is another program's",
                        "give the daemon another port with " + settings.named(Key.DNS_PORT) + ", or none with 0")
                : new Check(Status.PASS, "names", "NAME.vm will be answered on " + address + ":" + port, "");
    }

    private static int port(Settings settings) {
        return settings.number(Key.DNS_PORT).orElse(DEFAULT_PORT);
    }
}
