package dev.banger.network;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Taps made ahead of need, so that a VM that starts gets one without a program being run. Thread-safe; one thread at a time
 * makes taps (P35), while others take what there is.
 */
final class TapPool {
    private final HomeId home;
    private final BridgeSettings bridge;
    private final Links links;
    private final int size;
    private final ReentrantLock warming = new ReentrantLock();

    // Guarded by this.
    private final ArrayDeque<Tap> free = new ArrayDeque<>();
    private final Map<String, Tap> taken = new HashMap<>();
    private int next;

    /** {@code size}: how many free taps it keeps, 0 for none. */
    TapPool(HomeId home, BridgeSettings bridge, Links links, int size) {
        this.home = home;
        this.bridge = bridge;
        this.links = links;
        this.size = size;
    }

    /**
     * Starts from what is there: taps that this home made and that are not in use are deleted, since they may have had a VM.
     * Nobody else's are touched.
     */
    void initialize(Set<String> usedTaps) {
        warming.lock();
        try {
            List<Links.Link> present = links.list();
            List<Tap> unused = present.stream()
                    .filter(link -> home.owns(link) && !usedTaps.contains(link.name()))
                    .map(TapPool::tap)
                    .toList();
            links.delete(unused);
            synchronized (this) {
                free.clear();
                taken.clear();
                present.stream()
                        .filter(link -> usedTaps.contains(link.name()))
                        .forEach(link -> taken.put(link.name(), tap(link)));
                next = 0;
                skip(Stream.concat(present.stream().map(Links.Link::name), usedTaps.stream())
                        .toList());
            }
        } finally {
            warming.unlock();
        }
    }

    private static Tap tap(Links.Link link) {
        return new Tap(link.name(), link.ifindex());
    }

    /** Makes as many taps as the pool lacks, once it lacks half of them: VMs that come and go live on what is there. */
    void ensure() {
        if (lacking(size) * 2 >= size) {
            make(size);
        }
    }

    /** Takes a free tap; makes one if there is none. */
    Tap acquire() {
        Optional<Tap> ready = take();
        if (ready.isPresent()) {
            return ready.get();
        }
        warming.lock();
        try {
            // Whoever made taps meanwhile may have left one.
            return take().orElseGet(() -> {
                make(1);
                return take().orElseThrow(() ->
                        new BangerException(ErrorCode.RESOURCE_EXHAUSTED, "no tap could be made: all names are taken"));
            });
        } finally {
            warming.unlock();
        }
    }

    private synchronized Optional<Tap> take() {
        Optional<Tap> tap = Optional.ofNullable(free.poll());
        tap.ifPresent(each -> taken.put(each.name(), each));
        return tap;
    }

    private void make(int wanted) {
        warming.lock();
        try {
            if (lacking(wanted) == 0) {
                return;
            }
            List<Integer> indexes =
                    reserve(wanted, links.list().stream().map(Links.Link::name).toList());
            if (!indexes.isEmpty()) {
                List<Tap> made = links.createTaps(home, bridge, indexes);
                synchronized (this) {
                    free.addAll(made);
                }
            }
        } finally {
            warming.unlock();
        }
    }

    private synchronized int lacking(int wanted) {
        return Math.max(0, wanted - free.size());
    }

    /** Indexes above all that ever were in use, and only when these run out lower ones. */
    private synchronized List<Integer> reserve(int wanted, List<String> present) {
        skip(present);
        if (next + wanted > HomeId.LAST_INDEX) {
            next = 0;
        }
        List<Integer> indexes = new ArrayList<>();
        int lacking = lacking(wanted);
        for (; indexes.size() < lacking && next <= HomeId.LAST_INDEX; next++) {
            if (!present.contains(home.tapName(next))) {
                indexes.add(next);
            }
        }
        return indexes;
    }

    private synchronized void skip(List<String> names) {
        for (String name : names) {
            home.indexOf(name).ifPresent(index -> next = Math.max(next, index + 1));
        }
    }

    /** Takes a tap back and deletes it: what it has counted, and whatever else its VM left on it, is nobody else's. Idempotent. */
    void release(Tap tap) {
        warming.lock();
        try {
            synchronized (this) {
                if (!taken.remove(tap.name(), tap)) {
                    return;
                }
            }
            links.delete(List.of(tap));
        } finally {
            warming.unlock();
        }
    }

    /** All taps it knows, free or taken. */
    synchronized List<Tap> all() {
        return Stream.concat(free.stream(), taken.values().stream()).toList();
    }

    /** Forgets a free tap that is not there any more. */
    synchronized void forget(Tap tap) {
        free.remove(tap);
    }

    synchronized int freeCount() {
        return free.size();
    }

    synchronized boolean anyTaken() {
        return !taken.isEmpty();
    }

    /** Deletes the free taps. */
    void drain() {
        warming.lock();
        try {
            List<Tap> all;
            synchronized (this) {
                all = List.copyOf(free);
                free.clear();
            }
            links.delete(all);
        } finally {
            warming.unlock();
        }
    }
}
