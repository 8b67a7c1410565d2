package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * The VM in which a new image is made of another one. Whatever is null takes the default of a new VM.
 *
 * @param rootBytes size of the new image's file system, at least that of the old one; null: as that
 * @param acceleration {@code kvm} or {@code tcg}; null: the best that works here
 * @param network how it is attached to a network; null: in user mode
 */
@Json
public record ImageCustomize(
        @Nullable Long rootBytes,
        @Nullable String kernel,
        @Nullable Integer cpus,
        @Nullable Long memoryMiB,
        @Nullable String acceleration,
        @Nullable VmNetwork network) {}
