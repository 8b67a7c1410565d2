package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * Which template to make ahead of need. What is null takes the default of a new VM.
 *
 * @param image default {@code debian}
 * @param kernel default {@code debian}
 * @param cpus default 2, at most what the host has
 * @param memoryMiB default 512
 * @param acceleration {@code kvm} or {@code tcg}; null: the best that works here
 * @param nested for VMs that can run VMs themselves
 * @param vmm {@code qemu}, {@code firecracker}, or {@code auto}; null: what a VM of the default network has
 */
@Json
public record TemplateWarm(
        @Nullable String image,
        @Nullable String kernel,
        @Nullable Integer cpus,
        @Nullable Long memoryMiB,
        @Nullable String acceleration,
        boolean nested,
        @Nullable String vmm) {}
