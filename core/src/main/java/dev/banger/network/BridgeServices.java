package dev.banger.network;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** What there is for guests at a bridge beside the network itself, and comes and goes with it. Thread-safe; no call waits. */
public interface BridgeServices {
    /** The bridge is there for VMs, or there again. {@code answers} hears what guests are told. Idempotent. */
    void opened(Answers answers);

    /** The bridge goes, or is let go of. */
    void closed();

    /** Hears what a guest is about to be told about names of others. */
    @FunctionalInterface
    interface Answers {
        /**
         * Never waits.
         *
         * @param name in lower case, without the last dot
         * @return done when the guest may have the answer, failed when it must not
         */
        CompletionStage<?> answered(Ipv4Address guest, String name, List<Ipv4Address> addresses, Duration ttl);
    }
}
