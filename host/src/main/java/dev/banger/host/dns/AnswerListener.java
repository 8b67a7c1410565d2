package dev.banger.host.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Learns what guests are about to be told about names of others, so that a policy can be made of it. */
@FunctionalInterface
public interface AnswerListener {
    /** Lets every answer go at once. */
    AnswerListener NONE = (guest, name, addresses, ttl) -> CompletableFuture.completedStage(null);

    /**
     * Called before the guest gets its answer, on the server's thread: it must be quick and must not fail.
     *
     * @param guest who asked
     * @param name as asked for, in lower case without the last dot
     * @param addresses IPv4 and IPv6 addresses, at least one
     * @param ttl for how long the answer holds
     * @return done when the guest may have the answer; if it fails, or is not done in time, the guest gets SERVFAIL instead
     */
    CompletionStage<?> answered(InetAddress guest, String name, List<InetAddress> addresses, Duration ttl);
}
