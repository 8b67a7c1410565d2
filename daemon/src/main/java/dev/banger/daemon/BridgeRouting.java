package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameRouting;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has this host's resolver ask the DNS server at the bridge about names of VMs, for as long as the bridge is in use. Nobody waits
 * for the resolver but who lets go of the bridge. What fails is said, and no VM's trouble. Thread-safe.
 */
final class BridgeRouting implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BridgeRouting.class);
    private static final int DNS = 53;
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Optional<NameRouting> routing;
    private final String link;
    private final InetSocketAddress server;
    private final ThreadPoolExecutor thread = new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> Thread.ofPlatform().daemon().name("routing").unstarted(task));

    // Guarded by the monitor.
    private boolean wanted;
    private @Nullable String obstacle;

    /** {@code routing} is empty when the host's programs are to be told of VMs in another way. */
    BridgeRouting(Optional<NameRouting> routing, BridgeSettings bridge) {
        this.routing = routing;
        link = bridge.name();
        server = new InetSocketAddress(InetAddress.ofLiteral(bridge.address().toString()), DNS);
        thread.allowCoreThreadTimeOut(true);
    }

    /** The bridge is there. Idempotent. */
    synchronized void ensure() {
        if (!wanted && routing.isPresent()) {
            wanted = true;
            thread.execute(this::route);
        }
    }

    /** The bridge may be another link than the one that was routed by. */
    synchronized void renew() {
        if (wanted) {
            thread.execute(this::route);
        }
    }

    private void route() {
        tell(resolver -> resolver.route(link, server));
    }

    private void tell(Consumer<NameRouting> what) {
        @Nullable String failure = null;
        try {
            // Asked anew each time: it may have been installed, or stopped, meanwhile.
            routing.filter(NameRouting::isAvailable).ifPresent(what);
        } catch (BangerException e) {
            failure = String.valueOf(e.getMessage());
            LOG.warn("This host's resolver does not take how names of VMs are looked up: {}", failure, e);
        }
        synchronized (this) {
            obstacle = failure;
        }
    }

    /** The bridge goes, or nobody answers at it any more. Waits until that is undone. Idempotent. */
    void revert() {
        Future<?> undone;
        synchronized (this) {
            if (!wanted) {
                return;
            }
            wanted = false;
            undone = thread.submit(() -> tell(resolver -> resolver.revert(link)));
        }
        try {
            undone.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("Could not have this host's resolver forget the bridge", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What doctor says of it, when something is in the way. */
    synchronized Optional<Check> obstacle() {
        return obstacle == null
                ? Optional.empty()
                : Optional.of(new Check(
                        Status.WARN,
                        "names by the bridge",
                        "systemd-resolved was not told of names of VMs: " + obstacle,
                        "\"banger daemon restart\" tries again; docs/dns.md has how to tell it by hand"));
    }

    @Override
    public void close() {
        revert();
        thread.shutdown();
    }
}
