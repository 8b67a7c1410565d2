package dev.banger.host.dns;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds out whether this host's programs reach our server when they look up a name (P54): by asking their resolvers what only
 * ours answers. Resolvers that are not on this host cannot know of it, and are not asked. Immutable.
 */
final class RoutingProbe {
    /** There while systemd-resolved runs; programs may ask it without resolv.conf naming it (nss-resolve). */
    private static final Path RESOLVED = Path.of("/run/systemd/resolve/stub-resolv.conf");

    private static final InetSocketAddress RESOLVED_STUB =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.53"), 53);

    private final ResolvConf resolvers;
    private final Path resolved;

    RoutingProbe(ResolvConf resolvers, Path resolved) {
        this.resolvers = resolvers;
        this.resolved = resolved;
    }

    static RoutingProbe ofHost() {
        return new RoutingProbe(ResolvConf.ofHost(), RESOLVED);
    }

    /** {@code identity} is what our server answers the probe with, {@code address} where it does. */
    Check check(String identity, String address) {
        List<InetSocketAddress> local = Stream.concat(
                        resolvers.onLoopback(), Files.exists(resolved) ? Stream.of(RESOLVED_STUB) : Stream.empty())
                .distinct()
                .toList();
        return check(local, identity, address);
    }

    static Check check(List<InetSocketAddress> local, String identity, String address) {
        List<String> answers = local.stream()
                .flatMap(resolver -> NameProbe.ask(resolver).stream())
                .toList();
        if (answers.contains(identity)) {
            return new Check(Status.PASS, "names on this host", "programs find NAME.vm", "");
        }
        String advice = "docs/dns.md has what to tell your resolver; \"banger vm show\" has the address";
        if (!answers.isEmpty()) {
            return new Check(
                    Status.WARN,
                    "names on this host",
                    "programs that look up NAME.vm are led to another " + answers.getFirst(),
                    advice);
        }
        return new Check(
                Status.WARN,
                "names on this host",
                "programs do not find NAME.vm: their resolver does not ask " + address,
                advice);
    }
}
