package dev.banger.vm;

import java.nio.file.Path;
import java.time.Instant;

/** A row of the table {@code vms}: everything durable about a VM. Immutable. */
public record VmRecord(String id, String name, VmSpec spec, VmRuntime runtime, Instant createdAt, Instant updatedAt) {
    public VmRecord with(VmSpec newSpec) {
        return new VmRecord(id, name, newSpec, runtime, createdAt, Instant.now());
    }

    public VmRecord with(VmRuntime newRuntime) {
        return new VmRecord(id, name, spec, newRuntime, createdAt, Instant.now());
    }

    public Path directory() {
        return Path.of(runtime.directory());
    }
}
