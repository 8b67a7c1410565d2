package dev.banger.network;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What there is for guests at a bridge beside the network itself, and comes and goes with it. Thread-safe. No call but {@link #closed}
 * waits.
 */
public interface BridgeServices {
    /** The bridge is there for VMs. {@code answers} hears what guests are told. Idempotent. */
    void opened(Answers answers);

    /** The network was repaired: the bridge may be another link of the same name and address. */
    void repaired();

    /** The bridge goes, or is let go of. May take the time of a program's run. */
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
