package dev.banger.host.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/** Learns what guests were told about names of others, so that a policy can be made of it. */
@FunctionalInterface
public interface AnswerListener {
    /**
     * Called before the guest gets its answer, on the server's thread: it must be quick and must not fail.
     *
     * @param guest who asked
     * @param name as asked for, in lower case without the last dot
     * @param addresses IPv4 and IPv6 addresses, at least one
     * @param ttl for how long the answer holds
     */
    void answered(InetAddress guest, String name, List<InetAddress> addresses, Duration ttl);
}
