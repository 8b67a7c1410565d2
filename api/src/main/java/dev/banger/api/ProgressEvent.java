package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * One step of an operation's progress.
 *
 * @param stage what is happening, a few words: {@code downloading the kernel}
 * @param done how much of {@code total} is done; 0 when unknown
 * @param total the amount of work in this stage, 0 when unknown
 * @param elapsedMillis since the operation began
 * @param warning whether this is a thing to tell the user rather than a step
 * @param output whether this is a line that a script in the guest wrote
 */
@Json
public record ProgressEvent(String stage, long done, long total, long elapsedMillis, boolean warning, boolean output) {}
