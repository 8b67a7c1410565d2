package dev.banger.network;

import java.net.InetSocketAddress;

/** How the host's own resolver learns that a {@link NameServer} answers for its domain. Thread-safe. */
public interface NameRouting {
    /** Whether this host has such a resolver, running. */
    boolean isAvailable();

    /**
     * Leads the host's queries for the domain to {@code server}, and no others. The route belongs to a link and goes with it.
     * Idempotent; a failure leaves no part of the route.
     */
    void route(String link, InetSocketAddress server);

    /** Undoes {@link #route}. Idempotent; a link that is gone has no route. */
    void revert(String link);
}
