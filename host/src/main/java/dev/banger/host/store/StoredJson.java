package dev.banger.host.store;

import dev.banger.api.ImageProgram;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.VmSpec;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;

/** The JSON form of what is stored. Unknown fields are ignored, so that an older daemon reads what a newer one wrote. */
@Json.Import({
    VmSpec.class,
    VmRuntime.class,
    VmHandles.class,
    Snapshot.Origin.class,
    Snapshot.FileFact.class,
    MachineKey.class,
    ImageProgram.class
})
final class StoredJson {
    private static final Jsonb JSONB = Jsonb.builder().failOnUnknown(false).build();

    static final JsonType<VmSpec> SPEC = JSONB.type(VmSpec.class);
    static final JsonType<VmRuntime> RUNTIME = JSONB.type(VmRuntime.class);
    static final JsonType<VmHandles> HANDLES = JSONB.type(VmHandles.class);
    static final JsonType<SnapshotFacts> SNAPSHOT = JSONB.type(SnapshotFacts.class);
    static final JsonType<PublishedFacts> FACTS = JSONB.type(PublishedFacts.class);

    private StoredJson() {}
}
