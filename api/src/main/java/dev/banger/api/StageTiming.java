package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * How long one part of an operation took.
 *
 * @param stage what was done, a few words
 * @param millis how long it took, in milliseconds
 */
@Json
public record StageTiming(String stage, long millis) {}
