package dev.banger.host.store;

import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code snapshot.json} holds: a {@link Snapshot} without the place where it lies. */
@Json
record SnapshotFacts(
        String id,
        MachineKey key,
        Instant createdAt,
        Snapshot.@Nullable Origin origin,
        Map<String, Snapshot.FileFact> files) {}
