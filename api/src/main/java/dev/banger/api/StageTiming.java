package dev.banger.api;

import io.avaje.jsonb.Json;

/** How long one part of an operation took, in milliseconds. */
@Json
public record StageTiming(String stage, long millis) {}
