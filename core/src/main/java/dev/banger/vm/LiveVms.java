package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs that this daemon controls right now: their VMM and, once somebody needs it, the channel to their guest. Tells
 * when one ends. Thread-safe.
 */
final class LiveVms implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LiveVms.class);
    private static final Duration RECONNECT = Duration.ofSeconds(10);
    private static final Duration USED = Duration.ofSeconds(1);
    private static final Duration WATCH = Duration.ofMinutes(10);

    private final GuestConnector connector;
    private final Consumer<String> onExit;
    private final ConcurrentHashMap<String, Live> byId = new ConcurrentHashMap<>();

    /** {@code onExit} is called on a thread of its own with the id of a VM whose VMM ended. */
    LiveVms(GuestConnector connector, Consumer<String> onExit) {
        this.connector = connector;
        this.onExit = onExit;
    }

    private static final class Live {
        final RunningVm vm;
        final Path agentSocket;
        final ReentrantLock connecting = new ReentrantLock();
        volatile @Nullable GuestChannel channel;
        volatile long used = System.nanoTime();

        Live(RunningVm vm, Path agentSocket) {
            this.vm = vm;
            this.agentSocket = agentSocket;
        }
    }

    void add(VmRecord record, RunningVm vm, @Nullable GuestChannel channel) {
        Live live = new Live(vm, Path.of(record.runtime().vsockPath()));
        live.channel = channel;
        byId.put(record.id(), live);
        Thread.ofPlatform().daemon().name("watch " + record.name()).start(() -> watch(record.id(), live));
    }

    private void watch(String id, Live live) {
        while (byId.get(id) == live) {
            if (live.vm.awaitExit(WATCH)) {
                if (byId.get(id) == live) {
                    LOG.info("VMM of VM {} ended", id);
                    onExit.accept(id);
                }
                return;
            }
        }
    }

    Optional<RunningVm> find(String id) {
        return Optional.ofNullable(byId.get(id)).map(live -> live.vm);
    }

    /** Somebody is about to use a VM. */
    void touch(String id) {
        Live found = byId.get(id);
        if (found != null) {
            found.used = System.nanoTime();
        }
    }

    /** Whether something goes on in a VM through its agent or its network. */
    boolean isBusy(String id) {
        Live found = byId.get(id);
        if (found == null) {
            return true; // nothing is known of it, so it is left alone
        }
        GuestChannel channel = found.channel;
        return System.nanoTime() - found.used < USED.toNanos()
                || (channel != null && channel.isOpen() && channel.isBusy())
                || found.vm.hasConnections();
    }

    /** The channel to a running VM's guest, opened if need be. */
    GuestChannel channel(VmRecord record) {
        Live live = byId.get(record.id());
        if (live == null) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    record.name() + " is not running; \"banger vm start " + record.name() + "\" starts it");
        }
        GuestChannel open = live.channel;
        if (open != null && open.isOpen()) {
            return open;
        }
        lockFor(record, live);
        try {
            open = live.channel;
            if (open != null && open.isOpen()) {
                return open;
            }
            GuestChannel fresh =
                    connector.connect(live.agentSocket, live.vm.vsockPort(), false, RECONNECT, live.vm::isAlive);
            live.channel = fresh;
            return fresh;
        } finally {
            live.connecting.unlock();
        }
    }

    /** The VM was saved: a channel through a vsock is dead by that, though nothing tells so on this side. */
    void saved(String id) {
        Live live = byId.get(id);
        if (live != null && live.vm.vsockPort().isPresent()) {
            GuestChannel channel = live.channel;
            if (channel != null) {
                channel.close();
            }
        }
    }

    private static void lockFor(VmRecord record, Live live) {
        try {
            live.connecting.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(
                    ErrorCode.CANCELLED, "cancelled while waiting for the guest of " + record.name(), e);
        }
    }

    /** Lets go of a VM: closes what leads to it, leaves it running. */
    void remove(String id) {
        Live live = byId.remove(id);
        if (live != null) {
            release(live);
        }
    }

    private static void release(Live live) {
        GuestChannel channel = live.channel;
        if (channel != null) {
            channel.close();
        }
        live.vm.close();
    }

    @Override
    public void close() {
        byId.keySet().forEach(this::remove);
    }
}
