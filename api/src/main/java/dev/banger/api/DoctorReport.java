package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/**
 * What {@code doctor} found.
 *
 * @param checks a row for each thing looked at
 */
@Json
public record DoctorReport(List<Check> checks) {
    /**
     * One row.
     *
     * @param status how it came out
     * @param subject what was looked at
     * @param finding what was found, one sentence
     * @param advice what to do about it; empty when nothing
     */
    @Json
    public record Check(Status status, String subject, String finding, String advice) {}

    /** How a check came out. */
    public enum Status {
        PASS,
        WARN,
        FAIL
    }

    /** Whether any check failed. */
    public boolean failed() {
        return checks.stream().anyMatch(check -> check.status() == Status.FAIL);
    }
}
