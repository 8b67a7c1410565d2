package dev.banger.host.dns;

import dev.banger.api.BangerException;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.NameRouting;
import dev.banger.network.NameServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Through systemd-resolved, which keeps DNS settings of each link until the link or itself goes (resolvectl(1)). Needs the right
 * to change them: root, as a rule. Thread-safe.
 */
public final class ResolvedRouting implements NameRouting {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int DNS = 53;

    private final ProgramRunner programs;
    private final Path runtime;
    private final Path links;

    public ResolvedRouting(ProgramRunner programs) {
        this(programs, Path.of("/run/systemd/resolve"), Path.of("/sys/class/net"));
    }

    /** {@code runtime} is there while resolved runs, {@code links} has an entry for each link. */
    ResolvedRouting(ProgramRunner programs, Path runtime, Path links) {
        this.programs = programs;
        this.runtime = runtime;
        this.links = links;
    }

    @Override
    public boolean isAvailable() {
        return Files.exists(runtime.resolve("stub-resolv.conf"))
                && programs.find("resolvectl").isPresent();
    }

    @Override
    public void route(String link, InetSocketAddress server) {
        try {
            resolvectl("dns", link, address(server));
            // The tilde: a domain to route by, not one to complete names with.
            resolvectl("domain", link, "~" + NameServer.DOMAIN);
            resolvectl("default-route", link, "false");
            // The zone is not signed, and the server speaks neither of these; the host's settings for others may demand
            // them.
            resolvectl("dnssec", link, "no");
            resolvectl("dnsovertls", link, "no");
        } catch (BangerException e) {
            try {
                revert(link);
            } catch (BangerException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    /** ADDRESS[:PORT] as resolvectl(1) has it; IPv6 addresses with a port are in brackets. */
    private static String address(InetSocketAddress server) {
        String host = server.getAddress().getHostAddress();
        if (server.getPort() == DNS) {
            return host;
        }
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + server.getPort();
    }

    @Override
    public void revert(String link) {
        if (Files.exists(links.resolve(link))) {
            resolvectl("revert", link);
        }
    }

    private void resolvectl(String verb, String... arguments) {
        List<String> argv = new ArrayList<>(List.of("resolvectl", verb));
        argv.addAll(List.of(arguments));
        programs.run(Program.of(PATIENCE, argv));
    }
}
