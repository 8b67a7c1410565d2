package dev.banger.host.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * How guests' queries for names of others are forwarded.
 *
 * @param upstreams resolvers, asked in this order; read for each query, on the server's thread
 * @param patience how long each has for its answer
 * @param outstanding queries under way at once, at most; of one guest at most a quarter of them
 * @param listener learns the answers
 */
public record Forwarding(
        Supplier<List<InetSocketAddress>> upstreams, Duration patience, int outstanding, AnswerListener listener) {
    /** To the resolvers of this host. */
    public static Forwarding toHostResolvers(AnswerListener listener) {
        return new Forwarding(ResolvConf.ofHost(), Duration.ofSeconds(2), 256, listener);
    }
}
