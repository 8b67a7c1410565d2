package dev.banger.host.bridge;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.NetworkUsage;
import dev.banger.host.linux.Netlink;
import dev.banger.host.linux.Output;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Cidr;
import dev.banger.network.HomeId;
import dev.banger.network.Links;
import dev.banger.network.Route;
import dev.banger.network.Tap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Links by ip(8), several commands in one {@code ip -batch}, and sysctl(8); what a start and an end of a VM want of them by
 * {@link KernelLinks}. Thread-safe.
 */
public final class IpLinks implements Links {
    private static final Path TRAFFIC = Path.of("/proc/thread-self/net/dev");
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    /** TEST-NET-3 of RFC 5737: nobody is there, so it is reached by a default route or not at all. */
    private static final String SOMEWHERE = "203.0.113.1";

    private static final Cidr DEFAULT = Cidr.of("0.0.0.0/0");
    private static final String FORWARDING = "net.ipv4.ip_forward";

    /** See Documentation/networking/ip-sysctl.rst. A guest shall not change what the host does: no redirects, no source routes. */
    private static final List<String> BRIDGE_IPV4 = List.of(
            "accept_redirects=0",
            "secure_redirects=0",
            "send_redirects=0",
            "accept_source_route=0",
            "accept_local=0",
            "route_localnet=0",
            "proxy_arp=0",
            "rp_filter=1",
            "arp_ignore=1");

    private static final List<String> IPV6_OFF = List.of("disable_ipv6=1", "accept_ra=0");

    private final ProgramRunner programs;
    private final List<String> prefix;
    private final KernelLinks kernel;
    private volatile Routing known = new Routing(List.of(), List.of());

    /** Routes as ip(8) tells them, and what the kernel says of them as long as they are these. */
    private record Routing(List<ByteBuffer> kernel, List<Route> routes) {}

    /** Those of this network namespace. */
    public IpLinks(ProgramRunner programs) {
        this(programs, List.of(), Netlink::open);
    }

    /**
     * Those of another network namespace.
     *
     * @param prefix what to run programs under, such as {@code ip netns exec NAME}
     * @param opening opens a socket there
     */
    public IpLinks(ProgramRunner programs, List<String> prefix, Supplier<Netlink> opening) {
        this.programs = programs;
        this.prefix = List.copyOf(prefix);
        this.kernel = new KernelLinks(opening);
    }

    /** What it takes, for {@link ProgramRunner#lacks}. */
    public static List<Requirement> requirements() {
        return List.of(
                new Requirement("ip", "make bridges and taps"),
                new Requirement("sysctl", "set how the host treats its links"));
    }

    @Override
    public List<Link> list() {
        return kernel.list();
    }

    @Override
    public Look look() {
        return new Look(list(), routes());
    }

    /** Asks ip(8) when the kernel's routes or rules are not those of the last time. */
    @Override
    public List<Route> routes() {
        List<ByteBuffer> now = kernel.routing(); // before ip: a change in between is seen the next time
        Routing last = known;
        if (now.isEmpty() || !now.equals(last.kernel())) {
            last = new Routing(now, readRoutes());
            known = last;
        }
        return last.routes();
    }

    private List<Route> readRoutes() {
        return effective(
                IpJson.routes(run(program("ip", "-4", "-json", "route", "show", "table", "main"))
                        .text()),
                run(program("ip", "-4", "-json", "rule", "show")).text());
    }

    /**
     * The main table's routes, but where rules have more tables looked up, as wg-quick(8) has, the default route that the kernel
     * itself says it takes. Asking for that sends nothing.
     */
    private List<Route> effective(List<Route> main, String rules) {
        if (!IpJson.hasPolicies(rules)) {
            return main;
        }
        List<Route> routes = new ArrayList<>(
                main.stream().filter(route -> !route.isDefault()).toList());
        Output asked = programs.attempt(program("ip", "-4", "-json", "route", "get", SOMEWHERE));
        if (asked.status() == 0) { // else there is none
            IpJson.routes(asked.text()).stream()
                    .filter(Route::leadsOut)
                    .findFirst()
                    .ifPresent(route -> routes.add(new Route(route.type(), DEFAULT, route.device(), 0, route.flags())));
        }
        return routes;
    }

