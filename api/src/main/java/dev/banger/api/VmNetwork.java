package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a new VM is attached to a network.
 *
 * @param name {@code user}, {@code bridge} or one that was made; null: {@code user}, or {@code bridge}
 *     where one of the others asks for what only a bridge has
 * @param nat whether it reaches beyond the host; in {@code user} it always does
 * @param allowHosts NAME or ADDRESS[/PREFIX], with [:PORT]: with NAT, all it reaches beyond the host; none: everything
 * @param netRate bits per second that it may send, and as many that it may get; not in {@code user}; 0: no limit
 */
@Json
public record VmNetwork(@Nullable String name, boolean nat, List<String> allowHosts, long netRate) {
    public VmNetwork {
        // A JSON body may leave it out.
        allowHosts = allowHosts == null ? List.of() : List.copyOf(allowHosts);
    }
}
