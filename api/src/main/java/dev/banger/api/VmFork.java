package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * New VMs from a running one.
 *
 * @param name of the new VM; of several, {@code NAME-1}, {@code NAME-2}, ...; null: generated
 * @param count how many
 */
@Json
public record VmFork(@Nullable String name, int count) {}
