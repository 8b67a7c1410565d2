package dev.banger.host.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Three network namespaces of a test: a host, the internet behind its link {@code eth0}, and a neighbour in its LAN behind
 * {@code eth1}. Needs root; closing removes them.
 */
public final class NetworkLab implements AutoCloseable {
    public static final String HOST_UPLINK = "198.51.100.2";
    public static final String INTERNET = "198.51.100.1";
    public static final String HOST_LAN = "192.0.2.1";
    public static final String NEIGHBOUR = "192.0.2.2";

    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final int CLONE_NEWNET = 0x40000000;
    private static final MethodHandle SETNS = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("setns"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private static final MethodHandle UNSHARE = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("unshare"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle MOUNT = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("mount"),
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.ADDRESS,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.ADDRESS));
    private static final int CLONE_NEWNS = 0x20000;
    private static final long MS_BIND = 0x1000;
    private static final long MS_PRIVATE = 0x40000;
    private static final long MS_REC = 0x4000;

    public final ProgramRunner programs = new ProgramRunner(System.getenv());
    private final String name = "banger-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    private final List<String> made = new ArrayList<>();
    private final List<Netlink> opened = new CopyOnWriteArrayList<>();

    public NetworkLab() {
        try {
            for (String each : List.of(host(), internet(), neighbour())) {
                run("ip", "netns", "add", each);
                made.add(each);
                in(each, "ip", "link", "set", "lo", "up");
            }
            join("eth0", HOST_UPLINK, internet(), INTERNET);
            join("eth1", HOST_LAN, neighbour(), NEIGHBOUR);
            in(host(), "ip", "route", "add", "default", "via", INTERNET);
            in(neighbour(), "ip", "route", "add", "default", "via", HOST_LAN);
            // So that a packet without NAT arrives as well, and is noticed.
            in(internet(), "ip", "route", "add", "default", "via", HOST_UPLINK);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void join(String link, String address, String other, String otherAddress) {
        in(host(), "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", other);
        in(host(), "ip", "address", "add", address + "/24", "dev", link);
        in(other, "ip", "address", "add", otherAddress + "/24", "dev", "eth0");
        // Without addresses of IPv6, which would come and go by themselves.
        in(host(), "ip", "link", "set", link, "addrgenmode", "none");
        in(other, "ip", "link", "set", "eth0", "addrgenmode", "none");
        in(host(), "ip", "link", "set", link, "up");
        in(other, "ip", "link", "set", "eth0", "up");
    }

    public String host() {
        return name + "-h";
    }

    public String internet() {
        return name + "-i";
    }

    public String neighbour() {
        return name + "-n";
    }

    /** What to run programs under so that they are in the host's namespace. */
    public List<String> prefix() {
        return List.of("ip", "netns", "exec", host());
    }

    public Output run(String... argv) {
        return programs.run(Program.of(TIMEOUT, argv));
    }

    public Output in(String namespace, String... argv) {
        return programs.run(Program.of(TIMEOUT, argv).under(List.of("ip", "netns", "exec", namespace)));
    }

    /** Runs a program on the host and returns what it says. */
    public String onHost(String... argv) {
        return in(host(), argv).text();
    }

    /** Gives nft on the host these commands. */
    public void nft(String commands) {
        programs.run(Program.of(TIMEOUT, "nft", "-f", "-")
                .under(prefix())
                .reading(commands.getBytes(StandardCharsets.UTF_8)));
    }

    /** Runs {@code work} on a thread within a namespace; sockets and taps it opens stay there. */
    public <T> T within(String namespace, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            Libc.Result fd = Libc.open("/run/netns/" + namespace, Libc.O_CLOEXEC, 0);
            if (fd.failed()) {
                throw new IllegalStateException("no namespace " + namespace);
            }
            try {
                if ((int) SETNS.invokeExact((int) fd.value(), CLONE_NEWNET) != 0) {
                    throw new IllegalStateException("setns failed");
                }
            } catch (RuntimeException e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            } finally {
                Libc.close((int) fd.value());
            }
            return work.call();
        });
        Thread.ofPlatform().daemon().name("within " + namespace).start(task);
        return task.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }

    /** A socket that asks the host's kernel about links; closed with this. */
    public Netlink kernel() {
        return opened(Netlink::open);
    }

    /** What sees the host's network; closed with this if it can be. */
    public <T> T opened(Supplier<T> opening) {
        try {
            T open = within(host(), opening::get);
            if (open instanceof Netlink netlink) {
                opened.add(netlink);
            }
            return open;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs {@code work} on a thread, in this namespace of the network, for which the host does not have these programs. */
    public <T> T lacking(List<String> names, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            check(unshare());
            mount("none", "/", MS_REC | MS_PRIVATE);
            for (String each : names) {
                for (int i = 0; i < 10 && programs.find(each).isPresent(); i++) {
                    mount("/dev/null", programs.find(each).get().toRealPath().toString(), MS_BIND);
                }
            }
            return work.call();
        });
        Thread.ofPlatform().daemon().name("lacking " + names).start(task);
        return task.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }

    private static int unshare() {
        try {
            return (int) UNSHARE.invokeExact(CLONE_NEWNS);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void mount(String what, String where, long flags) {
        try (Arena arena = Arena.ofConfined()) {
            check((int) MOUNT.invokeExact(
                    arena.allocateFrom(what),
                    arena.allocateFrom(where),
                    MemorySegment.NULL,
                    flags,
                    MemorySegment.NULL));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(int result) {
        if (result != 0) {
            throw new IllegalStateException("no mount namespace could be set up; the tests need root");
        }
    }

    /** Rules of every kind, without counts and times. */
    public String rules() {
        StringBuilder all = new StringBuilder();
        all.append(onHost("nft", "--stateless", "list", "ruleset"));
        for (String program : List.of("iptables-nft-save", "ebtables-nft-save", "iptables-legacy-save")) {
            StringBuilder saved = new StringBuilder();
            onHost(program)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> saved.append('\n').append(line.replaceAll("\\[[0-9:]+]", "")));
            // The older kind's tables stay, once they were used, in the kernel, which has no way to remove them.
            all.append(
                    program.contains("legacy")
                            ? saved.toString().replaceAll("\n\\*[a-z]+(\n:[A-Z]+ ACCEPT *)*\nCOMMIT", "")
                            : saved);
        }
        return all.toString();
    }

    /** The names, kinds and settings of links other than the loopback, without what changes by itself. */
    public List<String> links() {
        return onHost("ip", "-o", "-details", "link", "show")
                .lines()
                .filter(line -> !line.contains(" lo: "))
                .map(line -> line.replaceAll("\\s+(gc|hello|tcn|topology_change)_timer\\s+\\S+", ""))
                .toList();
    }

    @Override
    public void close() {
        opened.forEach(Netlink::close); // a socket keeps its namespace
        opened.clear();
        made.forEach(each -> programs.attempt(Program.of(TIMEOUT, "ip", "netns", "delete", each)));
        made.clear();
    }
}
