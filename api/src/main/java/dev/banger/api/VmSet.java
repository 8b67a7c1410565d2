package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A change to a VM; what is null stays. {@code ports} replaces all published ports. */
@Json
public record VmSet(
        @Nullable Integer cpus,
        @Nullable Long memoryMiB,
        @Nullable Long diskBytes,
        @Nullable String kernel,
        @Nullable List<PublishedPort> ports) {}
