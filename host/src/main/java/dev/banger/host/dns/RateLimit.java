package dev.banger.host.dns;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A token bucket for each source of queries: so many a second, and so many at once after a pause. Of sources only the
 * latest are remembered; one that was forgotten begins with a full bucket. Not thread-safe.
 */
final class RateLimit {
    private static final double SECOND = 1e9;
    /** Sources remembered. */
    private static final int SOURCES = 1024;

    private final double perSecond;
    private final double burst;
    private final LongSupplier nanoTime;
    private final Map<InetAddress, Bucket> buckets;

    private static final class Bucket {
        double tokens;
        long at;
    }

    RateLimit(int perSecond, int burst, int sources, LongSupplier nanoTime) {
        this.perSecond = perSecond;
        this.burst = burst;
        this.nanoTime = nanoTime;
        buckets = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<InetAddress, Bucket> eldest) {
                return size() > sources;
            }
        };
    }

    /** All programs of the host are one source, each guest is one. */
    static RateLimit of(ListenAddress.Role role) {
        return switch (role) {
            case HOST -> new RateLimit(2000, 4000, SOURCES, System::nanoTime);
            case GUEST -> new RateLimit(200, 500, SOURCES, System::nanoTime);
        };
    }

    /** Takes a token of this source's, if there is one. */
    boolean admits(InetAddress source) {
        long now = nanoTime.getAsLong();
        Bucket bucket = buckets.computeIfAbsent(source, unknown -> {
            Bucket full = new Bucket();
            full.tokens = burst;
            full.at = now;
            return full;
        });
        bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / SECOND * perSecond);
        bucket.at = now;
        if (bucket.tokens < 1) {
            return false;
        }
        bucket.tokens--;
        return true;
    }
}
