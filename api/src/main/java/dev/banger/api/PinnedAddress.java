package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * An address that a VM may reach because its DNS server told it so of a name that is allowed.
 *
 * @param name as the guest asked for it, in lower case
 * @param address IPv4
 */
@Json
public record PinnedAddress(String name, String address) {}