    @Override
    public void createBridge(HomeId home, BridgeSettings bridge) {
        if (find(bridge.name()).isPresent()) {
            throw new BangerException(ErrorCode.ALREADY_EXISTS, "there is a link " + bridge.name() + " already");
        }
        try {
            batch(List.of(
                    "link add name " + bridge.name() + " address " + bridge.mac()
                            // Without a spanning tree there is nothing to wait for before a port forwards.
                            + " type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                    "link set dev " + bridge.name() + " alias " + home.bridgeMarker()));
            repairBridge(bridge);
        } catch (BangerException e) {
            Optional<Link> made = find(bridge.name())
                    .filter(link -> link.alias().equals(home.bridgeMarker())
                            || link.alias().isEmpty()
                                    && link.mac().equals(bridge.mac().text()));
            try {
                made.ifPresent(link -> delete(List.of(new Tap(link.name(), link.ifindex()))));
            } catch (BangerException undoing) {
                e.addSuppressed(undoing);
            }
            throw e;
        }
    }

    @Override
    public void repairBridge(BridgeSettings bridge) {
        List<String> settings = new ArrayList<>();
        IPV6_OFF.forEach(setting -> settings.add("net.ipv6.conf." + bridge.name() + "." + setting));
        BRIDGE_IPV4.forEach(setting -> settings.add("net.ipv4.conf." + bridge.name() + "." + setting));
        sysctl(settings);
        String address = bridge.address() + "/" + bridge.prefixLength();
        List<String> commands = new ArrayList<>();
        commands.add("link set dev " + bridge.name() + " address " + bridge.mac());
        List<String> present = find(bridge.name()).map(Link::addresses).orElse(List.of());
        present.stream()
                .filter(each -> !each.equals(address))
                .forEach(each -> commands.add("address del " + each + " dev " + bridge.name()));
        commands.add("address replace " + address + " brd + dev " + bridge.name());
        commands.add("link set dev " + bridge.name() + " up");
        batch(commands);
    }

    @Override
    public List<Tap> createTaps(HomeId home, BridgeSettings bridge, List<Integer> indexes) {
        Map<String, Link> before = byName();
        List<Integer> ours = indexes.stream()
                // Adding a tap whose name is taken would take up the one that is there (tun.rst, TUNSETIFF).
                .filter(index -> !before.containsKey(home.tapName(index)))
                .toList();
        if (ours.isEmpty()) {
            throw new BangerException(ErrorCode.ALREADY_EXISTS, "the names of all taps to be made are taken");
        }
        List<String> commands = new ArrayList<>();
        for (int index : ours) {
            String name = home.tapName(index);
            commands.add("tuntap add dev " + name + " mode tap vnet_hdr");
            commands.add("link set dev " + name + " alias " + home.tapMarker(index));
        }
        Optional<BangerException> failure = attempt(() -> batch(commands));
        List<Tap> made = marked(home, ours);
        if (!made.isEmpty()) {
            try {
                repairTaps(bridge, made);
            } catch (BangerException e) {
                undo(e, made);
                throw e;
            }
        } else if (failure.isPresent()) {
            throw failure.get();
        }
        return made;
    }

    private List<Tap> marked(HomeId home, List<Integer> indexes) {
        Map<String, Link> now = byName();
        return indexes.stream()
                .map(index -> Optional.ofNullable(now.get(home.tapName(index)))
                        .filter(link -> link.alias().equals(home.tapMarker(index))))
                .flatMap(Optional::stream)
                .map(link -> new Tap(link.name(), link.ifindex()))
                .toList();
    }

    private void undo(BangerException failure, List<Tap> made) {
        try {
            delete(made);
        } catch (BangerException e) {
            failure.addSuppressed(e);
        }
    }

    private static Optional<BangerException> attempt(Runnable work) {
        try {
            work.run();
            return Optional.empty();
        } catch (BangerException e) {
            return Optional.of(e);
        }
    }

    @Override
    public void repairTaps(BridgeSettings bridge, List<Tap> taps) {
        if (taps.isEmpty()) {
            return;
        }
        sysctl(taps.stream()
                .flatMap(tap -> IPV6_OFF.stream().map(setting -> "net.ipv6.conf." + tap.name() + "." + setting))
                .toList());
        List<String> commands = new ArrayList<>();
        for (Tap tap : taps) {
            String set = "link set dev " + tap.name();
            commands.add(set + " down");
            commands.add(set + " master " + bridge.name());
            commands.add(set + " type bridge_slave isolated " + (bridge.peers() ? "off" : "on")
                    + " guard on root_block on mcast_flood off hairpin off");
        }
        batch(commands);
    }

    @Override
    public void switchTaps(List<Tap> taps, boolean up) {
        kernel.switchLinks(taps, up);
    }

    @Override
    public void delete(List<Tap> links) {
        kernel.delete(links);
    }

    private Map<String, Link> byName() {
        return list().stream().collect(Collectors.toMap(Link::name, Function.identity(), (one, two) -> one));
    }

    /** By ss(8), a line for each socket: state, two queues, local address and port, the peer's. */
    @Override
    public boolean isListening(String address, int port) {
        String sockets = run(program("ss", "-Hltn", "sport", "=", ":" + port)).text();
        return sockets.lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> fields.length > 3)
                .map(fields ->
                        fields[3].substring(0, fields[3].lastIndexOf(':')).replaceAll("%.*", ""))
                .anyMatch(local -> local.equals("*")
                        || local.equals("0.0.0.0")
                        || local.equals(address)
                        || address.equals("0.0.0.0") && local.matches("[0-9.]+") && !local.startsWith("127."));
    }

    /** Of proc_pid_net(5), the calling thread's, so that of its namespace: NAME: eight numbers received, eight sent. */
    @Override
    public Map<String, NetworkUsage> traffic() {
        Map<String, NetworkUsage> traffic = new HashMap<>();
        try {
            for (String line : Files.readAllLines(TRAFFIC)) {
                String[] fields = line.strip().split("[:\\s]+");
                if (fields.length > 10 && fields[1].matches("[0-9]+")) {
                    traffic.put(
                            fields[0],
                            new NetworkUsage(
                                    Long.parseLong(fields[9]),
                                    Long.parseLong(fields[10]),
                                    Long.parseLong(fields[1]),
                                    Long.parseLong(fields[2])));
                }
            }
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot read " + TRAFFIC + ": " + e, e);
        }
        return traffic;
    }

    @Override
    public void enableForwarding() {
        if (!forwarding()) {
            sysctl(List.of(FORWARDING + "=1"));
        }
    }

    @Override
    public boolean forwarding() {
        return run(program("sysctl", "-n", FORWARDING)).text().equals("1");
    }

    /** Settings this kernel does not have, those of IPv6 for example, are no error. */
    private void sysctl(List<String> settings) {
        List<String> argv = new ArrayList<>(List.of("sysctl", "-q", "-e", "-w"));
        argv.addAll(settings);
        run(Program.of(TIMEOUT, argv).under(prefix));
    }

    private void batch(List<String> commands) {
        run(program("ip", "-batch", "-").reading(input(commands)));
    }

    private static byte[] input(List<String> commands) {
        return (String.join("\n", commands) + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    private Program program(String... argv) {
        return Program.of(TIMEOUT, argv).under(prefix);
    }

    private Output run(Program program) {
        Output output = programs.attempt(program);
        if (output.status() == 0) {
            return output;
        }
        String said = output.stderr().strip();
        boolean denied = said.contains("Operation not permitted") || said.contains("Permission denied");
        boolean noTun = said.contains("/dev/net/tun");
        ErrorCode code = denied
                ? ErrorCode.PERMISSION_DENIED
                : noTun ? ErrorCode.PRECONDITION_FAILED : ErrorCode.HOST_COMMAND_FAILED;
        throw new BangerException(
                code,
                program.name() + " failed: " + said
                        + (denied
                                ? "\na bridged network needs root; run banger's daemon as root, or use user mode"
                                : "")
                        + (noTun && !denied ? "\nthis host has no tap devices; try: modprobe tun" : ""),
                String.join(" ", program.argv()) + "\n" + new String(program.stdin(), StandardCharsets.US_ASCII),
                null);
    }
}
