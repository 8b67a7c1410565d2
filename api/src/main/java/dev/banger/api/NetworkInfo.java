package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network that VMs can be in. {@code network show --json} prints these fields.
 *
 * @param name {@code user}, {@code bridge}, or what it was called when it was made
 * @param subnet such as {@code 10.20.0.0/24}; null: it has none on the host
 * @param gateway the host's address in it, which is also the VMs' DNS server; null: as above
 * @param bridge name of its link, which is there while VMs run in it; null: as above
 * @param peers whether its VMs see each other
 * @param vms names of the VMs in it
 */
@Json
public record NetworkInfo(
        String name,
        @Nullable String subnet,
        @Nullable String gateway,
        @Nullable String bridge,
        boolean peers,
        List<String> vms) {
    public NetworkInfo {
        vms = List.copyOf(vms);
    }
}
