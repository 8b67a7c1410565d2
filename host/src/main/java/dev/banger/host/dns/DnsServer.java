package dev.banger.host.dns;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.host.dns.ListenAddress.Role;
import dev.banger.network.NameServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The DNS server for names of VMs: the zone {@code vm} for everybody, other names for guests alone. It opens its addresses in the
 * background, and tries again while they are taken. One thread.
 */
public final class DnsServer implements NameServer {
    private static final Logger LOG = LoggerFactory.getLogger(DnsServer.class);
    private static final Duration RETRY = Duration.ofSeconds(10);
    private static final Duration ENDING = Duration.ofSeconds(5);

    /** Of this process, whichever of its servers is asked. The time tells apart daemons of containers, which may have one pid. */
    private static final String IDENTITY =
            "banger pid=" + ProcessHandle.current().pid() + " id=" + Long.toHexString(System.currentTimeMillis());

    private final List<ListenAddress> wanted;
    private final Forwarding forwarding;
    private final RoutingProbe routing;
    private volatile Zone zone = Zone.of(Map.of());
    private final Thread thread = Thread.ofPlatform().daemon().name("dns").unstarted(this::serve);

    /** Guards the fields below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private @Nullable DnsLoop loop;
    private String obstacle = "it is starting";
    private boolean closed;

    /** Closed by whoever makes it. */
    public DnsServer(List<ListenAddress> addresses, Forwarding forwarding) {
        this(addresses, forwarding, RoutingProbe.ofHost());
    }

    DnsServer(List<ListenAddress> addresses, Forwarding forwarding, RoutingProbe routing) {
        wanted = List.copyOf(addresses);
        this.forwarding = forwarding;
        this.routing = routing;
    }

    /** For this host's programs alone: at {@code port} of 127.0.0.1. */
    public static DnsServer onLoopback(int port) {
        return new DnsServer(
                List.of(new ListenAddress(new InetSocketAddress(loopback(), port), Role.HOST)),
                Forwarding.toHostResolvers(AnswerListener.NONE));
    }

    private static InetAddress loopback() {
        return InetAddress.ofLiteral("127.0.0.1"); // not ::1, whatever the JVM prefers
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public void replaceDns(Map<String, String> records) {
        zone = Zone.of(records);
    }

    private void serve() {
        Responder responder = new Responder(() -> zone, IDENTITY);
        while (!isClosed()) {
            try (DnsLoop open = DnsLoop.open(wanted, responder, forwarding)) {
                opened(open);
                LOG.info("DNS answers on {}", open.addresses());
                open.run(this::isClosed);
            } catch (IOException | RuntimeException e) { // whatever it was, names are wanted again
                report(e);
            } finally {
                opened(null);
            }
            awaitRetry();
        }
    }

    /** Says what is in the way, when that is news. */
    private void report(Exception e) {
        String found = wanted.stream()
                .flatMap(address -> NameProbe.ask(address.socket()).stream())
                .findFirst()
                .map(holder -> "its address is held by another " + holder)
                .orElse(String.valueOf(e.getMessage()));
        lock.lock();
        try {
            if (!obstacle.equals(found)) {
                obstacle = found;
                LOG.warn("DNS does not serve, and tries again every {} s: {}", RETRY.toSeconds(), found, e);
            }
        } finally {
            lock.unlock();
        }
    }

    private void opened(@Nullable DnsLoop open) {
        lock.lock();
        try {
            loop = open;
            if (open != null) {
                obstacle = "";
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitRetry() {
        lock.lock();
        try {
            long left = RETRY.toNanos();
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed || Thread.currentThread().isInterrupted();
        } finally {
            lock.unlock();
        }
    }

    /** Where it listens; empty while it does not. */
    public List<InetSocketAddress> addresses() {
        lock.lock();
        try {
            return loop == null ? List.of() : loop.addresses();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #addresses}, after waiting for that for as long as need be. */
    public List<InetSocketAddress> awaitAddresses(Duration atMost) throws InterruptedException {
        lock.lock();
        try {
            long left = atMost.toNanos();
            while (loop == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            return loop == null ? List.of() : loop.addresses();
        } finally {
            lock.unlock();
        }
    }

    private String obstacle() {
        lock.lock();
        try {
            return obstacle;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Check> doctor() {
        List<InetSocketAddress> open = addresses();
        if (open.isEmpty()) {
            return List.of(new Check(
                    Status.WARN,
                    "names",
                    "NAME.vm cannot be looked up: " + obstacle(),
                    "give this daemon another port with BANGER_DNS_PORT=PORT, or none with 0: "
                            + "\"BANGER_DNS_PORT=PORT banger daemon restart\""));
        }
        InetSocketAddress first = open.getFirst();
        String address = first.getAddress().getHostAddress() + ":" + first.getPort();
        Optional<String> answer = NameProbe.ask(first);
        if (answer.isEmpty() || !answer.get().equals(IDENTITY)) {
            return List.of(new Check(
                    Status.WARN,
                    "names",
                    "the DNS server on " + address + " does not answer",
                    "see whether the host is overloaded; \"banger daemon restart\" makes it anew"));
        }
        return List.of(
                new Check(
                        Status.PASS,
                        "names",
                        "NAME.vm is answered on " + address + ", " + zone.size() + " names now",
                        ""),
                routing.check(IDENTITY, address));
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (loop != null) {
                loop.wakeUp();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        awaitEnd();
    }

    private void awaitEnd() {
        try {
            if (!thread.join(ENDING)) { // one that was never started has ended
                LOG.warn("DNS does not end within {} s", ENDING.toSeconds());
            }
        } catch (IllegalThreadStateException e) {
            LOG.debug("DNS was not started", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
