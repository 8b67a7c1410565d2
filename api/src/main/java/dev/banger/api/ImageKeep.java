package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * What the image that a VM becomes is called.
 *
 * @param replace whether the name may stand for another image until now; VMs keep the one they have
 */
@Json
public record ImageKeep(String name, boolean replace) {}
