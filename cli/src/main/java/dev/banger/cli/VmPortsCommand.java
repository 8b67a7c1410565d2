package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmInfo;
import io.avaje.jsonb.Types;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "ports",
        description = {
            "Show on which TCP ports programs in a VM listen, and where this host reaches them.",
            "",
            "What listens on the guest's loopback alone is reached by nobody else. In user mode ssh and published ports are",
            "reached at the VM's address; at a bridge every port is.",
            ""
        },
        footer = {"", "Example: banger vm ports dev"})
final class VmPortsCommand extends Leaf {
    private static final int SSH = 22;
    /** Longer than any sane table; a guest could go on for ever. */
    private static final int LONGEST = 1 << 20;

    @Parameters(paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    VmPortsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        VmInfo info = api().vm(vm);
        List<ListeningPort> ports = ListeningPort.parse(tables()).stream()
                .map(port -> port.at(reachable(info, port)))
                .toList();
        if (json) {
            out().json(Types.listOf(ListeningPort.class), ports);
        } else {
            out().table(
                            List.of("PORT", "LISTENS ON", "REACHABLE AT"),
                            ports.stream()
                                    .map(port -> List.of(
                                            Integer.toString(port.port()),
                                            port.listensOn(),
                                            Objects.requireNonNullElse(port.reachableAt(), "-")))
                                    .toList());
        }
        return 0;
    }

    private String tables() {
        ExecRequest request =
                new ExecRequest(List.of("cat", "/proc/net/tcp", "/proc/net/tcp6"), Map.of(), null, null, null);
        try (ExecSession session = api().exec(vm, request)) {
            session.stdin().close();
            // A kernel without IPv6 has no second table, of which cat complains: what it read is enough.
            return new String(session.stdout().readNBytes(LONGEST), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.GUEST_UNAVAILABLE, "cannot look into " + vm + ": " + e.getMessage(), e);
        }
    }

    private static @Nullable String reachable(VmInfo vm, ListeningPort port) {
        if (port.listensOn().equals("loopback") || port.listensOn().equals("IPv6")) {
            return null;
        }
        for (PublishedPort published : vm.ports()) {
            if (published.guestPort() == port.port()) {
                return published.addressOr(vm.address()) + ":" + published.hostPort();
            }
        }
        if (port.port() == SSH && vm.sshPort() != 0) {
            return vm.address() + ":" + vm.sshPort();
        }
        return vm.network().equals("user") ? null : vm.address() + ":" + port.port();
    }
}
