package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.NetworkUsage;
import dev.banger.api.VmState;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pauses VMs that asked for it when they have been idle for long enough: nothing runs through the agent and the network has no
 * connection, or at a bridge no packet. Whoever needs one resumes it. One thread.
 */
final class IdlePause implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IdlePause.class);
    private static final long LOOK_MILLIS = 1000;

    private final VmStore store;
    private final LiveVms live;
    private final VmLifecycle lifecycle;
    private final Networks networks;
    /** When each was last seen busy, in nanoseconds of the JVM's clock. */
    private final Map<String, Long> lastBusy = new HashMap<>();
    /** What had gone over the link of each at the last look. */
    private final Map<String, NetworkUsage> lastTraffic = new HashMap<>();

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("idle").unstarted(task));

    IdlePause(VmStore store, LiveVms live, VmLifecycle lifecycle, Networks networks) {
        this.store = store;
        this.live = live;
        this.lifecycle = lifecycle;
        this.networks = networks;
    }

    void start() {
        clock.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        try {
            Map<String, Long> seen = new HashMap<>();
            for (VmRecord vm : store.all()) {
                if (vm.spec().idlePauseSeconds() > 0 && vm.runtime().state() == VmState.RUNNING) {
                    seen.put(vm.id(), look(vm));
                }
            }
            lastBusy.clear();
            lastBusy.putAll(seen);
            lastTraffic.keySet().retainAll(seen.keySet());
        } catch (RuntimeException e) { // the next look comes in a second
            LOG.warn("Could not look for idle VMs", e);
        }
    }

    /** @return when the VM was last busy */
    private long look(VmRecord vm) {
        long now = System.nanoTime();
        try {
            if (hasTraffic(vm) || live.isBusy(vm.id())) {
                return now;
            }
            long since = lastBusy.getOrDefault(vm.id(), now);
            if (now - since >= TimeUnit.SECONDS.toNanos(vm.spec().idlePauseSeconds())) {
                lifecycle.pause(vm.id(), true);
                LOG.info("Paused VM {}, idle for {} s", vm.name(), vm.spec().idlePauseSeconds());
            }
            return since;
        } catch (BangerException e) {
            LOG.debug("VM {} cannot be looked at", vm.name(), e);
            return now;
        }
    }

    private boolean hasTraffic(VmRecord vm) {
        NetworkUsage now = networks.of(vm).traffic(vm).orElse(null);
        return now != null && !now.equals(lastTraffic.put(vm.id(), now));
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
