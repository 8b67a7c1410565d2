package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * A VM's way beyond the host, as it is right now.
 *
 * @param id 12 hex digits
 * @param name the VM's name
 * @param nat whether it is to have NAT
 * @param uplink the link that NAT goes out of; none when the host has no default route, or the VM is not at a bridge
 * @param rulesInPlace whether it is plugged in and the firewall's rules are what they should be
 */
@Json
public record NatStatus(
        String id, String name, boolean nat, @Nullable String uplink, boolean rulesInPlace) {}
